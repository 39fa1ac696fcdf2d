import { setImmediate } from 'node:timers/promises'
import { type SignatureErrorInput, toCodedError } from '@source-policy/core'
import {
  artifactTypeOf,
  type ContentSource,
  checkSubject,
  type Descriptor,
  type Digest,
  documentKind,
  type FetchedDocument,
  type ImageManifest,
  MEDIA_TYPES,
  type Reference,
  type RegistryContext,
  readCosignTag,
  tellsItsType,
} from '@source-policy/oci'
import { ImageSourceError, type ImageSourceErrorCode } from './error.ts'
import { MAX_CANDIDATE_BYTES, MAX_LAYERS, MAX_OPENED_REFERRERS, MAX_SIGNATURE_BYTES } from './limits.ts'

/** What may be signed: the index, the manifest of the platform, or the manifest of its attestations. */
export interface Place {
  readonly name: 'index' | 'manifest' | 'attestation'
  readonly subject: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>
}

/** A layer that may prove something about a place. It is fetched, and not believed yet. */
export interface Candidate {
  readonly place: Place
  readonly kind: 'bundle' | 'simple-signing' | 'envelope'
  /** Of the layer. */
  readonly digest: Digest
  readonly bytes: Uint8Array
  readonly annotations: Readonly<Record<string, string>>
}

/** What was found at a place. */
export interface Findings {
  readonly candidates: readonly Candidate[]
  /** What is there and cannot be what it says that it is. */
  readonly refused: readonly SignatureErrorInput[]
  /** What could not be had: there may be more than what was found. */
  readonly failed: readonly unknown[]
}

/** Where signatures are looked for. */
export interface SignatureStore {
  readonly images: ContentSource
  readonly repository: Reference
  readonly context: RegistryContext
}

/** Kinds of candidates by the media type of the layer, before any parameter or version. */
const kinds: readonly (readonly [prefix: string, kind: Candidate['kind']])[] = [
  ['application/vnd.dev.sigstore.bundle', 'bundle'],
  [MEDIA_TYPES.simpleSigning, 'simple-signing'],
  [MEDIA_TYPES.dsse, 'envelope'],
]
const kindOf = (mediaType: string) => kinds.find(([prefix]) => mediaType.startsWith(prefix))?.[1]

/** Whether a manifest of this type holds signatures. */
const isSignatureType = (artifactType: string) =>
  artifactType.startsWith('application/vnd.dev.sigstore.bundle') || artifactType === MEDIA_TYPES.cosignSignature

/** All that refers to a place and holds signatures by its type; where the list does not tell the type, by that of the manifest. */
export async function referringCandidates(store: SignatureStore, place: Place): Promise<Findings> {
  const { images, repository, context } = store
  return findings(context, place, async () => {
    const listed = await images.referrers(repository, place.subject.digest, {}, context)
    const promising = listed.filter(({ mediaType, artifactType }) => {
      return documentKind(mediaType) === 'manifest' && (!tellsItsType(artifactType) || isSignatureType(artifactType))
    })
    const opened = promising.slice(0, MAX_OPENED_REFERRERS)
    const budget = { bytes: MAX_CANDIDATE_BYTES }
    const found = await Promise.all(opened.map(referrer => openReferrer(store, place, referrer, budget)))
    if (opened.length < promising.length) found.push({ ...nothing, failed: [tooMany(place, promising.length)] })
    return found
  })
}

/** What cosign keeps about a place under a tag: signatures (`sig`) or attestations (`att`). */
export async function taggedCandidates(store: SignatureStore, place: Place, suffix: 'sig' | 'att'): Promise<Findings> {
  const { images, repository, context } = store
  return findings(context, place, async () => {
    const fetched = await readCosignTag(images, { repository, digest: place.subject.digest, suffix }, context)
    return fetched === undefined ? [] : [await openLayers(store, place, fetched, { bytes: MAX_CANDIDATE_BYTES })]
  })
}

/** All findings in one. */
export function mergeFindings(all: readonly Findings[]): Findings {
  return {
    candidates: all.flatMap(({ candidates }) => candidates),
    refused: all.flatMap(({ refused }) => refused),
    failed: all.flatMap(({ failed }) => failed),
  }
}

/**
 * The candidates one after the other, with a turn for timers before each: hostile, thousands of them take minutes to verify, in which
 * no time limit could be kept. Throws the reason of an abort.
 */
