package docker

default allow := false

allow if input.local

allow if input.image.isCanonical

decision := {"allow": allow}
