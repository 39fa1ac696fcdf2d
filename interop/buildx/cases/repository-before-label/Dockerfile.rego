package docker

default allow := false

allow if input.local

allow if {
	input.image.labels["org.example.tier"] == "gold"
	input.image.fullRepo == "{{registry}}/gold"
}

decision := {"allow": allow}
