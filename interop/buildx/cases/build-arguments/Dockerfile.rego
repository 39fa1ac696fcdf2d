package docker

default allow := false

allow if input.local

allow if {
	input.env.args.NAME == "gold"
	input.image
}

decision := {"allow": allow}
