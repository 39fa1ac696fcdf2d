object 2e48b229b5cb20abddf08a47ea8f97edd9615e952c7440f69f683546eb13622f
type tag
tag nested
tagger Ada Example <ada@example.test> 1717243200 +0200

a signed tag of a signed tag
-----BEGIN PGP SIGNATURE-----

iIsEABYIADMWIQREiRVTY6eVRLOaKJfzRC3Wx9hGLwUCawJlHhUcZWQyNTUxOUBl
eGFtcGxlLnRlc3QACgkQ80Qt1sfYRi8oOAD+IlqJwLt+4nggN5sszvRHkgVQLQ92
mFLhseqM0Y7xLX4A/3Xcfpe5l3fFX0ZhUIi+h393HaVcjOdBcSyMJF66yUQC
=Q+Zj
-----END PGP SIGNATURE-----
