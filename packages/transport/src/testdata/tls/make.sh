#!/bin/sh -e
# Makes the certificates anew, in the directory of this script.
cd "$(dirname "$0")"
ec='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
openssl req -x509 $ec -keyout ca.key -out ca.crt -days 36500 -subj '/CN=Test CA' \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
leaf() { # name, subject alternative names, extended key usage
  openssl req $ec -keyout "$1.key" -out "$1.csr" -subj "/CN=$1"
  printf 'subjectAltName=%s\nextendedKeyUsage=%s\n' "$2" "$3" >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -days 36500 -extfile "$1.ext" -out "$1.crt"
}
leaf localhost DNS:localhost,IP:127.0.0.1 serverAuth
leaf other DNS:other.test serverAuth
leaf client DNS:client.test clientAuth
mkdir -p ca.tmp && : >ca.tmp/index && echo 01 >ca.tmp/serial
printf '[ca]\ndefault_ca=x\n[x]\ndatabase=ca.tmp/index\nserial=ca.tmp/serial\nnew_certs_dir=ca.tmp\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n' >ca.cnf
openssl ca -batch -notext -config ca.cnf -cert ca.crt -keyfile ca.key -in localhost.csr -extfile localhost.ext \
  -startdate 20200101000000Z -enddate 20210101000000Z -out expired.crt
rm -rf ca.key ca.tmp ca.cnf ./*.csr ./*.ext
