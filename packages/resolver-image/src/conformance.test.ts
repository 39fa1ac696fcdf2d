import { type Material, signatureInput } from '@source-policy/attestation'
import { formatPath, type ImageInput, type Path, type SignerInput } from '@source-policy/core'
import { decodeImageConfig, formatPlatform, parsePlatform } from '@source-policy/oci'
import { buildAttestation, buildImage, buildIndex, type Predicate } from '@source-policy/testkit'
import { describe, expect, it } from 'vitest'
import { conformanceJSON, hasConformance } from '../../../test/conformance.ts'
import { configFacts } from './config-facts.ts'
import { describeImageSource, parseImageSource } from './image-source.ts'
import { materialSource } from './materials.ts'
import { serveImages } from './testing/served-images.ts'

interface Row {
  readonly name: string
  readonly identifier: string | null
  readonly attrs?: Record<string, string>
  readonly platform?: string
  readonly imageMeta?: { readonly digest?: string; readonly configRaw?: string; readonly attestationChain?: Chain }
  readonly verifierReturns?: MockSignature
  readonly input?: { readonly image: ImageInput }
  readonly partialInput?: { readonly image: ImageInput }
  readonly unknowns?: readonly string[]
  readonly error?: string
}

interface Chain {
  /** Empty: there is none. */
  readonly attestationManifest?: string
  readonly provenanceBlob?: { readonly statement: Predicate }
}

interface MockSignature {
  readonly DockerReference: string
  readonly IsDHI: boolean
  readonly Timestamps: readonly { readonly Type: string; readonly URI: string; readonly Timestamp: string }[]
  readonly Signer: Readonly<Record<string, string>>
}

const rows = hasConformance
  ? conformanceJSON<{ source_to_input: { cases: Row[] } }>('vectors', 'buildx.json').source_to_input.cases
  : []
const images = rows.filter(row => row.identifier?.startsWith('docker-image://'))
const isChain = ({ imageMeta }: Row) => imageMeta?.attestationChain !== undefined
const isMock = ({ verifierReturns }: Row) => verifierReturns !== undefined

/** Fields that buildx does not have. */
const extensions = new Set<unknown>(['createdTime', 'signatureErrors', 'sbom', 'attestations', 'verified'])
const openFields = (unknown: readonly Path[], answered: ReadonlySet<string>) =>
  unknown
    .filter(path => !extensions.has(path.at(-1)))
    .map(formatPath)
    .filter(name => !answered.has(name))

