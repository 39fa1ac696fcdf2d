import { describe, expect, it } from 'vitest'
import { decodeDocument } from './document.ts'
import { decodeImageConfig } from './image-config.ts'
import { MEDIA_TYPES } from './media-type.ts'

const digest = `sha256:${'ab'.repeat(32)}`
const config = { mediaType: MEDIA_TYPES.ociConfig, digest, size: 7 }
const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config, layers: [] }
const entry = { mediaType: MEDIA_TYPES.ociManifest, digest, size: 9, platform: { os: 'linux', architecture: 'arm64' } }
const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [entry] }

const decode = (document: unknown, ...mediaTypes: string[]) =>
  decodeDocument(Buffer.from(typeof document === 'string' ? document : JSON.stringify(document)), {
    what: 'test',
    mediaTypes,
  })

describe('decodeDocument', () => {
  it('reads a manifest and an index', () => {
    expect(decode(manifest, MEDIA_TYPES.ociManifest)).toEqual({ kind: 'manifest', ...omit(manifest) })
    expect(decode(index, `${MEDIA_TYPES.ociIndex}; charset=utf-8`)).toEqual({ kind: 'index', ...omit(index) })
  })

  it.each([
    ['manifest', { ...manifest, mediaType: undefined }, MEDIA_TYPES.ociManifest],
    ['index', { ...index, mediaType: undefined }, MEDIA_TYPES.ociIndex],
  ] as const)('tells a %s without media type by its members', (kind, document, mediaType) => {
    expect(decode(document)).toMatchObject({ kind, mediaType })
    expect(decode(document, 'application/json')).toMatchObject({ kind, mediaType })
  })

  it('takes null for a missing member, as Go writes it', () => {
    expect(decode({ ...index, manifests: null })).toMatchObject({ manifests: [] })
    expect(decode({ ...manifest, annotations: null, layers: null })).toMatchObject({ layers: [] })
  })

  it('reads platforms and annotations of entries', () => {
    const platform = {
      os: 'windows',
      architecture: 'amd64',
      'os.version': '10.0.1',
      'os.features': ['a'],
      variant: 'v2',
    }
    const annotations = { a: 'b', A: 'c' }
    expect(decode({ ...index, manifests: [{ ...entry, platform, annotations }] })).toMatchObject({
      manifests: [{ platform: { os: 'windows', osVersion: '10.0.1', osFeatures: ['a'], variant: 'v2' }, annotations }],
    })
  })

  it('reads names as builders do, without regard to case', () => {
    const platform = { OS: 'linux', Architecture: 'arm64', Variant: 'v9', 'OS.Version': '1' }
    const odd = { MediaType: entry.mediaType, DIGEST: digest, size: 9, Platform: platform, ANNOTATIONS: { a: 'b' } }
    expect(decode({ SchemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, Manifests: [odd] })).toMatchObject({
      manifests: [
        {
          ...entry,
          platform: { os: 'linux', architecture: 'arm64', variant: 'v9', osVersion: '1' },
          annotations: { a: 'b' },
        },
      ],
    })
    expect(decode({ ...manifest, Subject: entry, ArtifactType: 'a/b' })).toMatchObject({
      subject: entry,
      artifactType: 'a/b',
    })
  })

  it.each<[string, unknown, string, ...string[]]>([
    ['both manifest and index', { ...manifest, manifests: [] }, 'content_invalid'],
    ['both, the one in capitals', { ...manifest, MANIFESTS: [] }, 'content_invalid'],
    ['schema 1 in capitals', { ...manifest, FSLAYERS: [] }, 'media_type_unsupported'],
    ['layers in an index', { ...index, layers: [] }, 'content_invalid'],
    ['a content type for another kind', manifest, 'content_invalid', MEDIA_TYPES.ociIndex],
    ['a content type of another family', manifest, 'content_invalid', MEDIA_TYPES.dockerManifest],
    [
      'two opinions of others',
      { ...manifest, mediaType: undefined },
      'content_invalid',
      MEDIA_TYPES.ociManifest,
      MEDIA_TYPES.dockerManifest,
    ],
    ['an index called a manifest', { ...index, mediaType: MEDIA_TYPES.ociManifest }, 'content_invalid'],
    ['HTML', '<html>', 'media_type_unsupported', 'text/html'],
    ['text that is no JSON', '<html>', 'invalid_json'],
    ['an unknown media type', { ...manifest, mediaType: 'application/x' }, 'media_type_unsupported'],
    ['schema 1', { schemaVersion: 1, name: 'x', fsLayers: [] }, 'media_type_unsupported'],
    ['schema 1 by its content type', {}, 'media_type_unsupported', MEDIA_TYPES.dockerSchema1Signed],
    ['schema 1 in the guise of 2', { ...manifest, fsLayers: [] }, 'media_type_unsupported'],
    ['no schema version', { ...manifest, schemaVersion: undefined }, 'content_invalid'],
    ['an array', [], 'content_invalid'],
    ['null', null, 'content_invalid'],
    ['no config', { ...manifest, config: undefined }, 'content_invalid'],
    ['a wrong digest', { ...manifest, config: { ...config, digest: 'sha256:1' } }, 'content_invalid'],
    ['a negative size', { ...manifest, config: { ...config, size: -1 } }, 'content_invalid'],
    ['a fractional size', { ...manifest, config: { ...config, size: 1.5 } }, 'content_invalid'],
    ['a huge size', { ...manifest, config: { ...config, size: 2 ** 60 } }, 'content_invalid'],
    ['an entry without media type', { ...index, manifests: [{ digest, size: 1 }] }, 'content_invalid'],
    ['a platform that is text', { ...index, manifests: [{ ...entry, platform: 'linux' }] }, 'content_invalid'],
    ['an annotation that is a number', { ...index, annotations: { a: 1 } }, 'content_invalid'],
    ['too many entries', { ...index, manifests: Array(10_001).fill(entry) }, 'content_invalid'],
    ['a key twice', '{"schemaVersion":2,"schemaVersion":2}', 'invalid_json'],
    ['a key twice but for case', '{"schemaVersion":2,"config":{},"Config":{}}', 'invalid_json'],
  ])('refuses %s', (_name, document, code, ...mediaTypes) => {
    expect(() => decode(document, ...mediaTypes)).toThrow(expect.objectContaining({ code }))
  })

  it('names schema 1', () => {
    expect(() => decode({ schemaVersion: 1 })).toThrow('schema 1')
  })
})

