import { isProvenance, isSBOM, type Material, readProvenance, readSBOM } from '@source-policy/attestation'
import { type ChildSource, type ProvenanceInput, type SBOMInput, toCodedError } from '@source-policy/core'
import { type FoundImage, findAttestation, readAttestation } from './attestation-manifest.ts'
import { pathOf } from './image-source.ts'
import { type MaterialSource, materialSource } from './materials.ts'
import { firstStatement, statementLayers } from './statements.ts'

/** What the provenance of an image says. */
export interface FoundProvenance {
  readonly value: ProvenanceInput
  /** Materials as sources, at their places in the input. */
  readonly children: readonly ChildSource[]
  readonly warnings: readonly string[]
}

/** The first provenance that is about the image; undefined where it has none. Throws where there is one that cannot be read. */
export async function provenanceOf(image: FoundImage): Promise<FoundProvenance | undefined> {
  const found = await statementOf(image, isProvenance)
  const provenance = found && readProvenance(found)
  if (provenance === undefined) return undefined
  const { materials, ...value } = provenance
  const { sources, warnings } = materialSources(materials)
  return {
    value,
    children: sources.map((source, index) => ({ path: [...pathOf('provenance'), 'materials', index], ...source })),
    warnings,
  }
}

/** What the first SBOM that is about the image lists; undefined where it has none. Throws as `provenanceOf`. */
export async function sbomOf(image: FoundImage): Promise<SBOMInput | undefined> {
  const found = await statementOf(image, isSBOM)
  const sbom = found && readSBOM(found)
  return (
    sbom && {
      format: sbom.format,
      packages: sbom.packages.map(({ licenses, ...item }) => ({
        ...item,
        ...(licenses.length > 0 && { licenses: [...licenses] }),
      })),
    }
  )
}

async function statementOf(image: FoundImage, isWanted: (predicateType: string) => boolean) {
  const descriptor = await findAttestation(image, isWanted)
  if (descriptor === undefined) return undefined
  const layers = statementLayers(await readAttestation(image, descriptor))
  const first = await firstStatement(
    image,
    layers.filter(({ predicateType }) => isWanted(predicateType)),
  )
  return first?.statement
}

/** Those that no builder could use are left out, as in buildx, so that the others have the same numbers. */
function materialSources(materials: readonly Material[]): { sources: MaterialSource[]; warnings: string[] } {
  const sources: MaterialSource[] = []
  const warnings: string[] = []
  for (const material of materials) {
    try {
      sources.push(materialSource(material))
    } catch (error) {
      warnings.push(`a material of the provenance is left out: ${toCodedError(error).message}`)
    }
  }
  return { sources, warnings }
}
