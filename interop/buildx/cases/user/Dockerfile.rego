package docker

default allow := false

allow if input.local

allow if input.image.user == "app"

decision := {"allow": allow}
