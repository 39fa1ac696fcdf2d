import { readFileSync } from 'node:fs'
import { parseTrustRoot, type TrustRoot } from '@source-policy/attestation'
import { createEvaluator, createRun, type Decision, type Report } from '@source-policy/core'
import { opaEngine } from '@source-policy/engine-opa'
import { digestOf } from '@source-policy/oci'
import { type HTTPResolverOptions, httpResolver } from '@source-policy/resolver-http'
import { createSigstore, type HTTPOrigin, startHTTPOrigin } from '@source-policy/testkit'
import { createTransport } from '@source-policy/transport'
import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest'
import { testRows } from './rows.ts'

const fixture = (name: string) =>
  Uint8Array.from(readFileSync(new URL(`../../packages/signature/src/testdata/${name}`, import.meta.url)))
const content = Buffer.from('the release')
const sigstore = createSigstore()
const workflow = 'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1'
const identity = {
  subject: workflow,
  issuer: 'https://token.actions.githubusercontent.com',
  extensions: { 9: workflow, 11: 'github-hosted', 12: 'https://github.com/acme/app', 14: 'refs/tags/v1' },
}
const statement = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'app', digest: { sha256: digestOf(content).slice('sha256:'.length) } }],
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: { buildDefinition: { buildType: 'x' }, runDetails: { builder: { id: 'y' } } },
}

let origin: HTTPOrigin
let api: HTTPOrigin
let trust: TrustRoot
beforeAll(async () => {
  ;[origin, api] = await Promise.all([startHTTPOrigin(), startHTTPOrigin()])
  trust = await parseTrustRoot(sigstore.trustedRoot, { name: 'test', publicGood: true })
  origin.setFile('/file', content)
  origin.setFile('/signed', fixture('data.txt'))
})
beforeEach(() => {
  origin.clearLog()
  api.clearLog()
})
afterAll(async () => {
  await origin.close()
  await api.close()
})

interface Asked {
  readonly path?: string
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  readonly options?: Partial<HTTPResolverOptions>
}

/** A policy that allows where the expression holds. */
async function decide(
  expression: string,
  { path = '/file', files = {}, options = {} }: Asked = {},
): Promise<{ decision: Decision; report: Report }> {
  const transport = createTransport({ allowAddresses: [origin.host, api.host], retries: 0 })
  const bytes = new Map(Object.entries(files).map(([name, text]) => [name, Uint8Array.from(Buffer.from(text))]))
  const policy = await opaEngine().load({
    name: 'Dockerfile.rego',
    files: [
      {
        path: 'Dockerfile.rego',
        text: `package docker\n\ndefault allow := false\n\nallow if ${expression}\n\ndecision := {"allow": allow}\n`,
      },
    ],
    root: { read: async name => bytes.get(name) },
    origin: 'operator',
  })
  const resolvers = [httpResolver({ transport, trustRoots: () => [trust], github: { api: api.url }, ...options })]
  const run = createRun({ time: BigInt(Date.parse('2026-01-01T00:00:00Z')) * 1_000_000n })
  const decided = await createEvaluator({ policies: [policy], resolvers }).evaluate(`${origin.url}${path}`, { run })
  await transport.close()
  return decided
}

const bundle = () => sigstore.issue(identity).signStatement(statement)

