package docker

default allow := false

allow if input.local

allow if {
	some material in input.image.provenance.materials
	material.image.repo == "{{registry}}/gold"
}

decision := {"allow": allow}
