import { AttestationError } from './error.ts'
import { createReader, isObject, type JSONObject } from './json.ts'
import { MAX_PACKAGE_LICENSES, MAX_SBOM_PACKAGES } from './limits.ts'
import type { Statement } from './statement.ts'

/** One package of an SBOM. */
export interface SBOMPackage {
  readonly name: string
  readonly version?: string
  /** `pkg:apk/alpine/busybox@1.36.1` */
  readonly purl?: string
  /** SPDX identifiers and expressions, or names, each once; declared before concluded. */
  readonly licenses: readonly string[]
}

/** What an SBOM lists. */
export interface SBOM {
  readonly format: 'spdx' | 'cyclonedx'
  readonly packages: readonly SBOMPackage[]
}

/** By what a type of predicates begins; versions follow it: `https://spdx.dev/Document/v2.3`. */
const formats = [
  { type: 'https://spdx.dev/Document', read: readSPDX },
  { type: 'https://cyclonedx.org/bom', read: readCycloneDX },
] as const

const formatOf = (predicateType: string) =>
  formats.find(({ type }) => predicateType === type || predicateType.startsWith(`${type}/`))

/** Whether `readSBOM` knows the type: SPDX or CycloneDX. */
export function isSBOM(predicateType: string): boolean {
  return formatOf(predicateType) !== undefined
}

/**
 * The packages that an SBOM lists (SPDX 2 or CycloneDX, in JSON); undefined where the predicate is of another type. Throws
 * `invalid_predicate` and `too_large`.
 *
 * @see https://spdx.github.io/spdx-spec/v2.3/package-information/
 * @see https://cyclonedx.org/docs/1.6/json/#components
 */
export function readSBOM({
  predicateType,
  predicate,
}: Pick<Statement, 'predicateType' | 'predicate'>): SBOM | undefined {
  return formatOf(predicateType)?.read(predicate)
}

function readSPDX(predicate: unknown): SBOM {
  const reader = createReader('invalid_predicate', 'SPDX document')
  const document = reader.object(predicate, 'the predicate')
  const version = reader.string(document.spdxVersion, 'spdxVersion')
  if (!version.startsWith('SPDX-2.')) reader.fail(`unknown version ${JSON.stringify(version)}`)
  const packages = reader.array(document.packages ?? [], 'packages', MAX_SBOM_PACKAGES).map((item, n): SBOMPackage => {
    const where = `packages[${n}]`
    const found = reader.object(item, where)
    const references = reader.array(found.externalRefs ?? [], `${where}.externalRefs`, MAX_SBOM_PACKAGES)
    const purl = references.filter(isObject).find(({ referenceType }) => referenceType === 'purl')?.referenceLocator
    return packageOf({
      name: reader.string(found.name, `${where}.name`),
      version: found.versionInfo,
      purl,
      licenses: [found.licenseDeclared, found.licenseConcluded].filter(
        license => license !== 'NOASSERTION' && license !== 'NONE',
      ),
    })
  })
  return { format: 'spdx', packages }
}

function readCycloneDX(predicate: unknown): SBOM {
  const reader = createReader('invalid_predicate', 'CycloneDX document')
  const document = reader.object(predicate, 'the predicate')
  if (document.bomFormat !== 'CycloneDX') reader.fail(`unknown bomFormat ${JSON.stringify(document.bomFormat)}`)
  const packages: SBOMPackage[] = []
  const add = (components: unknown, where: string) => {
    for (const [n, item] of reader.array(components ?? [], where, MAX_SBOM_PACKAGES).entries()) {
      const found = reader.object(item, `${where}[${n}]`)
      const name = reader.string(found.name, `${where}[${n}].name`)
      const group = typeof found.group === 'string' && found.group !== '' ? `${found.group}/` : ''
      const licenses = reader.array(found.licenses ?? [], `${where}[${n}].licenses`, MAX_PACKAGE_LICENSES)
      if (packages.length >= MAX_SBOM_PACKAGES) {
        throw new AttestationError('too_large', `reading CycloneDX document: more than ${MAX_SBOM_PACKAGES} components`)
      }
      packages.push(
        packageOf({
          name: group + name,
          version: found.version,
          purl: found.purl,
          licenses: licenses.filter(isObject).map(licenseOf),
        }),
      )
      add(found.components, `${where}[${n}].components`)
    }
  }
  add(document.components, 'components')
  return { format: 'cyclonedx', packages }
}

function licenseOf({ expression, license }: JSONObject): unknown {
  if (!isObject(license)) return expression
  return license.id ?? license.name
}

function packageOf(found: {
  name: string
  version: unknown
  purl: unknown
  licenses: readonly unknown[]
}): SBOMPackage {
  const { name, version, purl, licenses } = found
  return {
    name,
    ...(isText(version) && { version }),
    ...(isText(purl) && { purl }),
    licenses: [...new Set(licenses.filter(isText))],
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
