#!/bin/sh
# Makes the fixtures of this folder anew: signed commits and tags by git, GnuPG and OpenSSH. Needs git, gpg and ssh-keygen.
set -eu
cd "$(dirname "$0")"
rm -rf keys sha1 sha256 && mkdir keys sha1 sha256
HERE="$PWD"
export GNUPGHOME="$(mktemp -d /tmp/gh.XXXXXX)" T="$(mktemp -d)"
chmod 700 "$GNUPGHOME"
trap 'gpgconf --kill gpg-agent; rm -rf "$GNUPGHOME" "$T"' EXIT
export HOME="$T" GIT_CONFIG_NOSYSTEM=1 LC_ALL=C TZ=UTC
export GIT_AUTHOR_NAME='Ada Example' GIT_AUTHOR_EMAIL=ada@example.test GIT_AUTHOR_DATE='1717243200 +0200'
export GIT_COMMITTER_NAME="$GIT_AUTHOR_NAME" GIT_COMMITTER_EMAIL="$GIT_AUTHOR_EMAIL" GIT_COMMITTER_DATE="$GIT_AUTHOR_DATE"

for algo in ed25519 rsa3072; do
  gpg --batch --quiet --passphrase '' --faked-system-time 20240101T000000 --quick-gen-key "$algo <$algo@example.test>" "$algo" sign never
  gpg --armor --export "$algo@example.test" > "keys/openpgp-$algo.asc"
done
for type in ed25519 rsa ecdsa; do
  ssh-keygen -q -t "$type" -N '' -C "$type@example.test" -f "$T/$type"
  cp "$T/$type.pub" "keys/ssh-$type.pub"
done

for format in sha1 sha256; do
  git init -q --object-format=$format "$T/$format"
  cd "$T/$format"
  save() { git cat-file "$1" "$2" > "$HERE/$format/$3"; }
  git commit -q --allow-empty -m 'unsigned'
  save commit HEAD unsigned.commit
  git tag -a unsigned -m 'unsigned tag'
  save tag unsigned unsigned.tag
  openpgp() { algo=$1; shift; git -c gpg.format=openpgp -c user.signingkey="$algo@example.test" "$@"; }
  ssh() { type=$1; shift; git -c gpg.format=ssh -c user.signingkey="$T/$type" "$@"; }
  for algo in ed25519 rsa3072; do
    openpgp $algo commit -q --allow-empty -S -m "signed by $algo"
    save commit HEAD openpgp-$algo.commit
  done
  openpgp ed25519 tag -s openpgp -m 'a signed tag'
  save tag openpgp openpgp-ed25519.tag
  openpgp ed25519 tag -s nested -m 'a signed tag of a signed tag' openpgp
  save tag nested openpgp-ed25519-nested.tag
  for type in ed25519 rsa ecdsa; do
    ssh $type commit -q --allow-empty -S -m "signed by $type"
    save commit HEAD ssh-$type.commit
  done
  ssh ed25519 tag -s ssh -m 'a tag signed by SSH'
  save tag ssh ssh-ed25519.tag
  cd "$HERE"
done
