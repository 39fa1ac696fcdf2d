package docker

default allow := false

allow if input.env.labels.team == "platform"

decision := {"allow": allow}
