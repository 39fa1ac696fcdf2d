package docker

default allow := false

allow if input.local

allow if {
	input.image.fullRepo == "{{registry}}/gold"
	pin_image(input.image, "{{gold}}")
}

decision := {"allow": allow}
