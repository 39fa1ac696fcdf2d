package docker

default allow := false

allow if input.local

allow if endswith(input.git.commit.author.email, "@example.test")

decision := {"allow": allow}
