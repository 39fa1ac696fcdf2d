import {
  createEvaluator,
  type EvaluationRequest,
  type Input,
  type Path,
  type Policy,
  type Resolver,
  type SignatureInput,
} from '@source-policy/core'
import { describe, expect, it } from 'vitest'
import { conformanceJSON, hasConformance } from '../../../test/conformance.ts'
import { DEFAULT_POLICY } from './default-policy.ts'
import { opaEngine } from './opa-engine.ts'

const load = (body: string) =>
  opaEngine().load({
    name: 'Dockerfile.rego',
    files: [
      {
        path: 'Dockerfile.rego',
        text: `package docker\ndefault allow := false\n${body}\ndecision := {"allow": allow}`,
      },
    ],
    root: { read: async () => undefined },
    origin: 'context',
  })

const ask = async (
  policy: Policy,
  input: Input,
  unknown: Path[] = [],
  answers: EvaluationRequest['answers'] = new Map(),
) => policy.evaluate({ input, unknown, answers, time: 0n, seed: 1, limits: { maxSteps: 1_000_000, timeoutMs: 5_000 } })

const allows = async (body: string, input: Input) => {
  const evaluation = await ask(await load(`allow if ${body}`), input)
  return evaluation.kind === 'verdict' && evaluation.verdict.allow
}

/** A signature of Docker's GitHub builder. */
function builtBy(repo: string, ref: string, more: Partial<SignatureInput> = {}): SignatureInput {
  return {
    kind: 'docker-github-builder',
    type: 'bundle-v0.3',
    timestamps: [{ type: 'Tlog', uri: 'https://rekor.sigstore.dev', timestamp: '2026-01-01T00:00:00Z' }],
    signer: {
      certificateIssuer: 'CN=sigstore-intermediate,O=sigstore.dev',
      subjectAlternativeName: 'https://github.com/docker/github-builder/.github/workflows/bake.yml@refs/heads/main',
      issuer: 'https://token.actions.githubusercontent.com',
      sourceRepositoryURI: `https://github.com/${repo}`,
      sourceRepositoryRef: ref,
      runnerEnvironment: 'github-hosted',
    },
    ...more,
  }
}

const signed = (...signatures: SignatureInput[]): Input => ({ image: { hasProvenance: true, signatures } })
const good = builtBy('acme/app', 'refs/tags/v1')
const signer = (more: object) => ({ ...good, signer: { ...good.signer!, ...more } })

describe('docker_github_builder', () => {
  it.each<[string, Input, boolean]>([
    ['a signature of the builder', signed(good), true],
    ['one among others', signed({ kind: 'untrusted' }, good), true],
    ['no signature', signed(), false],
    ['no provenance', { image: { signatures: [good] } }, false],
    ['another kind', signed({ ...good, kind: 'self-signed' }), false],
    ['another type', signed({ ...good, type: 'simplesigning-v1' }), false],
    ['another authority', signed(signer({ certificateIssuer: 'CN=x' })), false],
    ['another issuer', signed(signer({ issuer: 'https://example.com' })), false],
    ['another repository', signed(builtBy('evil/app', 'refs/tags/v1')), false],
    ['its own runner', signed(signer({ runnerEnvironment: 'self-hosted' })), false],
    ['no time', signed({ ...good, timestamps: [] }), false],
  ])('with %s', async (_name, input, expected) => {
    expect(await allows('docker_github_builder(input.image, "acme/app")', input)).toBe(expected)
  })

  it('can ask for the tag', async () => {
    expect(await allows('docker_github_builder_tag(input.image, "acme/app", "v1")', signed(good))).toBe(true)
    expect(await allows('docker_github_builder_tag(input.image, "acme/app", "v2")', signed(good))).toBe(false)
  })

  it('asks for the fields that it needs, and for nothing where the rest is false', async () => {
    const unknown: Path[] = ['labels', 'hasProvenance', 'signatures'].map(name => ['image', name])
    const policy = await load('allow if { input.image.repo == "app"; docker_github_builder(input.image, "acme/app") }')
    expect(await ask(policy, { image: { repo: 'app' } }, unknown)).toMatchObject({
      kind: 'missing',
      paths: [
        ['image', 'hasProvenance'],
        ['image', 'signatures'],
      ],
    })
    expect(await ask(policy, { image: { repo: 'other' } }, unknown)).toMatchObject({ verdict: { allow: false } })
  })

  it('judges a bundle beside a download', async () => {
    const policy = await load('allow if docker_github_builder_bundle(input.http, "app.sigstore.json", "acme/app")')
    const input: Input = { http: { url: 'https://example.com/app' } }
    const first = await ask(policy, input, [['http', 'checksum']])
    expect(first).toMatchObject({
      kind: 'missing',
      calls: [{ name: 'artifact_attestation', path: ['http'], args: [null, 'app.sigstore.json'] }],
    })
    if (first.kind !== 'missing') return
    const { id } = first.calls[0]!
    for (const [value, allow] of [
      [good, true],
      [builtBy('evil/app', ''), false],
    ] as const) {
      expect(await ask(policy, input, [['http', 'checksum']], new Map([[id, { value }]]))).toMatchObject({
        verdict: { allow },
      })
    }
  })
})

