package docker

default allow := false

allow if input.local

allow if {
	input.image.os == "linux"
	input.image.labels.arch == input.image.arch
}

decision := {"allow": allow}
