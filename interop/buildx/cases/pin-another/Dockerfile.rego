package docker

default allow := false

allow if input.local

allow if {
	input.image
	pin_image(input.image, "{{plain}}")
}

decision := {"allow": allow}