export async function* oneByOne(
  candidates: readonly Candidate[],
  { signal, run }: Pick<RegistryContext, 'signal' | 'run'>,
): AsyncGenerator<Candidate, void, undefined> {
  for (const candidate of candidates) {
    await setImmediate()
    signal.throwIfAborted()
    run.signal.throwIfAborted()
    yield candidate
  }
}

const nothing: Findings = { candidates: [], refused: [], failed: [] }

/** What may still be fetched at a place. */
interface Budget {
  bytes: number
}

async function openReferrer(
  store: SignatureStore,
  place: Place,
  referrer: Descriptor,
  budget: Budget,
): Promise<Findings> {
  const { images, repository, context } = store
  return findings(
    context,
    place,
    async () => {
      const fetched = await images.document(repository, referrer, context)
      const { document } = fetched
      if (document.kind !== 'manifest' || !isSignatureType(artifactTypeOf(document))) return []
      checkSubject(fetched, place.subject)
      return [await openLayers(store, place, { ...fetched, document }, budget)]
    },
    referrer.digest,
  )
}

async function openLayers(
  store: SignatureStore,
  place: Place,
  { digest, document }: FetchedDocument & { readonly document: ImageManifest },
  budget: Budget,
): Promise<Findings> {
  const { images, repository, context } = store
  const layers = document.layers.flatMap(layer => {
    const kind = kindOf(layer.mediaType)
    return kind === undefined ? [] : [{ layer, kind }]
  })
  if (layers.length === 0 || layers.length > MAX_LAYERS) {
    const message = `reading signatures: ${digest} has ${layers.length} of them, expected 1 to ${MAX_LAYERS}`
    return { ...nothing, refused: [{ place: place.name, digest, code: 'invalid_attestation', message }] }
  }
  const read = ({ layer, kind }: (typeof layers)[number]) =>
    findings(
      context,
      place,
      async () => {
        const bytes = await images.blob(repository, layer, { maxBytes: allowance(layer, place, budget) }, context)
        const { annotations = {} } = layer
        return [{ ...nothing, candidates: [{ place, kind, digest: layer.digest, bytes, annotations }] }]
      },
      layer.digest,
    )
  return mergeFindings(await Promise.all(layers.map(read)))
}

/** Codes of what came with the right digest and is wrong in itself. */
const refusals = new Set([
  'content_invalid',
  'invalid_json',
  'media_type_unsupported',
  'size_mismatch',
  'subject_mismatch',
])

/** Whether content was fetched and does not hold: it stands for itself, and nothing is missing. Else it could not be had. */
export function isRefusal(thrown: unknown): boolean {
  const { code } = toCodedError(thrown)
  return refusals.has(code) || (thrown as Error).name === 'AttestationError' || refusedByUs.has(code)
}

const refusedByUs = new Set<string>(['invalid_attestation', 'predicate_type_mismatch'] satisfies ImageSourceErrorCode[])

/** What one step finds; where it fails, why. A list itself cannot be refused: without it nobody knows what there is. */
async function findings(
  { signal, run }: RegistryContext,
  place: Place,
  step: () => Promise<readonly Findings[]>,
  digest?: Digest,
): Promise<Findings> {
  try {
    return mergeFindings(await step())
  } catch (thrown) {
    signal.throwIfAborted()
    run.signal.throwIfAborted()
    if (digest === undefined || !isRefusal(thrown)) return { ...nothing, failed: [thrown] }
    return { ...nothing, refused: [refusalOf({ place, digest }, thrown)] }
  }
}

/** Why a candidate was not accepted. */
export function refusalOf({ place, digest }: Pick<Candidate, 'place' | 'digest'>, error: unknown): SignatureErrorInput {
  const { code, message } = toCodedError(error)
  return { place: place.name, digest, code, message }
}

/** Bytes of the layer, as its manifest has them, taken off the budget. Throws `content_too_large`. */
function allowance({ size, digest }: Descriptor, { subject }: Place, budget: Budget): number {
  budget.bytes -= size
  if (size <= MAX_SIGNATURE_BYTES && budget.bytes >= 0) return size
  throw new ImageSourceError(
    'content_too_large',
    `reading signatures of ${subject.digest}: ${digest} has ${size} bytes, at most ${MAX_SIGNATURE_BYTES} and ${MAX_CANDIDATE_BYTES} for all of them are read`,
  )
}

function tooMany({ subject }: Place, count: number): ImageSourceError {
  return new ImageSourceError(
    'too_many_referrers',
    `looking for signatures of ${subject.digest}: ${count} referrers may be some, at most ${MAX_OPENED_REFERRERS} are opened`,
  )
}
