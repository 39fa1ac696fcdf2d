import { type Input, redactIdentifier } from '@source-policy/core'

/** What the policy of a new build is about: each source as a policy sees it before anything is fetched. */
export interface StarterSources {
  readonly images: readonly NonNullable<Input['image']>[]
  readonly repositories: readonly NonNullable<Input['git']>[]
  readonly downloads: readonly NonNullable<Input['http']>[]
}

/** A policy that allows these sources by name and nothing else. The same sources give the same text. */
export function starterPolicy(sources: StarterSources): string {
  const { images, repositories, downloads } = namesIn(sources)
  const parts = [
    HEAD,
    ...listPart(
      'images',
      'Base images and frontends, by repository: any tag or digest of them.',
      'input.image.fullRepo',
      images,
    ),
    ...listPart('repositories', 'Git repositories, whatever the ref.', REMOTE, repositories),
    ...listPart('downloads', 'Files, by host and path.', 'concat("", [input.http.host, input.http.path])', downloads),
    MESSAGES,
  ]
  return `${parts.join('\n\n')}\n`
}

/** Tests of that policy: each source is allowed, the build context is, and others are not. */
export function starterTest(sources: StarterSources): string {
  const { images, repositories, downloads } = namesIn(sources)
  const rows = [
    ...images.map(fullRepo => ({ image: { ref: `${fullRepo}:1`, fullRepo } })),
    ...repositories.map(remote => ({ git: { remote } })),
    ...downloads.map(file => {
      const slash = file.indexOf('/')
      return { http: { url: `https://${file}`, host: file.slice(0, slash), path: file.slice(slash) } }
    }),
  ]
  const allowed =
    rows.length === 0
      ? ''
      : `\ntest_sources_of_the_dockerfile if {\n\tevery source in [\n${rows.map(row => `\t\t${JSON.stringify(row)},`).join('\n')}\n\t] {\n\t\tdecision.allow with input as source\n\t}\n}\n`
  return `package docker

test_build_context if decision.allow with input as {"local": {"name": "context"}}
${allowed}
test_other_sources if {
	every source in [
		{"image": {"ref": "docker.io/library/other:1", "fullRepo": "docker.io/library/other"}},
		{"git": {"remote": "https://other.example/repo.git"}},
		{"http": {"url": "https://other.example/file", "host": "other.example", "path": "/file"}},
	] {
		not decision.allow with input as source
		count(decision.deny_msg) == 1 with input as source
	}
}
`
}

const HEAD = `package docker

default allow := false

# The build context and the Dockerfile.
allow if input.local`

const MESSAGES = `deny_msg contains sprintf("image %s is not listed", [input.image.ref]) if not allow

deny_msg contains sprintf("repository %s is not listed", [input.git.remote]) if not allow

deny_msg contains sprintf("download %s is not listed", [input.http.url]) if not allow

decision := {"allow": allow, "deny_msg": deny_msg}`

/** User and password are no part of what a repository is. */
const REMOTE = 'regex.replace(input.git.remote, `//[^/@]*@`, "//")'

function listPart(name: string, comment: string, field: string, names: readonly string[]): string[] {
  if (names.length === 0) return []
  const list = names.map(each => `\t${JSON.stringify(each)},`).join('\n')
  return [`# ${comment}\nallow if ${field} in ${name}`, `${name} := {\n${list}\n}`]
}

function namesIn({ images, repositories, downloads }: StarterSources) {
  const unique = (names: readonly (string | undefined)[]) =>
    [...new Set(names.filter(name => name !== undefined))].sort()
  return {
    images: unique(images.map(({ fullRepo }) => fullRepo)),
    repositories: unique(
      repositories.map(({ remote }) => remote && redactIdentifier(remote).replace(/\/\/[^/@]*@/, '//')),
    ),
    downloads: unique(downloads.map(({ host = '', path = '/' }) => `${host}${path}`)),
  }
}
