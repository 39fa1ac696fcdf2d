object de6376db71e69f361816ce540210aa6cde485a7c
type commit
tag openpgp
tagger Ada Example <ada@example.test> 1717243200 +0200

a signed tag
-----BEGIN PGP SIGNATURE-----

iIsEABYIADMWIQREiRVTY6eVRLOaKJfzRC3Wx9hGLwUCawJlHRUcZWQyNTUxOUBl
eGFtcGxlLnRlc3QACgkQ80Qt1sfYRi+KGQD/ZyBDixLQm4JUkZV4vfK+6hD2fv3t
QhkIbfk6rmpHiekBAKmthaddJi3Tlfj9q6sq6UUkmfQSl1E2szAe0gxE1NYE
=CJX1
-----END PGP SIGNATURE-----
