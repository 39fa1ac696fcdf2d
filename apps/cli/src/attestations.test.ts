import { createHash } from 'node:crypto'
import { createSigstore, type HTTPOrigin, startHTTPOrigin } from '@source-policy/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli, temporaryDirectory } from './run-cli.ts'

const content = 'the release'
const sha256 = createHash('sha256').update(content).digest('hex')
const token = 's3cr3t-t0ken'
const sigstore = createSigstore()
const statement = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ digest: { sha256 } }],
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: {},
}
const policy = (call: string) => `package docker

default allow := false

allow if {
	signature := ${call}
	signature.signer.subjectAlternativeName == "ada@example.test"
}

decision := {"allow": allow}
`
const directory = temporaryDirectory({
  'file.rego': policy('artifact_attestation(input.http, "bundle.json")'),
  'github.rego': policy('github_attestation(input.http, "acme/app")'),
  'root.json': `${sigstore.trustedRoot}\n`,
})
let origin: HTTPOrigin
let api: HTTPOrigin
beforeAll(async () => {
  const signer = sigstore.issue({ subject: 'ada@example.test', issuer: 'https://accounts.example.test' })
  const bundle = signer.signStatement(statement)
  directory.write({ 'bundle.json': bundle })
  const body = JSON.stringify({ attestations: [{ bundle: JSON.parse(bundle) }] })
  ;[origin, api] = await Promise.all([
    startHTTPOrigin({ files: { '/file': content } }),
    startHTTPOrigin({ files: { [`/repos/acme/app/attestations/sha256:${sha256}`]: body } }),
  ])
})
afterAll(async () => {
  directory.remove()
  await Promise.all([origin.close(), api.close()])
})

const run = (rego: string, flags: readonly string[] = [], env: Record<string, string> = {}) => {
  const allow = [origin, api].flatMap(({ host }) => ['--allow-address', host])
  const argv = [
    'eval',
    ...allow,
    '--no-trust-root-refresh',
    '--no-context-policy',
    '--policy',
    `filename=${rego}`,
    ...flags,
    `${origin.url}/file`,
  ]
  return runCli(argv, { cwd: directory.path, env })
}
const trusted = ['--github-trusted-root', 'root.json']

describe('attestations of an HTTP source', () => {
  it('from a file hold by a trust root that the operator names, and only then', async () => {
    expect(await run('file.rego', trusted)).toEqual({ exitCode: 0, stdout: '', stderr: '' })
    const { exitCode, stderr } = await run('file.rego')
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/file\.rego:6:15: artifact_attestation: bundle\.json: /)
  })

  it('from GitHub are asked for where the operator says, with the token that he gave', async () => {
    const flags = [...trusted, '--github-api', api.url]
    expect(await run('github.rego', flags, { GITHUB_TOKEN: token })).toMatchObject({ exitCode: 0 })
    expect(JSON.stringify(api.log)).not.toContain(token)
    const granted = [...flags, '--secret', 'id=GITHUB_TOKEN', '--log-level', 'debug']
    const { exitCode, stdout, stderr } = await run('github.rego', granted, { GITHUB_TOKEN: token })
    expect(exitCode).toBe(0)
    expect(api.log.at(-1)?.headers.authorization).toBe(`Bearer ${token}`)
    expect(stdout + stderr).not.toContain(token)
  })

  it('that could not be had leave the source undecided, with the place of the call', async () => {
    api.faults.add({ fault: { kind: 'status', status: 401 }, times: 1 })
    const { exitCode, stderr } = await run('github.rego', [...trusted, '--github-api', api.url])
    expect(exitCode).toBe(3)
    expect(stderr).toMatch(/github\.rego:6:15: github_attestation: GET \S+: got status 401/)
  })

  it.each([
    ['--github-api', 'github.example.com'],
    ['--github-api', 'https://user@github.example.com'],
  ])('%s %s is refused', async (...flags) => {
    expect(await run('github.rego', flags)).toMatchObject({ exitCode: 2 })
  })

  it('are undecided where the trust root cannot be read', async () => {
    const { exitCode, stderr } = await run('file.rego', ['--github-trusted-root', 'bundle.json'])
    expect(exitCode).toBe(3)
    expect(stderr).toContain('trust root')
  })
})
