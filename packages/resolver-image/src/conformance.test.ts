import { formatPath, type ImageInput, type Path } from '@source-policy/core'
import { decodeImageConfig, parsePlatform } from '@source-policy/oci'
import { describe, expect, it } from 'vitest'
import { conformanceJSON, hasConformance } from '../../../test/conformance.ts'
import { configFacts } from './config-facts.ts'
import { describeImageSource, parseImageSource } from './image-source.ts'

interface Row {
  readonly name: string
  readonly identifier: string | null
  readonly attrs?: Record<string, string>
  readonly platform?: string
  readonly imageMeta?: { readonly digest?: string; readonly configRaw?: string; readonly attestationChain?: object }
  readonly verifierReturns?: object
  readonly input?: { readonly image: ImageInput }
  readonly unknowns?: readonly string[]
  readonly error?: string
}

const rows = hasConformance
  ? conformanceJSON<{ source_to_input: { cases: Row[] } }>('vectors', 'buildx.json').source_to_input.cases
  : []
// what an attestation chain says is not read from an index here, and has tests of its own
const needsChain = ({ imageMeta, verifierReturns }: Row) =>
  imageMeta?.attestationChain !== undefined || verifierReturns !== undefined
const imageRows = rows.filter(row => row.identifier?.startsWith('docker-image://') && !needsChain(row))

describe.skipIf(!hasConformance)('buildx, source to input', () => {
  it('has rows', () => expect(imageRows.length).toBeGreaterThan(0))

  it.each(imageRows)('$name', ({ identifier, attrs = {}, platform, imageMeta, input, unknowns, error }) => {
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
      const isOpen = (path: Path) => !answered.has(formatPath(path)) && path.at(-1) !== 'createdTime'
      return { image: { ...description.input.image, ...facts }, unknown: description.unknown.filter(isOpen) }
    }
    if (error !== undefined) {
      // each is one of ours, with a code of its own
      expect(build).toThrow(expect.objectContaining({ code: expect.any(String) }))
      return
    }
    const { image, unknown } = build()
    if (input !== undefined) expect(image).toEqual(input.image)
    if (unknowns !== undefined) expect(unknown.map(formatPath)).toEqual(unknowns)
  })
})
