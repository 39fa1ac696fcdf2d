package docker

default allow := false

allow if input.local

allow if regex.match(`^v[0-9]+$`, input.image.tag)

decision := {"allow": allow}