describe('builtins of docker buildx', () => {
  testRows('builtins', ({ fn, when }) => `${fn}: ${when}`, {
    'artifact_attestation: verifier succeeds': async () => {
      const { decision } = await decide(
        'artifact_attestation(input.http, "bundle.json").signer.sourceRepositoryURI == "https://github.com/acme/app"',
        { files: { 'bundle.json': bundle() } },
      )
      expect(decision.kind).toBe('allow')
    },
    'artifact_attestation: verifier error': async () => {
      const files = { 'bundle.json': bundle().replace(/"payload":"..../, '"payload":"eyJh') }
      const { decision, report } = await decide('artifact_attestation(input.http, "bundle.json")', { files })
      expect(decision.kind).toBe('deny')
      expect(report.warnings).toEqual([expect.stringMatching(/^Dockerfile\.rego:5:\d+: artifact_attestation: /)])
      const other = await decide('not artifact_attestation(input.http, "bundle.json")', { files })
      expect(other.decision.kind).toBe('allow')
    },
    // where docker buildx asks for the checksum and tries again, the call itself is what is waited for
    'artifact_attestation: http.checksum empty': async () => {
      const files = { 'bundle.json': bundle() }
      const { decision, report } = await decide('artifact_attestation(input.http, "bundle.json")', { files })
      expect(decision.kind).toBe('allow')
      expect(report.rounds.map(({ missing }) => missing)).toEqual([
        ['artifact_attestation(input.http, "bundle.json")'],
        [],
      ])
      expect(origin.log).toHaveLength(1)
    },
    'github_attestation: http.checksum empty': async () => {
      const attestations = { attestations: [{ bundle: JSON.parse(bundle()) as unknown }] }
      const predicate = encodeURIComponent('https://slsa.dev/provenance/v1')
      api.setFile(
        `/repos/acme/app/attestations/${digestOf(content)}?predicate_type=${predicate}`,
        JSON.stringify(attestations),
      )
      api.setFile(`/repos/acme/app/attestations/${digestOf(content)}`, JSON.stringify(attestations))
      const { decision, report } = await decide(
        'github_attestation(input.http, "acme/app").kind == "self-signed-github-repo"',
      )
      expect(report.rounds[0]?.missing).toEqual(['github_attestation(input.http, "acme/app")'])
      expect(decision.kind, JSON.stringify([decision, report.warnings, api.log])).toBe('allow')
    },
    // an error that docker buildx swallows: here the source stays undecided, with the reason
    'github_attestation: no source resolver': async () => {
      const policy = await opaEngine().load({
        name: 'p',
        files: [
          {
            path: 'p.rego',
            text: 'package docker\n\ndecision := {"allow": true} if github_attestation(input.http, "acme/app")\n\ndecision := {"allow": false} if not github_attestation(input.http, "acme/app")\n',
          },
        ],
        root: { read: async () => undefined },
        origin: 'operator',
      })
      const transport = createTransport()
      const { functions: _none, ...resolver } = httpResolver({ transport })
      const { decision } = await createEvaluator({ policies: [policy], resolvers: [resolver] }).evaluate(
        'https://a.example/x',
      )
      expect(decision).toMatchObject({ kind: 'undecided', errors: [{ code: 'function_unavailable' }] })
      await transport.close()
    },
    'verify_http_pgp_signature: checksum response digest matches': async () => {
      const { decision, report } = await decide('verify_http_pgp_signature(input.http, "sig", "key") == true', pgp())
      expect(decision.kind, JSON.stringify([decision, report.warnings])).toBe('allow')
    },
    'verify_http_pgp_signature: digest differs': async () => {
      const { decision, report } = await decide('verify_http_pgp_signature(input.http, "sig", "key") == false', {
        ...pgp(),
        path: '/file',
      })
      expect(decision.kind, JSON.stringify(report.warnings)).toBe('allow')
    },
    'verify_http_pgp_signature: no checksum response': async () => {
      const { report } = await decide('verify_http_pgp_signature(input.http, "sig", "key")', pgp())
      expect(report.rounds[0]?.missing).toEqual(['verify_http_pgp_signature(input.http, "sig", "key")'])
      expect(origin.log).toHaveLength(1)
    },
  })
})

/** A file, its signature and the key. */
function pgp(): Asked {
  return { path: '/signed', files: { sig: fixture(PGP.signature), key: fixture(PGP.key) } }
}

const PGP = { signature: 'openpgp/rsa3072.asc', key: 'openpgp/rsa3072.key.asc' }
