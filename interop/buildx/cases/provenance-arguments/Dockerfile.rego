package docker

default allow := false

allow if input.local

allow if input.image.provenance.buildArgs.FLAVOUR == "plain"

decision := {"allow": allow}
