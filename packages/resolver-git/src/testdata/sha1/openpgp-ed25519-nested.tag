object 34c56bc2b97099ed5a6e9462db9e329eaa187949
type tag
tag nested
tagger Ada Example <ada@example.test> 1717243200 +0200

a signed tag of a signed tag
-----BEGIN PGP SIGNATURE-----

iIsEABYIADMWIQREiRVTY6eVRLOaKJfzRC3Wx9hGLwUCawJlHRUcZWQyNTUxOUBl
eGFtcGxlLnRlc3QACgkQ80Qt1sfYRi8vGAD+LgEnhwOvVUyEvrPqMiGMsCuUjudZ
q2BzKphj0eDiAtcA/jj7GTVRoJte3DgZR0GF8MRcADSlAYKYY9aGbpDN+TML
=aQ21
-----END PGP SIGNATURE-----
