package docker

import data.lib.bases

default allow := false

allow if input.local

allow if bases.isOurs(input.image)

decision := {"allow": allow}
