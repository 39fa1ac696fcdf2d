package docker

default allow := false

allow if input.local

allow if {
	input.git.isCommitRef
	input.git.checksum == "{{commit}}"
}

decision := {"allow": allow}
