package docker

default allow := false

allow if input.image

decision := {"allow": allow}
