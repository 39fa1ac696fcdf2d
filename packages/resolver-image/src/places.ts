import type { FoundImage } from './attestation-manifest.ts'
import type { Place } from './candidates.ts'

/** Where a signature of the image may stand, its attestation manifest apart: the manifest, and the indexes that lead to it. */
export function placesOf({ root, chosen }: FoundImage): Place[] {
  const places: Place[] = []
  for (const index of [root, chosen.index]) {
    if (index === undefined || index.document.kind !== 'index') continue
    if (places.some(({ subject }) => subject.digest === index.digest)) continue
    const { mediaType } = index.document
    places.push({ name: 'index', subject: { mediaType, digest: index.digest, size: index.bytes.byteLength } })
  }
  const { mediaType, digest, size } = chosen.descriptor
  return [...places, { name: 'manifest', subject: { mediaType, digest, size } }]
}