describe('github_release_attestation', () => {
  it.each([
    ['https', 'github.com', '/acme/app/releases/download/v1/app.tar.gz', 'acme/app'],
    ['https', 'GitHub.com', '/acme/app/releases/download/v1/dir/app', 'acme/app'],
    ['http', 'github.com', '/acme/app/releases/download/v1/app', undefined],
    ['https', 'github.com.evil', '/acme/app/releases/download/v1/app', undefined],
    ['https', 'github.com', '/x/acme/app/releases/download/v1/app', undefined],
    ['https', 'github.com', '/acme/app/releases/download/v1/', undefined],
    ['https', 'github.com', '/acme/app/archive/v1.tar.gz', undefined],
  ])('of %s://%s%s asks about %s', async (schema, host, path, repo) => {
    const policy = await load('allow if github_release_attestation(input.http).kind == "self-signed-github-repo"')
    const evaluation = await ask(policy, { http: { schema, host, path } }, [['http', 'checksum']])
    if (repo === undefined) expect(evaluation).toMatchObject({ verdict: { allow: false } })
    else expect(evaluation).toMatchObject({ calls: [{ name: 'github_attestation', args: [null, repo] }] })
  })
})

it('leaves the helpers out where an operator allows too few builtins for them', async () => {
  const text = 'package docker\ndecision := {"allow": input.local.name == "context"}'
  const policy = await opaEngine({ builtins: ['equal', 'eq'] }).load({
    name: 'p.rego',
    files: [{ path: 'p.rego', text }],
    root: { read: async () => undefined },
    origin: 'operator',
  })
  expect(await ask(policy, { local: { name: 'context' } })).toMatchObject({ verdict: { allow: true } })
})

interface DefaultRow {
  readonly ref: string
  readonly allow: boolean
  readonly signature?: { readonly repo: string; readonly ref: string }
  readonly denyContains?: string
}

interface CheckRow {
  readonly source: string
  readonly signature?: DefaultRow['signature'] | null
  readonly chain?: 'missing'
  readonly result?: 'digest'
  readonly errorType?: string
  readonly errorContains?: string
  readonly requestedAttestationChain?: boolean
  readonly request?: { readonly attestationChain: boolean }
}

const data = hasConformance
  ? conformanceJSON<{ default_policy: { cases: DefaultRow[] }; check_source: { cases: CheckRow[] } }>(
      'vectors',
      'buildx.json',
    )
  : { default_policy: { cases: [] }, check_source: { cases: [] } }

/** Images of Docker Hub, as the resolver of images describes them, with the given signature. */
function imagesSignedBy(signature: DefaultRow['signature'], { hasChain = true } = {}) {
  const asked: string[] = []
  const digest = `sha256:${'c'.repeat(64)}`
  const holes = ['checksum', 'labels', 'hasProvenance', 'signatures']
  const resolver: Resolver = {
    kind: 'image',
    schemes: ['docker-image'],
    parse: (identifier, { attrs }) => ({ kind: 'image', identifier, attrs }),
    describe({ identifier }) {
      const [, path, tag] = /^docker-image:\/\/([^:@]+)(?::([^@]+))?/.exec(identifier) ?? []
      const image = { ref: `docker.io/${path}`, fullRepo: `docker.io/${path}`, ...(tag !== undefined && { tag }) }
      return { input: { image }, unknown: holes.map(name => ['image', name]) }
    },
    async resolve(_source, paths) {
      asked.push(...paths.map(path => String(path.at(-1))))
      const values: Record<string, unknown> = {
        checksum: digest,
        ...(hasChain && { hasProvenance: true }),
        ...(signature && hasChain && { signatures: [builtBy(signature.repo, signature.ref)] }),
      }
      const split = (isKnown: boolean) => paths.filter(path => (values[String(path.at(-1))] !== undefined) === isKnown)
      return {
        known: split(true).map(path => ({ path, value: values[String(path.at(-1))], basis: 'digest' })),
        absent: split(false).map(path => ({ path, basis: 'digest' })),
        unavailable: [],
        children: [],
      }
    },
  }
  return { resolver, asked }
}

