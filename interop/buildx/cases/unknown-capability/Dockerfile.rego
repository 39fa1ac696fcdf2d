package docker

decision := {"allow": true, "caps": {"exec.other": true}}
