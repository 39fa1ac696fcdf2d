/** The file that reports and errors name the helpers by, as in docker buildx. */
export const HELPERS_FILE = 'builtin/buildx_defaults.rego'

/** Predicates of package `docker` that every build policy may use, with the names and meanings of docker buildx. */
export const DOCKER_HELPERS = `package docker

# An image that Docker's GitHub builder made from the repository, as a verified signature says.
docker_github_builder(image, repo) if {
	image.hasProvenance
	some signature in image.signatures
	docker_github_builder_signature(signature, repo)
}

# The same, made from the tag.
docker_github_builder_tag(image, repo, tag) if {
	docker_github_builder(image, repo)
	some signature in image.signatures
	signature.signer.sourceRepositoryRef == concat("/", ["refs/tags", tag])
}

# A download with such a signature in a file of the policy.
docker_github_builder_bundle(http, filename, repo) if {
	docker_github_builder_signature(artifact_attestation(http, filename), repo)
}

docker_github_builder_signature(signature, repo) if {
	signature.kind == "docker-github-builder"
	signature.type == "bundle-v0.3"
	signature.signer.certificateIssuer == "CN=sigstore-intermediate,O=sigstore.dev"
	signature.signer.issuer == "https://token.actions.githubusercontent.com"
	signature.signer.sourceRepositoryURI == concat("/", ["https://github.com", repo])
	signature.signer.runnerEnvironment == "github-hosted"
	count(signature.timestamps) > 0
}

# Who attests on GitHub to have built a file of a release.
github_release_attestation(http) := signature if {
	http.schema == "https"
	lower(http.host) == "github.com"
	[[_, owner, name]] := regex.find_all_string_submatch_n(\`^/([^/]+)/([^/]+)/releases/download/[^/]+/.+$\`, http.path, 1)
	signature := github_attestation(http, concat("/", [owner, name]))
}
`

/** Words that their names have. */
export const HELPER_NAMES: readonly string[] = ['docker_github_builder', 'github_release_attestation']

/** The module of the helpers; none where an operator allows fewer builtins than they call. */
export function helpersFor(builtins: readonly string[]): Readonly<Record<string, string>> {
  return HELPER_BUILTINS.every(name => builtins.includes(name)) ? { [HELPERS_FILE]: DOCKER_HELPERS } : {}
}

const HELPER_BUILTINS: readonly string[] = [
  'assign',
  'concat',
  'count',
  'eq',
  'equal',
  'gt',
  'lower',
  'regex.find_all_string_submatch_n',
]
