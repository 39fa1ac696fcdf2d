package docker

default allow := false

allow if input.local

deny_msg contains "no tier" if not input.image.labels["org.example.tier"]

deny_msg contains "no user" if not input.image.user

decision := {"allow": allow, "deny_msg": deny_msg}
