package docker

test_alpine if {
	decision.allow with input as {"image": {"repo": "alpine"}}
}

test_debian if {
	not decision.allow with input as {"image": {"repo": "debian"}}
}

test_message if {
	"only alpine" in decision.deny_msg with input as {"image": {"repo": "debian"}}
}

test_fails if {
	decision.allow with input as {"image": {"repo": "debian"}}
}

test_without_input if not decision.allow

helper if true
