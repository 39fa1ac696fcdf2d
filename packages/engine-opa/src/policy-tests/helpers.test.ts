import type { EvaluationRequest, SignatureInput } from '@source-policy/core'
import { describe, expect, it } from 'vitest'
import { opaEngine } from '../opa-engine.ts'

const request: EvaluationRequest = {
  input: {},
  unknown: [],
  answers: new Map(),
  time: 1n,
  seed: 1,
  limits: { maxSteps: 100_000, timeoutMs: 5_000 },
}

const signature: SignatureInput = {
  kind: 'docker-github-builder',
  type: 'bundle-v0.3',
  timestamps: [{ type: 'Tlog' }],
  signer: {
    certificateIssuer: 'CN=sigstore-intermediate,O=sigstore.dev',
    subjectAlternativeName: 'x',
    issuer: 'https://token.actions.githubusercontent.com',
    runnerEnvironment: 'github-hosted',
    sourceRepositoryURI: 'https://github.com/org/repo',
    sourceRepositoryRef: 'refs/tags/v1.2.3',
  },
}

async function holds(expression: string, input: EvaluationRequest['input'] = image()): Promise<boolean | undefined> {
  const policy = await opaEngine().load({
    name: 'p.rego',
    files: [
      {
        path: 'p.rego',
        text: `package docker\n\ndefault allow := false\n\nallow if ${expression}\n\ndecision := {"allow": allow}`,
      },
    ],
    root: { read: async () => undefined },
    origin: 'context',
  })
  const evaluation = await policy.evaluate({ ...request, input })
  return evaluation.kind === 'verdict' ? evaluation.verdict.allow : undefined
}

const image = (
  signatures: readonly SignatureInput[] = [signature],
  hasProvenance = true,
): EvaluationRequest['input'] => ({
  image: { ref: 'x', hasProvenance, signatures: [...signatures] },
})

describe('policy_test_cli: helpers of docker buildx', () => {
  it('docker_github_builder(input.image,"org/repo") with sourceRepositoryURI https://github.com/org/repo', async () => {
    expect(await holds('docker_github_builder(input.image, "org/repo")')).toBe(true)
    expect(await holds('docker_github_builder(input.image, "org/other")')).toBe(false)
  })

  it('docker_github_builder_tag(img,"org/repo","v1.2.3") sourceRepositoryRef refs/tags/v1.2.3', async () => {
    expect(await holds('docker_github_builder_tag(input.image, "org/repo", "v1.2.3")')).toBe(true)
  })

  it('same, sourceRepositoryRef refs/tags/other', async () => {
    const other = { ...signature, signer: { ...signature.signer!, sourceRepositoryRef: 'refs/tags/other' } }
    expect(await holds('docker_github_builder_tag(input.image, "org/repo", "v1.2.3")', image([other]))).toBe(false)
  })
})

describe('docker_github_builder', () => {
  it.each([
    ['no provenance', image([signature], false)],
    ['no signature', image([])],
    ['no timestamp', image([{ ...signature, timestamps: [] }])],
    ['another kind', image([{ ...signature, kind: 'self-signed' }])],
    ['another type', image([{ ...signature, type: 'simplesigning-v1' }])],
    [
      'a runner of its own',
      image([{ ...signature, signer: { ...signature.signer!, runnerEnvironment: 'self-hosted' } }]),
    ],
  ])('does not hold with %s', async (_, input) => {
    expect(await holds('docker_github_builder(input.image, "org/repo")', input)).toBe(false)
  })
})

describe('github_release_attestation', () => {
  it.each([
    ['https://github.com/org/repo/releases/download/v1/x.tgz', undefined],
    ['https://github.com/org/repo/archive/v1.tgz', false],
    ['https://example.com/org/repo/releases/download/v1/x.tgz', false],
  ])('of %s asks: %s', async (url, expected) => {
    const { protocol, host, pathname } = new URL(url)
    const http = { url, schema: protocol.slice(0, -1), host, path: pathname }
    expect(await holds('github_release_attestation(input.http).kind == "x"', { http })).toBe(expected)
  })
})
