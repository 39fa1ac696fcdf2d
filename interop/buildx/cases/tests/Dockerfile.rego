package docker

default allow := false

allow if input.local

allow if input.image.repo == "alpine"

deny_msg contains "only alpine" if not allow

decision := {"allow": allow, "deny_msg": deny_msg}
