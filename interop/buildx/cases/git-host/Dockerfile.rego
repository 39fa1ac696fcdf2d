package docker

default allow := false

allow if input.local

allow if input.git.host == "github.com"

decision := {"allow": allow}
