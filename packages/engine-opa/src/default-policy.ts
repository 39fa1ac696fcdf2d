import type { PolicySet } from '@source-policy/core'

const NAME = 'buildx_default_policy.rego'

const TEXT = `package docker

default allow := false

allow if count(deny_msg) == 0

decision := {"allow": allow, "deny_msg": deny_msg}

deny_msg contains message if {
	needs_signature
	not is_signed
	message := sprintf(
		"image %s is not allowed by default policy: a verified docker-github-builder signature is required for %s tag",
		[input.image.ref, input.image.tag],
	)
}

deny_msg contains message if {
	needs_signature
	not input.image.hasProvenance
	message := sprintf("no signature metadata available for %s: image is not signed", [input.image.ref])
}

# What builds use without being told to: who signs it, tags that move, the first release that is signed, and how its git tags
# are called.
products := {
	"docker.io/docker/dockerfile": frontend,
	"docker.io/docker/dockerfile-upstream": frontend,
	"docker.io/docker/buildkit-syft-scanner": {
		"repo": "docker/buildkit-syft-scanner",
		"floating": {"latest"},
		"since": [1, 10],
		"tags": "refs/tags/",
	},
	"docker.io/moby/buildkit": {
		"repo": "moby/buildkit",
		"floating": {
			"latest", "latest-ubuntu", "rootless",
			"master", "master-rootless", "master-ubuntu",
			"nightly", "nightly-rootless", "nightly-ubuntu",
		},
	},
}

frontend := {
	"repo": "moby/buildkit",
	"floating": {"latest", "labs", "master"},
	"since": [1, 21],
	"tags": "refs/tags/dockerfile/",
	"flavour": "-labs",
}

product := products[input.image.fullRepo]

is_floating if input.image.tag in product.floating

is_floating if {
	input.image.fullRepo == "docker.io/moby/buildkit"
	regex.match(\`^buildx-stable-\\d+(?:-rootless|-gpu)?$\`, input.image.tag)
}

needs_signature if is_floating

needs_signature if version(input.image.tag) >= product.since

needs_signature if buildkit_release

is_signed if {
	is_floating
	some _ in builder_signatures
}

is_signed if {
	some signature in builder_signatures
	ref := signature.signer.sourceRepositoryRef
	startswith(ref, product.tags)
	release := trim_prefix(ref, product.tags)
	endswith(input.image.tag, flavour) == endswith(release, flavour)
	selects(trim_suffix(input.image.tag, flavour), trim_suffix(release, flavour))
}

is_signed if {
	some signature in builder_signatures
	signature.signer.sourceRepositoryRef == concat("", ["refs/tags/", buildkit_release])
}

builder_signatures contains signature if {
	input.image.hasProvenance
	some signature in input.image.signatures
	docker_github_builder_signature(signature, product.repo)
}

# Major and minor of a tag; without a minor it is the newest one.
version(tag) := [to_number(major), to_number(minor)] if {
	[[_, major, minor]] := regex.find_all_string_submatch_n(\`^(\\d+)\\.(\\d+)(?:\\.\\d+)?(?:-labs)?$\`, tag, 1)
} else := [to_number(major), 999999] if {
	[[_, major]] := regex.find_all_string_submatch_n(\`^(\\d+)(?:-labs)?$\`, tag, 1)
}

# 1.21.0 is itself, 1.21 any 1.21.N, 1 any 1.N.
selects(release, release)

selects(tag, release) if {
	regex.match(\`^\\d+\\.\\d+$\`, tag)
	version(tag) == version(release)
}

selects(tag, release) if {
	regex.match(\`^\\d+$\`, tag)
	version(tag)[0] == version(release)[0]
}

# What a tag and its release have in common, where a product has more than one flavour.
flavour := object.get(product, "flavour", "")

# The release of BuildKit that a tag stands for, from the first signed one on.
buildkit_release := release if {
	input.image.fullRepo == "docker.io/moby/buildkit"
	pattern := \`^(v(\\d+)\\.(\\d+)\\.\\d+(?:-rc\\d+)?)(?:-rootless|-ubuntu)?$\`
	[[_, release, major, minor]] := regex.find_all_string_submatch_n(pattern, input.image.tag, 1)
	[to_number(major), to_number(minor)] >= [0, 27]
}
`

/**
 * The policy of docker buildx for the images that builds use by themselves: frontends, the SBOM scanner and BuildKit have to be signed
 * by Docker's GitHub builder, from the release on in which they began to be. It allows everything else, so it goes before others.
 */
export const DEFAULT_POLICY: PolicySet = {
  name: NAME,
  files: [{ path: NAME, text: TEXT }],
  root: { read: async () => undefined },
  origin: 'operator',
}
