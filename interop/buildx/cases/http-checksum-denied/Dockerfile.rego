package docker

default allow := false

allow if input.local

allow if input.http.checksum == "{{app}}"

deny_msg contains "unknown download" if {
	input.http
	not allow
}

decision := {"allow": allow, "deny_msg": deny_msg}