async function decideByDefault(source: string, resolver: Resolver) {
  const policies = [await opaEngine().load(DEFAULT_POLICY)]
  const identifier = source.includes('://') ? source : `docker-image://${source}`
  const { decision } = await createEvaluator({ policies, resolvers: [resolver] }).evaluate(identifier)
  return decision
}

describe.skipIf(!hasConformance)('the default policy of buildx', () => {
  it.each(data.default_policy.cases)('$ref with $signature', async ({ ref, allow, signature, denyContains = '' }) => {
    const decision = await decideByDefault(ref, imagesSignedBy(signature).resolver)
    expect(decision.kind).toBe(allow ? 'allow' : 'deny')
    if (decision.kind !== 'deny') return
    expect(decision.messages).toHaveLength(1)
    expect(decision.messages[0]).toContain(denyContains)
  })

  it.each(data.check_source.cases)('checking $source with $signature, chain $chain', async row => {
    const { resolver, asked } = imagesSignedBy(row.signature ?? undefined, { hasChain: row.chain !== 'missing' })
    const decision = await decideByDefault(row.source, resolver)
    if (row.result === 'digest') expect(decision.kind).toBe('allow')
    else if (decision.kind === 'deny') expect(decision.messages.join('; ')).toContain(row.errorContains ?? '')
    else
      expect(decision).toMatchObject({
        kind: 'broken',
        error: { message: expect.stringContaining(row.errorContains!) },
      })
    const wantsChain = asked.includes('signatures')
    if (row.requestedAttestationChain !== undefined) expect(wantsChain).toBe(row.requestedAttestationChain)
    if (row.request !== undefined) expect(wantsChain).toBe(row.request.attestationChain)
  })
})

describe('the default policy', () => {
  it('asks for nothing of other sources', async () => {
    const { resolver, asked } = imagesSignedBy(undefined)
    expect((await decideByDefault('library/alpine:3.22', resolver)).kind).toBe('allow')
    expect((await decideByDefault('local://context', resolver)).kind).toBe('allow')
    expect(asked).toEqual([])
  })

  it.each([
    ['docker/dockerfile:1.21', 'moby/buildkit', 'dockerfile/1.21.3', 'allow'],
    ['docker/dockerfile:1-labs', 'moby/buildkit', 'dockerfile/1.22.0-labs', 'allow'],
    ['docker/dockerfile:1.21-labs', 'moby/buildkit', 'dockerfile/1.21.3', 'deny'],
    ['docker/dockerfile:1.21', 'moby/buildkit', 'dockerfile/1.21.3-labs', 'deny'],
    ['docker/dockerfile:1.21.0', 'moby/buildkit', 'dockerfile/1.21.3', 'deny'],
    ['docker/dockerfile:1.21', 'moby/buildkit', '1.21.3', 'deny'],
    ['docker/buildkit-syft-scanner:1.10', 'docker/buildkit-syft-scanner', '1.10.1', 'allow'],
    ['docker/buildkit-syft-scanner:1.10-labs', 'docker/buildkit-syft-scanner', '1.10-labs', 'allow'],
    ['docker/buildkit-syft-scanner:1.10-labs', 'docker/buildkit-syft-scanner', '1.10.1', 'deny'],
    ['docker/buildkit-syft-scanner:1-labs', 'docker/buildkit-syft-scanner', '1.10.1-labs', 'deny'],
  ])('takes for %s of %s the release %s: %s', async (ref, repo, release, expected) => {
    const { resolver } = imagesSignedBy({ repo, ref: `refs/tags/${release}` })
    expect((await decideByDefault(ref, resolver)).kind).toBe(expected)
  })
})
