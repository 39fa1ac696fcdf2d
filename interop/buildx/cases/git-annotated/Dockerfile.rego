package docker

default allow := false

allow if input.local

allow if {
	input.git.isAnnotatedTag
	input.git.tag.tagger.email == "someone@example.test"
}

decision := {"allow": allow}
