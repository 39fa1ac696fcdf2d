package docker

default allow := false

allow if input.local

allow if input.image.isCanonical

deny_msg contains "name a digest" if {
	input.image
	not input.image.isCanonical
}

decision := {"allow": allow, "deny_msg": deny_msg}
