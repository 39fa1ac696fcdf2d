#!/bin/sh
# Makes the fixtures of this folder anew: keys and signatures by GnuPG and OpenSSH. Needs gpg and ssh-keygen.
set -eu
cd "$(dirname "$0")"
rm -rf openpgp ssh && mkdir openpgp ssh
printf 'the data that is signed\n' > data.txt

export GNUPGHOME="$(mktemp -d /tmp/gh.XXXXXX)"
chmod 700 "$GNUPGHOME"
trap 'gpgconf --kill gpg-agent; rm -rf "$GNUPGHOME" "$T"' EXIT
T="$(mktemp -d)"
g() { gpg --batch --quiet --no-tty --passphrase '' --pinentry-mode loopback "$@"; }
key() { name=$1 algo=$2 usage=$3 expire=$4; shift 4
  g "$@" --quick-gen-key "$name <$name@example.test>" "$algo" "$usage" "$expire"; }
export_key() { g --armor --export "$1@example.test" > "openpgp/$1.key.asc"; }
sign() { name=$1 out=$2; shift 2; g "$@" --local-user "$name@example.test" --output "openpgp/$out" --detach-sign data.txt; }

past='--faked-system-time 20240101T000000'
key ed25519 ed25519 sign never $past
key rsa3072 rsa3072 sign never $past
key nistp256 nistp256 sign never $past
key rsa1024 rsa1024 sign never $past
key dsa2048 dsa2048 sign never $past
key brainpool brainpoolP256r1 sign never $past
key expired ed25519 sign 30d $past
key revoked ed25519 sign never $past
key subkey ed25519 cert never $past
g $past --quick-add-key "$(g --list-keys --with-colons subkey@example.test | awk -F: '/^fpr/{print $10; exit}')" ed25519 sign never
for name in ed25519 rsa3072 nistp256 rsa1024 dsa2048 brainpool expired subkey; do
  export_key "$name"
  sign "$name" "$name.asc" --faked-system-time 20240110T000000 --armor
done
sign ed25519 ed25519.sig --faked-system-time 20240110T000000
sign rsa3072 rsa3072-sha1.asc --faked-system-time 20240110T000000 --armor --digest-algo SHA1 --weak-digest MD5 --allow-weak-digest-algos
sign rsa3072 rsa3072-sha512.asc --faked-system-time 20240110T000000 --armor --digest-algo SHA512
sign ed25519 future.asc --faked-system-time 20990101T000000 --armor
sign revoked revoked.asc --faked-system-time 20240110T000000 --armor
g --faked-system-time 20240110T000000 --armor --local-user ed25519@example.test --local-user rsa3072@example.test --output openpgp/two.asc --detach-sign data.txt
fpr="$(g --list-keys --with-colons revoked@example.test | awk -F: '/^fpr/{print $10; exit}')"
sed 's/^:-----/-----/' "$GNUPGHOME/openpgp-revocs.d/$fpr.rev" | g --import
export_key revoked
g --export ed25519@example.test rsa3072@example.test > openpgp/binary.key.gpg
cat openpgp/rsa3072.key.asc openpgp/ed25519.key.asc > openpgp/concatenated.key.asc

for type in ed25519 rsa ecdsa-256 ecdsa-384 ecdsa-521; do
  bits=${type#ecdsa-}; [ "$bits" = "$type" ] && bits=3072
  ssh-keygen -q -t "${type%-*}" -b "$bits" -N '' -C "$type@example.test" -f "$T/$type"
  cp "$T/$type.pub" "ssh/$type.pub"
  for namespace in git file; do
    ssh-keygen -q -Y sign -f "$T/$type" -n "$namespace" < data.txt > "ssh/$type.$namespace.sig" 2> /dev/null
  done
done
ssh-keygen -q -Y sign -O hashalg=sha256 -f "$T/ed25519" -n git < data.txt > ssh/ed25519-sha256.git.sig 2> /dev/null
ssh-keygen -q -t rsa -b 1024 -N '' -C rsa-1024@example.test -f "$T/rsa-1024"
cp "$T/rsa-1024.pub" ssh/rsa-1024.pub
ssh-keygen -q -Y sign -f "$T/rsa-1024" -n git < data.txt > ssh/rsa-1024.git.sig 2> /dev/null
ssh-keygen -q -t dsa -N '' -C dsa@example.test -f "$T/dsa" 2> /dev/null && cp "$T/dsa.pub" ssh/dsa.pub
