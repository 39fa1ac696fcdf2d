package docker

default allow := false

allow if input.local

allow if {
	input.env.target == "b"
	input.image.fullRepo == "{{registry}}/gold"
}

decision := {"allow": allow}
