import { describe, expect, it } from 'vitest'
import { readSBOM } from './sbom.ts'

const SPDX = 'https://spdx.dev/Document'
const CYCLONEDX = 'https://cyclonedx.org/bom'
const read = (predicateType: string, predicate: unknown) => readSBOM({ predicateType, predicate })

describe('an SBOM', () => {
  it.each([SPDX, `${SPDX}/v2.3`])('in SPDX lists its packages: %s', type => {
    const packages = [
      {
        name: 'busybox',
        versionInfo: '1.36.1-r2',
        licenseDeclared: 'GPL-2.0-only',
        licenseConcluded: 'NOASSERTION',
        externalRefs: [
          { referenceCategory: 'SECURITY', referenceType: 'cpe23Type', referenceLocator: 'cpe:2.3:a:busybox' },
          {
            referenceCategory: 'PACKAGE-MANAGER',
            referenceType: 'purl',
            referenceLocator: 'pkg:apk/alpine/busybox@1.36.1-r2',
          },
        ],
      },
      { name: 'x', licenseDeclared: 'MIT', licenseConcluded: 'MIT' },
    ]
    expect(read(type, { spdxVersion: 'SPDX-2.3', packages })).toEqual({
      format: 'spdx',
      packages: [
        { name: 'busybox', version: '1.36.1-r2', purl: 'pkg:apk/alpine/busybox@1.36.1-r2', licenses: ['GPL-2.0-only'] },
        { name: 'x', licenses: ['MIT'] },
      ],
    })
  })

  it('in CycloneDX lists its components, nested ones too', () => {
    const components = [
      {
        group: '@acme',
        name: 'app',
        version: '1.0.0',
        purl: 'pkg:npm/%40acme/app@1.0.0',
        licenses: [{ license: { id: 'MIT' } }, { license: { name: 'Own' } }, { expression: 'Apache-2.0 OR MIT' }],
        components: [{ name: 'inner' }],
      },
    ]
    expect(read(CYCLONEDX, { bomFormat: 'CycloneDX', specVersion: '1.6', components })).toEqual({
      format: 'cyclonedx',
      packages: [
        {
          name: '@acme/app',
          version: '1.0.0',
          purl: 'pkg:npm/%40acme/app@1.0.0',
          licenses: ['MIT', 'Own', 'Apache-2.0 OR MIT'],
        },
        { name: 'inner', licenses: [] },
      ],
    })
  })

  it('is none where the predicate is of another type', () => {
    expect(read('https://slsa.dev/provenance/v1', {})).toBeUndefined()
    expect(read('https://spdx.dev/Documents', {})).toBeUndefined()
  })

  it.each([
    ['no object', SPDX, []],
    ['another version', SPDX, { spdxVersion: 'SPDX-3.0' }],
    ['a package without a name', SPDX, { spdxVersion: 'SPDX-2.3', packages: [{}] }],
    ['packages that are no list', SPDX, { spdxVersion: 'SPDX-2.3', packages: {} }],
    ['another format', CYCLONEDX, { bomFormat: 'x' }],
    ['a component without a name', CYCLONEDX, { bomFormat: 'CycloneDX', components: [{}] }],
  ])('with %s is refused', (_, type, predicate) => {
    expect(() => read(type, predicate)).toThrow(expect.objectContaining({ code: 'invalid_predicate' }))
  })

  it('with too many packages is refused', () => {
    const packages = Array(100_001).fill({ name: 'x' })
    const nested = [{ name: 'x', components: packages.slice(1) }]
    const documents = [
      [SPDX, { spdxVersion: 'SPDX-2.3', packages }],
      [CYCLONEDX, { bomFormat: 'CycloneDX', components: nested }],
    ] as const
    for (const [type, document] of documents) {
      expect(() => read(type, document)).toThrow(expect.objectContaining({ code: 'too_large' }))
    }
  })
})
