import {
  buildArtifact,
  buildAttestation,
  buildImage,
  buildIndex,
  createSigstore,
  type Registry,
  startRegistry,
} from '@source-policy/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli, temporaryDirectory } from './run-cli.ts'

const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
const sigstore = createSigstore()
const key = sigstore.withKey()
const signer = sigstore.issue({ subject: 'ada@example.com', issuer: 'https://accounts.example.com' })
const platform = { os: 'linux', architecture: 'amd64' }

const policy = (rules: string) =>
  `package docker\n\ndefault allow := false\n\n${rules}\n\ndecision := {"allow": allow}\n`

const directory = temporaryDirectory({
  'root.json': sigstore.trustedRoot,
  'cosign.pub': key.publicKey,
  'key.rego': policy('allow if verify_image(input.image, {"key": "cosign.pub"})'),
  'identity.rego': policy(
    'allow if {\n\tsome signature in verify_image(input.image, {"identity": {"issuer": "https://accounts.example.com", "subject": "ada@example.com"}})\n\tsignature.place == "attestation"\n}',
  ),
  'wrong.rego': policy('allow if {\n\tinput.image\n\tverify_image(input.image, {"kee": "cosign.pub"})\n}'),
  'verified.rego': policy(
    'allow if {\n\tinput.image.provenance.verified\n\tinput.image.provenance.materials[0].image.labels.tier == "gold"\n\tsome signature in input.image.signatures\n\tsignature.signer.subjectAlternativeName == "ada@example.com"\n}',
  ),
})
let registry: Registry
let name: string

beforeAll(async () => {
  registry = await startRegistry()
  registry.push('base', buildImage({ labels: { tier: 'gold' } }), '1')
  const image = buildImage({ user: 'app' })
  const attestation = buildAttestation(
    image,
    [
      {
        predicateType: 'https://slsa.dev/provenance/v1',
        predicate: {
          buildDefinition: {
            buildType: 'https://example.com/build',
            resolvedDependencies: [
              { uri: `pkg:docker/127.0.0.1%3A${registry.port}/base@1?platform=linux%2Famd64`, digest: {} },
              { uri: 'pkg:npm/left-pad@1', digest: {} },
            ],
          },
          runDetails: { builder: { id: 'https://example.com/builder' } },
        },
      },
    ],
    { form: 'artifact' },
  )
  const index = buildIndex([image, attestation])
  registry.push('app', index, '1')
  const statement = (digest: string) => ({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ digest: { sha256: digest.slice('sha256:'.length) } }],
    predicateType: 'https://sigstore.dev/cosign/sign/v1',
    predicate: {},
  })
  for (const [subject, by] of [
    [attestation, signer],
    [index, key],
  ] as const) {
    const bytes = by.signStatement(statement(subject.digest))
    registry.push('app', buildArtifact({ artifactType: BUNDLE, subject, layers: [{ bytes, mediaType: BUNDLE }] }))
  }
  name = `docker-image://${registry.host}/app:1`
})
afterAll(async () => {
  await registry.close()
  directory.remove()
})

const trusted = ['--trust-root', 'root.json', '--no-trust-root-refresh']
const run = (argv: readonly string[]) =>
  runCli(['eval', '--allow-address', registry.host, '--platform', `${platform.os}/${platform.architecture}`, ...argv], {
    cwd: directory.path,
  })
const decide = (rego: string, flags: readonly string[] = trusted) =>
  run([...flags, '--no-context-policy', '--policy', `filename=${rego}`, name])

describe('signatures of an image', () => {
  it('by a key of the policy need no trust root', async () => {
    expect(await decide('key.rego', [])).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  })

  it('hold by a trust root of the operator', async () => {
    expect(await decide('identity.rego')).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  })

  it('cover the provenance, whose materials are inputs of their own; one that is left out is told', async () => {
    const { exitCode, stderr } = await decide('verified.rego')
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(/^warn: a material of the provenance is left out: [^\n]*\n$/)
  })

  it('do not hold by the public one alone, and the reason is told', async () => {
    const { exitCode, stderr } = await decide('identity.rego', ['--no-trust-root-refresh'])
    expect(exitCode).toBe(1)
    expect(stderr).toContain('untrusted_certificate')
  })

  it('leave the source undecided where the trust root is too old', async () => {
    const { exitCode, stderr } = await decide('identity.rego', [...trusted, '--trust-root-max-age', '1d'])
    expect(exitCode).toBe(3)
    expect(stderr).toMatch(/trust root is of 2026-03-24, \d+ days old; at most 1 are allowed/)
  })

  it('are asked for wrongly where an option has an unknown name: the policy is broken, at its line', async () => {
    const { exitCode, stderr } = await decide('wrong.rego')
    expect(exitCode).toBe(2)
    expect(stderr).toContain('wrong.rego:7:2: verify_image: there is no option "kee"')
  })

  it('tell the age of the trust root in the report', async () => {
    const { stdout } = await decide('identity.rego', [...trusted, '--format', 'json'])
    const report = JSON.parse(stdout) as { notices: string[]; sources: { report: { basis: string } }[] }
    expect(report.notices).toEqual([expect.stringMatching(/^Sigstore's trust root is of 2026-03-24, \d+ days old/)])
  })
})

describe('fields that are shown', () => {
  it('may be those of signatures, provenance and materials', async () => {
    const fields = [
      'image.signatures',
      'image.signatureErrors',
      'image.provenance.verified',
      'image.provenance.materials[0].image.labels',
      'image.attestations[0].predicate',
    ]
    const { exitCode, stdout, stderr } = await run([...trusted, '--print', '--fields', fields.join(','), name])
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      image: {
        hasProvenance: true,
        provenance: {
          builderID: 'https://example.com/builder',
          verified: true,
          materials: [{ image: { repo: `${registry.host}/base`, labels: { tier: 'gold' } }, env: { depth: 1 } }],
        },
        // only certificates of the public instance are of a better kind, as docker buildx has it
        signatures: [{ kind: 'untrusted', type: 'bundle-v0.3', signer: { issuer: 'https://accounts.example.com' } }],
        attestations: [{ predicateType: 'https://slsa.dev/provenance/v1', predicate: { buildDefinition: {} } }],
      },
    })
    expect(stderr).toMatch(/^warn: a material of the provenance is left out: unsupported material URI/)
  })
})
