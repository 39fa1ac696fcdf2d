package docker

default allow := false

allow if input.local

allow if input.image.fullRepo == "{{registry}}/gold"

deny_msg contains sprintf("%s is no base of ours", [input.image.ref]) if {
	input.image
	not allow
}

decision := {"allow": allow, "deny_msg": deny_msg}
