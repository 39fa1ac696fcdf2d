package docker

default allow := false

allow if input.local

allow if {
	input.image.provenance.predicateType == "https://slsa.dev/provenance/v0.2"
	input.image.provenance.completeness.parameters
}

decision := {"allow": allow}
