package docker

default allow := false

allow if input.local

allow if {
	input.image
	not input.image.labels["org.example.blocked"]
}

decision := {"allow": allow}
