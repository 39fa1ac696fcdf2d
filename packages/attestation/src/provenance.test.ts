import { describe, expect, it } from 'vitest'
import { readProvenance, SLSA_V0_2, SLSA_V1 } from './provenance.ts'

const read = (predicateType: string, predicate: unknown) => readProvenance({ predicateType, predicate })

const v1 = {
  buildDefinition: {
    buildType: 'https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md',
    externalParameters: {
      configSource: {
        uri: 'https://github.com/acme/app.git#refs/heads/main',
        digest: { sha1: 'ab' },
        path: 'Dockerfile',
      },
      request: { frontend: 'dockerfile.v0', args: { 'build-arg:VERSION': '1', 'build-arg:': 'x', target: 'release' } },
    },
    resolvedDependencies: [{ uri: 'pkg:docker/alpine@3.22', digest: { sha256: 'cd' } }, {}],
  },
  runDetails: {
    builder: { id: 'https://example.com/builder' },
    metadata: {
      invocationID: 'run-1',
      startedOn: '2026-01-02T03:04:05.678+02:00',
      finishedOn: '2026-01-02T03:05:05Z',
      buildkit_hermetic: true,
      buildkit_completeness: { request: true, resolvedDependencies: false },
    },
  },
}

const v02 = {
  builder: { id: '' },
  buildType: 'https://mobyproject.org/buildkit@v1',
  invocation: {
    configSource: { uri: 'https://github.com/acme/app.git', digest: { sha1: 'ab' }, entryPoint: 'Dockerfile' },
    parameters: { frontend: 'gateway.v0', args: { 'build-arg:VERSION': '1' } },
  },
  metadata: {
    buildInvocationID: 'run-2',
    buildStartedOn: '2026-01-02T03:04:05Z',
    reproducible: true,
    completeness: { parameters: true, environment: true, materials: false },
    'https://mobyproject.org/buildkit@v1#hermetic': true,
  },
  materials: [{ uri: 'pkg:docker/alpine@3.22', digest: { sha256: 'cd' } }],
}

describe('provenance', () => {
  it('of SLSA 1 fills the fields of the input', () => {
    expect(read(SLSA_V1, v1)).toEqual({
      predicateType: SLSA_V1,
      buildType: v1.buildDefinition.buildType,
      builderID: 'https://example.com/builder',
      configSource: {
        uri: 'https://github.com/acme/app.git#refs/heads/main',
        digest: { sha1: 'ab' },
        path: 'Dockerfile',
      },
      frontend: 'dockerfile.v0',
      rawArgs: { 'build-arg:VERSION': '1', 'build-arg:': 'x', target: 'release' },
      buildArgs: { VERSION: '1' },
      invocationID: 'run-1',
      startedOn: '2026-01-02T01:04:05Z',
      finishedOn: '2026-01-02T03:05:05Z',
      reproducible: false,
      hermetic: true,
      completeness: { parameters: true, materials: false },
      materials: [
        { uri: 'pkg:docker/alpine@3.22', digest: { sha256: 'cd' } },
        { uri: '', digest: {} },
      ],
    })
  })

  it('of SLSA 0.2 fills the same fields', () => {
    expect(read(SLSA_V0_2, v02)).toEqual({
      predicateType: SLSA_V0_2,
      buildType: 'https://mobyproject.org/buildkit@v1',
      configSource: { uri: 'https://github.com/acme/app.git', digest: { sha1: 'ab' }, path: 'Dockerfile' },
      frontend: 'gateway.v0',
      rawArgs: { 'build-arg:VERSION': '1' },
      buildArgs: { VERSION: '1' },
      invocationID: 'run-2',
      startedOn: '2026-01-02T03:04:05Z',
      reproducible: true,
      hermetic: true,
      completeness: { parameters: true, environment: true, materials: false },
      materials: v02.materials,
    })
  })

  it('without metadata has none of its fields, with empty metadata the flags', () => {
    const bare = { buildType: 'x' }
    expect(read(SLSA_V0_2, bare)).toEqual({
      predicateType: SLSA_V0_2,
      buildType: 'x',
      configSource: {},
      materials: [],
    })
    expect(read(SLSA_V0_2, { ...bare, metadata: {} })).toMatchObject({
      reproducible: false,
      hermetic: false,
      completeness: { parameters: false, environment: false, materials: false },
    })
    expect(read(SLSA_V0_2, { ...bare, metadata: null })).not.toHaveProperty('hermetic')
  })

  it('is read without regard to the case of keys, as Go reads it', () => {
    const found = read(SLSA_V1, { BUILDDEFINITION: { BuildType: 'x' }, rundetails: { Builder: { ID: 'y' } } })
    expect(found).toMatchObject({ buildType: 'x', builderID: 'y' })
  })

  it('is none where it names neither build type nor builder, or is of another type', () => {
    expect(read(SLSA_V1, {})).toBeUndefined()
    expect(read(SLSA_V0_2, { materials: [{ uri: 'x' }] })).toBeUndefined()
    expect(read('https://slsa.dev/provenance/v0.1', v02)).toBeUndefined()
    expect(read('constructor', v02)).toBeUndefined()
  })

  it.each([
    ['no object', 'x'],
    ['a builder that is no object', { builder: 'x' }],
    ['a type that is no text', { buildType: 1 }],
    ['arguments that are no text', { buildType: 'x', invocation: { parameters: { args: { a: 1 } } } }],
    ['a flag that is none', { buildType: 'x', metadata: { reproducible: 'yes' } }],
    ['a time that is none', { buildType: 'x', metadata: { buildStartedOn: 'yesterday' } }],
    ['materials that are no list', { buildType: 'x', materials: {} }],
    ['keys that mean the same', { buildType: 'x', invocation: { parameters: {}, PARAMETERS: {} } }],
  ])('with %s is refused', (_, predicate) => {
    expect(() => read(SLSA_V0_2, predicate)).toThrow(expect.objectContaining({ code: 'invalid_predicate' }))
  })

  it.each([
    ['too many materials', Array(10_001).fill({ uri: 'x' })],
    ['a material that is too long to be read', [{ uri: `https://example.com/?${'a&'.repeat(50_000)}` }]],
  ])('with %s is refused', (_, materials) => {
    expect(() => read(SLSA_V0_2, { buildType: 'x', materials })).toThrow(expect.objectContaining({ code: 'too_large' }))
  })
})
