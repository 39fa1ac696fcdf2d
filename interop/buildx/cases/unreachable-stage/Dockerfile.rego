package docker

default allow := false

allow if input.local

allow if input.image.fullRepo == "{{registry}}/gold"

decision := {"allow": allow}
