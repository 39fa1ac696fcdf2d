package docker

default allow := false

allow if input.local

allow if input.image.checksum == "{{gold}}"

decision := {"allow": allow}
