package docker

default allow := false

allow if input.local

allow if input.image.provenance.materials[0].image.labels["org.example.tier"] == "gold"

decision := {"allow": allow}
