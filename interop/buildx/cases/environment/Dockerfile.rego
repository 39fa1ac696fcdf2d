package docker

default allow := false

allow if input.local

allow if "MODE=production" in input.image.env

decision := {"allow": allow}
