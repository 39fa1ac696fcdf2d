package docker

default allow := false

allow if input.local

allow if startswith(input.image.workingDir, "/srv")

decision := {"allow": allow}
