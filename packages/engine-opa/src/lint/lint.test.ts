import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { DEFAULT_POLICY } from '../default-policy.ts'
import { LINT_RULES, lintPolicy } from './index.ts'

const noFiles = { read: async () => undefined }

const lint = (text: string) => lintPolicy({ files: [{ path: 'p.rego', text }], root: noFiles })

/** A policy without mistakes but for those of the rules. */
const around = (rules: string) =>
  `package docker\n\ndefault allow := false\n\nallow if input.local\n\ndeny_msg contains "no" if not allow\n\ndecision := {"allow": allow, "deny_msg": deny_msg}\n\n${rules}\n`

const findingsOf = async (text: string) => (await lint(text)).map(({ rule, row, col }) => `${rule} ${row}:${col}`)

describe.each<readonly [id: string, wrong: readonly string[], right: readonly string[]]>([
  [
    'unknown-field',
    [
      'allow if input.image.fullrepo == "docker.io/library/alpine"',
      'allow if input.repo == "alpine"',
      'allow if {\n\timg := input.image\n\timg.lables.x == "1"\n}',
      'allow if input.git.commit.author.mail == "a@b.c"',
      'allow if input.image.signatures[_].signer.issuerr == "x"',
      'allow if { some m in input.image.provenance.material; m.image }',
    ],
    [
      'allow if input.image.labels["org.example.anything"] == "1"',
      'allow if input.env.args.VERSION == "1"',
      'allow if input.image.provenance.materials[0].image.provenance.materials[1].git.tag.tagger.name == "a"',
      'allow if { some name; input.image.labels[name] == "x" }',
      'allow if { some key in ["repo", "tag"]; input.image[key] == "x" }',
      'allow if input.http.query.x[0] == "1"',
    ],
  ],
  [
    'repo-name',
    [
      'allow if input.image.repo == "library/alpine"',
      'allow if input.image.repo == "docker.io/library/alpine"',
      'allow if {\n\tinput.image.host == "ghcr.io"\n\tinput.image.repo == "org/app"\n}',
      'allow if input.image.fullRepo == "alpine"',
      'allow if input.image.fullRepo == "docker.io/alpine"',
      'allow if startswith(input.image.repo, "library/")',
    ],
    [
      'allow if input.image.repo == "alpine"',
      'allow if input.image.repo == "org/app"',
      'allow if input.image.repo == "ghcr.io/org/app"',
      'allow if {\n\tinput.image.host == "ghcr.io"\n\tstartswith(input.image.repo, "ghcr.io/org/")\n}',
      'allow if input.image.fullRepo == "docker.io/library/alpine"',
      'allow if input.image.fullRepo == "localhost:5000/x"',
      'allow if startswith(input.image.fullRepo, "docker.io/")',
      'allow if endswith(input.image.repo, "/app")',
    ],
  ],
  [
    'absent-compared',
    [
      'allow if input.git.isAnnotatedTag == false',
      'allow if input.image.user == ""',
      'allow if input.image.hasProvenance != true',
      'allow if { input.image.repo == "a"; count(input.image.env) == 0 }',
      'allow if { h := input.http; h.checksum == null }',
      'allow if input.image.labels == {}',
    ],
    [
      'allow if not input.git.isAnnotatedTag',
      'allow if input.image.user != ""',
      'allow if input.image.labels.x == ""',
      'allow if input.env.depth == 0',
      'allow if { input.image.fullRepo == "docker.io/library/a"; input.image.provenance.hermetic == false }',
      'allow if count(input.image.env) > 0',
    ],
  ],
  [
    'function-subject',
    [
      'allow if not verify_git_signature(input.git, "k.asc")',
      'allow if not verify_git_signature(input.image.user, "k.asc")',
      'allow if { commit := input.git.commit.author; git_signer(commit, "k.asc").names }',
      'allow if { some name in ["a"]; artifact_attestation(input.http.url, name) }',
      'allow if not verify_http_pgp_signature(input, "a", "b")',
      'allow if github_attestation("https://example.com", "a/b").kind == "x"',
      'allow if { some s in verify_image(input.image.provenance.materials[0], {"key": "k.pub"}); s }',
      'deny_msg contains "pinned" if pin_image(input.image.ref, "sha256:00")',
    ],
    [
      'allow if verify_git_signature(input.git.commit, "k.asc")',
      'allow if verify_git_signature(input.git.tag, "k.asc")',
      'allow if { some key in ["commit", "tag"]; verify_git_signature(input.git[key], "k.asc") }',
      'allow if { some i; verify_git_signature(input.image.provenance.materials[i].git.commit, "k.asc") }',
      'allow if { some i, key; git_signer(input.image.provenance.materials[i].git[key], "k.asc").names }',
      'allow if { some m in input.image.provenance.materials; verify_image(m.image, {"key": "k.pub"}) }',
      'allow if signed(input.image)\n\nsigned(image) if verify_image(image, {"key": "k.pub"})',
      'allow if { image := input.image; pin_image(image, "sha256:00") }',
      'allow if artifact_attestation(input.http, "x").kind == "self-signed"',
    ],
  ],
  [
    'tag-alone',
    [
      'allow if {\n\tinput.image.repo == "alpine"\n\tinput.image.tag == "3.22"\n}',
      'allow if {\n\tinput.image.repo == "alpine"\n\tis_stable\n}\n\nis_stable if startswith(input.image.tag, "3.")',
      'allow if {\n\tinput.image.repo == "alpine"\n\tinput.image.tag in {"3.21", "3.22"}\n}',
    ],
    [
      'allow if {\n\tinput.image.repo == "alpine"\n\tinput.image.tag == "3.22"\n\tnot input.image.isCanonical\n}',
      'allow if {\n\tinput.image.repo == "alpine"\n\tinput.image.tag == "3.22"\n\tinput.image.checksum in data.docker.known\n}\n\nknown := {"x"}',
      'deny_msg contains "latest" if input.image.tag == "latest"',
      'allow if {\n\tinput.image.repo == "alpine"\n\tinput.image.tag != "latest"\n}',
    ],
  ],
  [
    'canonical-alone',
    ['allow if input.image.isCanonical', 'allow if {\n\tinput.image.isCanonical\n\tinput.image.arch == "amd64"\n}'],
    [
      'allow if {\n\tinput.image.isCanonical\n\tinput.image.fullRepo == "docker.io/library/alpine"\n}',
      'allow if {\n\tinput.image.isCanonical\n\tdocker_github_builder(input.image, "org/repo")\n}',
      'deny_msg contains "digest" if not input.image.isCanonical',
    ],
  ],
  [
    'negated-withheld',
    [
      'allow if {\n\tinput.image.repo == "a"\n\tnot input.image.signatures\n}',
      'allow if {\n\tinput.image.repo == "a"\n\tnot bad\n}\n\nbad if {\n\tsome s in input.image.signatures\n\ts.kind == "untrusted"\n}',
      'allow if {\n\tinput.image.repo == "a"\n\tcount(input.image.attestations) == 0\n}',
    ],
    [
      'allow if {\n\tinput.image.hasProvenance\n\tinput.image.repo == "a"\n\tnot bad\n}\n\nbad if {\n\tsome m in input.image.provenance.materials\n\tm.http\n}',
      'deny_msg contains "unsigned" if not input.image.signatures',
      'allow if {\n\tinput.image.repo == "a"\n\tnot input.image.labels.blocked\n}',
    ],
  ],
  [
    'message-type',
    ['warn_msg := "careful"', 'warn_msg := sprintf("%v", [1])', 'warn_msg[x] := "a" if some x in [1]'],
    ['warn_msg contains "careful" if input.image', 'warn_msg := ["careful"]'],
  ],
])('%s', (id, wrong, right) => {
  it.each(wrong)('finds %s', async rules => {
    const findings = await lint(around(rules))
    expect(findings.map(({ rule }) => rule)).toContain(id)
    expect(findings.find(({ rule }) => rule === id)!.row).toBeGreaterThan(9)
  })

  it.each(right)('is content with %s', async rules => {
    expect(await lint(around(rules))).toEqual([])
  })
})

