package bench

registries := {"docker.io", "ghcr.io", "quay.io", "registry.example.com"}

pinned_only := {"quay.io"}

default allow := false

allow if {
	input.image.host in registries
	not too_new
	not unpinned
	not startswith(input.image.fullRepo, "docker.io/untrusted/")
}

too_new if input.image.tag in {"latest", "edge", "nightly"}

unpinned if {
	input.image.host in pinned_only
	not input.image.isCanonical
}

deny_msg contains msg if {
	not input.image.host in registries
	msg := sprintf("registry %s is not allowed", [input.image.host])
}

deny_msg contains msg if {
	too_new
	msg := sprintf("tag %s of %s moves", [input.image.tag, input.image.repo])
}

result := {"allow": allow, "deny_msg": deny_msg}
