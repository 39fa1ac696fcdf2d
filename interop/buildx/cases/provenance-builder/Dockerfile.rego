package docker

default allow := false

allow if input.local

allow if {
	input.image.provenance.predicateType == "https://slsa.dev/provenance/v1"
	input.image.provenance.frontend == "dockerfile.v0"
}

decision := {"allow": allow}
