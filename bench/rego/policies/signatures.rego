package bench

managed := {
	"docker.io/docker/dockerfile": {"repo": "moby/buildkit", "prefix": "dockerfile/", "floating": {"latest", "labs", "master"}, "since": [1, 21]},
	"docker.io/docker/scanner": {"repo": "docker/scanner", "prefix": "", "floating": {"latest"}, "since": [1, 10]},
	"docker.io/moby/buildkit": {"repo": "moby/buildkit", "prefix": "", "floating": {"latest", "rootless", "nightly"}, "since": [0, 27]},
}

policy := managed[input.image.fullRepo]

version := [to_number(parts[0]), to_number(parts[1])] if {
	regex.match(`^v?\d+\.\d+(\.\d+)?$`, input.image.tag)
	parts := split(trim_prefix(input.image.tag, "v"), ".")
}

floating if input.image.tag in policy.floating

required if floating

required if version >= policy.since

trusted(signature) if {
	signature.kind == "docker-github-builder"
	signature.type == "bundle-v0.3"
	signature.signer.certificateIssuer == "CN=sigstore-intermediate,O=sigstore.dev"
	signature.signer.issuer == "https://token.actions.githubusercontent.com"
	signature.signer.sourceRepositoryURI == sprintf("https://github.com/%s", [policy.repo])
	signature.signer.runnerEnvironment == "github-hosted"
	count(signature.timestamps) > 0
}

right_ref(_) if floating

right_ref(signature) if signature.signer.sourceRepositoryRef == concat("", ["refs/tags/", policy.prefix, input.image.tag])

verified if {
	input.image.hasProvenance
	some signature in input.image.signatures
	trusted(signature)
	right_ref(signature)
}

deny_msg contains msg if {
	required
	not verified
	msg := sprintf("image %s is not allowed: a verified signature is required for %s tag", [input.image.ref, input.image.tag])
}

result := {"allow": count(deny_msg) == 0, "deny_msg": deny_msg}
