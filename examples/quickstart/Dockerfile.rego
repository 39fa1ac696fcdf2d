package docker

default allow := false

# What lies beside the Dockerfile was reviewed with it.
allow if input.local

# Base images have a team that answers for them.
allow if {
	startswith(input.image.fullRepo, sprintf("%s/base/", [input.image.host]))
	input.image.labels["org.example.team"]
}

# Tools come from a release, committed by one of us.
allow if {
	startswith(input.git.tagName, "v")
	endswith(input.git.commit.author.email, "@example.test")
}

# Downloads are what they were when somebody looked at them.
allow if input.http.checksum == load_json("checksums.json")[filename(input.http.path)]

filename(path) := last if {
	parts := split(path, "/")
	last := parts[count(parts) - 1]
}

deny_msg contains "base images need the label org.example.team" if input.image

deny_msg contains "tools come from a tag that one of us made" if input.git

deny_msg contains msg if {
	msg := sprintf("%s is not the file in checksums.json", [filename(input.http.path)])
}

decision := {"allow": allow, "deny_msg": deny_msg}