describe('the decision', () => {
  const image = 'allow if input.image.repo == "alpine"'
  const decision = 'decision := {"allow": allow}'

  it.each([
    ['no-decision 1:1', `package policy\n\ndefault allow := false\n\nallow if input.local\n\n${decision}`],
    ['no-decision 1:1', 'package docker\n\nallow := true'],
    ['no-default-allow 3:1', `package docker\n\nallow if input.local\n\n${decision}`],
    ['no-local-rule 5:1', `package docker\n\ndefault allow := false\n\n${image}\n\n${decision}`],
    ['decision-type 5:1', 'package docker\n\ndefault allow := true\n\ndecision := allow'],
    ['decision-type 3:1', 'package docker\n\ndecision := {"allow": "yes"}'],
    ['decision-member 3:14', 'package docker\n\ndecision := {"allowed": true, "allow": true}'],
    ['message-type 3:41', 'package docker\n\ndecision := {"allow": true, "deny_msg": "no"}'],
  ])('%s', async (finding, text) => {
    expect((await findingsOf(text)).map(line => (line.startsWith('no-decision') ? 'no-decision 1:1' : line))).toContain(
      finding,
    )
  })

  it.each([
    [
      'allowed unless a rule denies',
      'package docker\n\ndecision := {"allow": count(deny_msg) == 0, "deny_msg": deny_msg}\n\ndeny_msg contains "no" if input.image.repo == "a"',
    ],
    ['always allowed', 'package docker\n\nallow := true\n\ndecision := {"allow": allow}'],
    ['with members of its own', `package docker\n\ndecision := {"allow": true, "severity": "low"}`],
  ])('is right where it is %s', async (_, text) => {
    expect(await lint(text)).toEqual([])
  })

  it('is not asked of a file of helpers', async () => {
    const text = 'package lib\n\ntrusted if input.image.repo == "alpine"'
    expect(await lintPolicy({ files: [{ path: 'lib.rego', text }], root: noFiles, isEntry: false })).toEqual([])
  })
})

