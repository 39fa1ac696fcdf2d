package docker

default allow := false

allow if input.local

allow if input.git.tagName == "v1.0.0"

decision := {"allow": allow}
