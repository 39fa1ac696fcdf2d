package docker

default allow := false

allow if input.local

allow if count(input.image.volumes) == 1

decision := {"allow": allow}