describe('a comment', () => {
  const tag = 'allow if {\n\tinput.image.repo == "alpine"\n\t%\n\tinput.image.tag == "3.22"\n}'
  const withComment = (comment: string) => lint(around(tag.replace('%', comment)))

  it('suppresses a rule with a reason', async () => {
    expect(await withComment('# lint:ignore tag-alone our registry refuses digests')).toEqual([])
    const behind = tag
      .replace('\t%\n', '')
      .replace('"3.22"', '"3.22" # lint:ignore tag-alone our registry refuses digests')
    expect(await lint(around(behind))).toEqual([])
  })

  it.each([
    ['without a reason', '# lint:ignore tag-alone', ['suppression', 'tag-alone']],
    ['of a rule that there is not', '# lint:ignore no-such x', ['suppression', 'tag-alone']],
    ['of another rule', '# lint:ignore repo-name because', ['tag-alone']],
  ])('%s suppresses nothing', async (_, comment, expected) => {
    expect((await withComment(comment)).map(({ rule }) => rule)).toEqual(expected)
  })
})

describe('no false alarms', () => {
  const root = fileURLToPath(new URL('../../../..', import.meta.url))
  const policies = readdirSync(path.join(root, 'examples'), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.rego') && !file.endsWith('_test.rego'))
    .map(file => path.join('examples', file))

  it.each(policies)('in %s', async file => {
    const text = readFileSync(path.join(root, file), 'utf8')
    const files = { read: async (name: string) => readFileSync(path.join(root, path.dirname(file), name)) }
    expect(await lintPolicy({ files: [{ path: file, text }], root: files })).toEqual([])
  })

  it('in the default policy of docker buildx', async () => {
    const findings = await lintPolicy(DEFAULT_POLICY)
    expect(findings.map(({ rule, row, message }) => `${row} ${rule}: ${message}`)).toEqual([])
  })

  it('in the policy of the README', async () => {
    const [, text = ''] = /```rego\n(.*?)```/s.exec(readFileSync(path.join(root, 'README.md'), 'utf8')) ?? []
    expect(await lint(text)).toEqual([])
  })
})

it('each rule says why, with an example', () => {
  for (const { id, title, why, example } of LINT_RULES) {
    expect(id).toMatch(/^[a-z]+(?:-[a-z]+)*$/)
    for (const text of [title, why, example.wrong, example.right]) expect(text).not.toBe('')
  }
})

it.each([
  ['a syntax error', 'package docker\n\nallow if {', 'rego_parse_error'],
  ['an unknown function', 'package docker\n\nallow if nope(1)', 'rego_type_error'],
])('what does not load is thrown: %s', async (_, text, code) => {
  await expect(lint(text)).rejects.toMatchObject({ code })
})
