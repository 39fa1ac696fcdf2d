package docker

default allow := false

allow if input.local

allow if input.http.checksum == "{{app}}"

decision := {"allow": allow}
