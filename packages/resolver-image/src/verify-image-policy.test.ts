import { createEvaluator, type Policy, type PolicyFiles } from '@source-policy/core'
import { parsePlatform } from '@source-policy/oci'
import { buildAttestation, buildIndex, createSigstore } from '@source-policy/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { jsPolicy } from '../../engine-js/src/index.ts'
import { opaEngine } from '../../engine-opa/src/index.ts'
import { type ServedImages, serveImages } from './testing/served-images.ts'
import { bundleOf, image, index, provenance } from './testing/signed-images.ts'

const key = createSigstore().withKey()
const files: PolicyFiles = {
  read: async path => (path === 'cosign.pub' ? Buffer.from(key.publicKey) : undefined),
}
const rego = (rule: string): Promise<Policy> =>
  opaEngine().load({
    name: 'p.rego',
    files: [
      {
        path: 'p.rego',
        text: `package docker\n\ndefault allow := false\n\nallow if {\n\t${rule}\n}\n\ndecision := {"allow": allow}\n`,
      },
    ],
    root: files,
    origin: 'context',
  })

let served: ServedImages
beforeEach(async () => {
  served = await serveImages()
  served.registry.push('base', index, '1')
  served.registry.push('base', bundleOf(index, key))
  const material = { uri: `pkg:docker/127.0.0.1%3A${served.registry.port}/base@1?platform=linux%2Farm64`, digest: {} }
  const { buildDefinition } = provenance.predicate as { buildDefinition: object }
  const attestation = buildAttestation(image, [
    { ...provenance, predicate: { buildDefinition: { ...buildDefinition, resolvedDependencies: [material] } } },
  ])
  served.registry.push('app', buildIndex([image, attestation]), '1')
})
afterEach(() => served.close())

async function decide(policy: Policy, name: string) {
  const evaluator = createEvaluator({ policies: [policy], resolvers: [served.resolver] })
  const identifier = `docker-image://${served.registry.host}/${name}:1`
  return evaluator.evaluate(identifier, { platform: parsePlatform('linux/arm64') })
}

describe('verify_image in a policy', () => {
  it('in Rego decides, and asks for no field', async () => {
    const policy = await rego('verify_image(input.image, {"key": "cosign.pub"})')
    const { decision, report } = await decide(policy, 'base')
    expect(decision.kind).toBe('allow')
    expect(report.rounds.map(({ missing }) => missing.length)).toEqual([1, 0])
    const denied = await decide(policy, 'app')
    expect(denied.decision.kind).toBe('deny')
    expect(denied.report.warnings).toEqual([expect.stringContaining('no signature was accepted')])
  })

  it('in JavaScript does the same', async () => {
    const policy = jsPolicy({
      name: 'p.js',
      files,
      evaluate: (input, { call }) => call('verify_image', input.image, { key: 'cosign.pub' }) !== undefined,
    })
    expect((await decide(policy, 'base')).decision.kind).toBe('allow')
    expect((await decide(policy, 'app')).decision.kind).toBe('deny')
  })

  it('is not asked where the rest of the rule is false', async () => {
    const policy = await rego('input.image.repo == "other"\n\tverify_image(input.image, {"key": "cosign.pub"})')
    expect((await decide(policy, 'base')).decision.kind).toBe('deny')
    expect(served.requests()).toEqual([])
  })

  it('judges a material as well', async () => {
    const policy = await rego('verify_image(input.image.provenance.materials[0].image, {"key": "cosign.pub"})')
    const { decision } = await decide(policy, 'app')
    expect(decision.kind).toBe('allow')
  })

  it('breaks a policy that calls it wrongly, at the place of the call', async () => {
    const { decision } = await decide(await rego('verify_image(input.image, {"kee": "cosign.pub"})'), 'base')
    expect(decision).toMatchObject({
      kind: 'broken',
      error: { code: 'invalid_call', message: expect.stringMatching(/^p\.rego:6:2: verify_image: /) },
    })
  })

  it('is no way around what cannot be had', async () => {
    served.registry.faults.add({ match: /referrers/, fault: { kind: 'refuse' } })
    for (const rule of [
      'verify_image(input.image, {"key": "cosign.pub"})',
      'not verify_image(input.image, {"key": "cosign.pub"})',
    ]) {
      expect((await decide(await rego(rule), 'base')).decision.kind).toBe('undecided')
    }
  })
})
