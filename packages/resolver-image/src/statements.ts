import { decodeStatement, type Statement } from '@source-policy/attestation'
import { type Descriptor, type Digest, digestAlgorithm, digestHex, MEDIA_TYPES } from '@source-policy/oci'
import { type AttestationManifest, type FoundImage, PREDICATE_TYPE } from './attestation-manifest.ts'
import { ImageSourceError } from './error.ts'
import { MAX_LAYERS, MAX_STATEMENT_BYTES } from './limits.ts'

/** A layer that holds a statement, according to its annotation. */
export interface StatementLayer {
  readonly descriptor: Descriptor
  readonly predicateType: string
}

/** The layers that hold statements; others are not looked at. Throws `invalid_attestation` where there are too many. */
export function statementLayers({ descriptor, document }: AttestationManifest): StatementLayer[] {
  const layers = document.layers.flatMap(layer => {
    const predicateType = layer.annotations?.[PREDICATE_TYPE]
    return layer.mediaType === MEDIA_TYPES.inToto && predicateType ? [{ descriptor: layer, predicateType }] : []
  })
  if (layers.length <= MAX_LAYERS) return layers
  throw new ImageSourceError(
    'invalid_attestation',
    `reading attestations: ${descriptor.digest} has ${layers.length} statements, at most ${MAX_LAYERS} are read`,
  )
}

/**
 * The statement in a layer, which has to be of the type that the layer is annotated with, and about this image. BuildKit does not
 * check what a frontend says that a statement is about, so that one inside of an image may be about any other.
 * Throws `predicate_type_mismatch`, `subject_mismatch`, and what fetching and decoding throw.
 *
 * @see https://github.com/moby/buildkit/pull/2935
 */
export async function readStatement(image: FoundImage, layer: StatementLayer): Promise<Statement> {
  const { images, repository, chosen, context } = image
  const { descriptor, predicateType } = layer
  const bytes = await images.blob(repository, descriptor, { maxBytes: MAX_STATEMENT_BYTES }, context)
  const statement = await context.run.once(`image:statement:${descriptor.digest}`, async () => decodeStatement(bytes))
  if (statement.predicateType !== predicateType) {
    throw new ImageSourceError(
      'predicate_type_mismatch',
      `reading statement ${descriptor.digest}: expected the predicate type ${JSON.stringify(predicateType)}, got ${JSON.stringify(statement.predicateType.slice(0, 200))}`,
    )
  }
  if (!isAbout(statement, chosen.descriptor.digest)) {
    throw new ImageSourceError(
      'subject_mismatch',
      `reading statement ${descriptor.digest}: none of its subjects is ${chosen.descriptor.digest}`,
    )
  }
  return statement
}

/** Whether one of the subjects is the content of the digest. */
export function isAbout({ subjects }: Statement, digest: Digest): boolean {
  const algorithm = digestAlgorithm(digest)
  return subjects.some(subject => {
    return Object.hasOwn(subject.digest, algorithm) && subject.digest[algorithm] === digestHex(digest)
  })
}

/** The first of the layers whose statement is about this image; what is wrong with one leaves the next. */
export async function firstStatement(
  image: FoundImage,
  layers: readonly StatementLayer[],
): Promise<{ readonly layer: StatementLayer; readonly statement: Statement } | undefined> {
  let unrelated: unknown
  for (const layer of layers) {
    try {
      return { layer, statement: await readStatement(image, layer) }
    } catch (error) {
      // a statement about another image says nothing of this one; what is broken stays so
      if ((error as { code?: unknown }).code !== 'subject_mismatch') throw error
      unrelated ??= error
    }
  }
  if (unrelated !== undefined) throw unrelated
  return undefined
}