describe.skipIf(!hasConformance)('buildx, source to input', () => {
  const plain = images.filter(row => !isChain(row) && !isMock(row))

  it('has rows', () => {
    expect(plain.length).toBeGreaterThan(0)
    expect(images.filter(isChain).length).toBeGreaterThan(0)
  })

  it.each(plain)('$name', ({ identifier, attrs = {}, platform, imageMeta, input, unknowns, error }) => {
    const build = () => {
      const source = parseImageSource(identifier ?? '', {
        attrs,
        ...(platform !== undefined && { platform: parsePlatform(platform) }),
      })
      const description = describeImageSource(source)
      const { configRaw } = imageMeta ?? {}
      const config = configRaw === undefined ? undefined : decodeImageConfig(Buffer.from(configRaw), { what: 'config' })
      const { known, absent } = config ? configFacts(config, 'server') : { known: [], absent: [] }
      const facts = Object.fromEntries(known.map(({ path, value }) => [path.at(-1), value]))
      const answered = new Set([...known, ...absent].map(({ path }) => formatPath(path)))
      if (imageMeta?.digest !== undefined) {
        facts.checksum = imageMeta.digest
        answered.add('input.image.checksum')
      }
      return { image: { ...description.input.image, ...facts }, unknown: openFields(description.unknown, answered) }
    }
    if (error !== undefined) {
      // each is one of ours, with a code of its own
      expect(build).toThrow(expect.objectContaining({ code: expect.any(String) }))
      return
    }
    const { image, unknown } = build()
    if (input !== undefined) expect(image).toEqual(input.image)
    if (unknowns !== undefined) expect(unknown).toEqual(unknowns)
  })

  it.each(images.filter(row => isChain(row) && !isMock(row)))(
    '$name, from a registry',
    async ({ platform = '', imageMeta, input, partialInput, unknowns }) => {
      const { attestationManifest, provenanceBlob } = imageMeta?.attestationChain ?? {}
      const image = buildImage({ platform: parsePlatform(platform) })
      const statements = provenanceBlob === undefined ? [] : [provenanceBlob.statement]
      const attestation = attestationManifest === '' ? [] : [buildAttestation(image, statements)]
      const served = await serveImages()
      try {
        served.registry.push('library/alpine', buildIndex([image, ...attestation]), 'latest')
        const fields = ['hasProvenance', 'provenance']
        const facts = await served.ask(
          'library/alpine:latest',
          ['checksum', ...fields].map(name => `image.${name}`),
          {
            platform,
          },
        )
        expect(facts.unavailable).toEqual([])
        const values = Object.fromEntries(facts.known.map(({ path, value }) => [path.at(-1), value]))
        const expected = (partialInput ?? input)?.image
        const { checksum: _, ...found } = values
        for (const name of fields) expect([name, found[name]]).toEqual([name, expected?.[name as keyof ImageInput]])

        const source = parseImageSource('docker-image://alpine:latest', {
          attrs: {},
          platform: parsePlatform(platform),
        })
        // which signatures there are is known where it is known that there is no chain; else it is a request of its own
        const answered = [...facts.known, ...facts.absent].map(({ path }) => formatPath(path))
        const open = openFields(describeImageSource(source).unknown, new Set([...answered, 'input.image.signatures']))
        expect(open).toEqual(unknowns)
      } finally {
        await served.close()
      }
    },
  )

  it.each(images.filter(isMock))(
    '$name, but for the kind, which is worked out',
    ({ verifierReturns, partialInput }) => {
      const { DockerReference, IsDHI, Timestamps, Signer } = verifierReturns!
      const lower = ([name, value]: [string, string]) => [`${name[0]!.toLowerCase()}${name.slice(1)}`, value]
      const input = signatureInput(
        {
          type: 'simplesigning-v1',
          signer: { ...(Object.fromEntries(Object.entries(Signer).map(lower)) as SignerInput), names: [] },
          timestamps: Timestamps.map(({ Type, URI, Timestamp }) => ({
            type: Type as 'Tlog',
            uri: URI,
            timestamp: new Date(Timestamp),
          })),
          payload: { manifestDigest: '', dockerReference: DockerReference, optional: {} },
          refused: [],
        },
        { isDHI: IsDHI },
      )
      const [expected] = partialInput?.image.signatures ?? []
      expect({ ...input, kind: undefined }).toEqual({ ...expected, kind: undefined })
    },
  )
})

describe.skipIf(!hasConformance)('buildx, materials', () => {
  interface MaterialRow extends Partial<Material> {
    readonly identifier?: string
    readonly platform?: string
    readonly attrs?: Record<string, string>
    readonly errorContains?: string
  }
  const cases = hasConformance
    ? conformanceJSON<{ materials: { cases: MaterialRow[] } }>('vectors', 'buildx.json').materials.cases
    : []

  it.each(cases)('$uri, $digest', ({ uri = '', digest = {}, identifier, platform, attrs, errorContains }) => {
    const read = () => materialSource({ uri, digest })
    if (errorContains !== undefined) {
      expect(read).toThrow(errorContains)
      return
    }
    const source = read()
    expect(source.identifier).toBe(identifier)
    if (platform !== undefined) expect(source.platform && formatPlatform(source.platform)).toBe(platform)
    if (attrs !== undefined) expect(source.attrs).toEqual(attrs)
  })
})