describe('decodeImageConfig', () => {
  const read = (value: unknown) =>
    decodeImageConfig(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), { what: 'test' })

  it('reads what is there', () => {
    expect(
      read({
        os: 'linux',
        architecture: 'arm',
        variant: 'v6',
        created: '2024-05-06T07:08:09.123456789+02:00',
        config: {
          Labels: { a: '1', A: '2' },
          Env: ['PATH=/bin'],
          User: '1000',
          Volumes: { '/b': {}, '/a': {} },
          WorkingDir: '/srv',
          OnBuild: ['COPY . .'],
        },
        history: [{ created_by: 'x' }],
      }),
    ).toEqual({
      platform: { os: 'linux', architecture: 'arm', variant: 'v6' },
      created: '2024-05-06T07:08:09+02:00',
      labels: { a: '1', A: '2' },
      env: ['PATH=/bin'],
      user: '1000',
      volumes: ['/a', '/b'],
      workingDir: '/srv',
      onBuild: ['COPY . .'],
    })
  })

  it('reads names as builders do, without regard to case', () => {
    const config = {
      user: 'root',
      LABELS: { a: '1' },
      env: ['A=1'],
      'volume\u017f': { '/v': {} },
      onbuild: ['RUN x'],
    }
    expect(read({ OS: 'linux', Architecture: 'arm', Config: config })).toEqual({
      platform: { os: 'linux', architecture: 'arm' },
      user: 'root',
      labels: { a: '1' },
      env: ['A=1'],
      volumes: ['/v'],
      onBuild: ['RUN x'],
    })
  })

  it('leaves out what is empty or null', () => {
    expect(
      read({
        os: 'linux',
        architecture: 'arm',
        config: { Labels: {}, Env: null, User: '', Volumes: null, WorkingDir: '' },
      }),
    ).toEqual({
      platform: { os: 'linux', architecture: 'arm' },
    })
    expect(read({})).toEqual({ platform: { os: '', architecture: '' } })
  })

  it.each<[string, unknown, string]>([
    ['half a document', '{', 'invalid_json'],
    ['a label that is a number', { config: { Labels: { a: 1 } } }, 'content_invalid'],
    ['labels that are a list', { config: { Labels: [] } }, 'content_invalid'],
    ['env that is a map', { config: { Env: {} } }, 'content_invalid'],
    ['a user that is a number', { config: { User: 0 } }, 'content_invalid'],
    ['a config that is text', { config: 'x' }, 'content_invalid'],
    ['a time that is none', { created: 'yesterday' }, 'content_invalid'],
    ['a month that is none', { created: '2024-13-01T00:00:00Z' }, 'content_invalid'],
    ['two configs', '{"config":{"User":"root"},"Config":{"User":"1"}}', 'invalid_json'],
    ['a list', [], 'content_invalid'],
  ])('refuses %s', (_name, value, code) => {
    expect(() => read(value)).toThrow(expect.objectContaining({ code }))
  })

  it.each([
    ['2024-01-02T03:04:05Z', '2024-01-02T03:04:05Z'],
    ['2024-01-02T03:04:05.5+00:00', '2024-01-02T03:04:05Z'],
  ])('prints the time %s in seconds', (created, printed) => {
    expect(read({ created }).created).toBe(printed)
  })
})

function omit<T extends { schemaVersion: number }>(document: T): object {
  return Object.fromEntries(Object.entries(document).filter(([name]) => name !== 'schemaVersion'))
}
