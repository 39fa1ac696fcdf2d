import {
  AttestationError,
  matchesIdentity,
  type PublicKey,
  parsePublicKey,
  parseTrustRoot,
  type Statement,
  signatureInput,
  type TrustRoot,
  type VerifiedSignature,
} from '@source-policy/attestation'
import { type Answer, type HostFunctionContext, type SignatureErrorInput, toCodedError } from '@source-policy/core'
import { digestOf } from '@source-policy/oci'
import type { AttestedImage } from './attestation-facts.ts'
import { type FoundImage, findAttestation, readAttestation } from './attestation-manifest.ts'
import { COSIGN_SIGNATURE } from './attestations.ts'
import {
  type Candidate,
  type Findings,
  isRefusal,
  mergeFindings,
  oneByOne,
  type Place,
  referringCandidates,
  refusalOf,
  taggedCandidates,
} from './candidates.ts'
import { ImageSourceError } from './error.ts'
import { MAX_KEY_BYTES } from './limits.ts'
import { placesOf } from './places.ts'
import { checkBound } from './signatures.ts'
import { type TrustRoots, timeOf } from './trust.ts'
import { type Authority, verifyCandidate } from './verify-candidate.ts'
import { readVerifyOptions, type VerifyImageOptions } from './verify-options.ts'

/** A key or an identity of the options, or anybody whom a trust root certifies. */
interface Wanted {
  /** The key file; undefined for a certificate. */
  readonly key?: string
  readonly authority: Authority
  accepts(verified: VerifiedSignature): boolean
}

/** A signature of which somebody wanted made. */
interface Accepted {
  readonly by: readonly Wanted[]
  /** Equal for signatures by the same key or identity. */
  readonly signer: string
  readonly value: Readonly<Record<string, unknown>>
}

/**
 * `verify_image(input.image, options)`: what was verified of the image, or undefined with the reason. A signature may be on the index, on the
 * manifest of the platform, or on its attestation manifest, as a referrer or under a tag of cosign. What was verified stands although other places cannot
 * be reached; that nobody signed is only said where all were. Rejects with `invalid_call` for options that are none.
 */
export async function verifyImage(
  image: AttestedImage,
  options: VerifyImageOptions,
  context: Pick<HostFunctionContext, 'files' | 'run' | 'signal'>,
): Promise<Answer> {
  const wanted = await wantedSigners(options, context, image.trustRoots)
  const { candidates, refused, failed } = mergeFindings(await searchPlaces(image, options))
  const accepted: Accepted[] = []
  const reasons: SignatureErrorInput[] = [...refused]
  for await (const item of oneByOne(candidates, image.context)) {
    const outcome = await judge(item, wanted, options, timeOf(image.context))
    if ('reason' in outcome) reasons.push(outcome.reason)
    else accepted.push(outcome)
  }
  if (reached(accepted, options, wanted) >= options.threshold) return { value: accepted.map(({ value }) => value) }
  if (failed.length > 0) return { unavailable: toCodedError(failed[0]) }
  return { undefined: `verify_image: ${describe(accepted.length, reasons, options)}` }
}

/** Reads the options of a call. Throws `invalid_call`. */
export function readVerifyCall(
  args: readonly unknown[],
  { path }: Pick<HostFunctionContext, 'path'>,
): VerifyImageOptions {
  if (path.length !== 1) {
    throw new ImageSourceError('invalid_call', 'verify_image: the first argument is not input.image')
  }
  return readVerifyOptions(args[1])
}

async function wantedSigners(
  { keys, identities, trustRoot }: VerifyImageOptions,
  context: Pick<HostFunctionContext, 'files' | 'run' | 'signal'>,
  operator: TrustRoots,
): Promise<Wanted[]> {
  const byKey = await Promise.all(
    keys.map(async (key): Promise<Wanted> => {
      const parsed = await parseFile(key, context, bytes => parsePublicKey(bytes))
      return { key, authority: { key: parsed }, accepts: () => true }
    }),
  )
  refuseEqualKeys(byKey)
  if (identities.length === 0 && keys.length > 0) return byKey
  const trustRoots = trustRoot === undefined ? await operator(context) : [await readTrustRoot(trustRoot, context)]
  const authority = { trustRoots }
  if (identities.length === 0) return [{ authority, accepts: () => true }]
  const byIdentity = identities.map((identity): Wanted => {
    return { authority, accepts: ({ signer }) => signer !== undefined && matchesIdentity(signer, identity) }
  })
  return [...byKey, ...byIdentity]
}

/** Two files with one key would let one signer count for two. */
function refuseEqualKeys(wanted: readonly Wanted[]): void {
  const fingerprints = wanted.map(({ authority }) => ('key' in authority ? authority.key.fingerprint : ''))
  if (new Set(fingerprints).size === fingerprints.length) return
  throw new ImageSourceError('invalid_call', 'verify_image: two of the keys are the same')
}

/** Parsed once in a run, so that certificates that it led to are remembered. */
async function readTrustRoot(
  file: string,
  context: Pick<HostFunctionContext, 'files' | 'run' | 'signal'>,
): Promise<TrustRoot> {
  return parseFile(file, context, bytes =>
    context.run.once(`image:trust-root:${file}:${digestOf(bytes)}`, () => parseTrustRoot(bytes, { name: file })),
  )
}

async function parseFile<T>(
  file: string,
  { files }: Pick<HostFunctionContext, 'files'>,
  parse: (bytes: Uint8Array) => T | Promise<T>,
): Promise<T> {
  const bytes = await files.read(file, { maxBytes: MAX_KEY_BYTES })
  if (bytes === undefined) {
    throw new ImageSourceError('invalid_call', `verify_image: there is no file ${file} in the root of the policy`)
  }
  try {
    return await parse(bytes)
  } catch (cause) {
    if (!(cause instanceof AttestationError)) throw cause
    throw new ImageSourceError('invalid_call', `verify_image: ${file}: ${cause.message}`, { cause })
  }
}

/** What there is at all places, asked for side by side. */
async function searchPlaces(
  image: AttestedImage,
  { attestation, repository }: VerifyImageOptions,
): Promise<Findings[]> {
  const store = repository === undefined ? image : { ...image, repository, images: image.registry }
  const suffix = attestation === undefined ? 'sig' : 'att'
  const search = (place: Place) => [referringCandidates(store, place), taggedCandidates(store, place, suffix)]
  return Promise.all([...placesOf(image).flatMap(search), searchAttestation(image, search)])
}

/** What is signed on the attestation manifest counts where that manifest is about the image. */
async function searchAttestation(
  image: FoundImage,
  search: (place: Place) => readonly Promise<Findings>[],
): Promise<Findings> {
  const none = { candidates: [], refused: [], failed: [] }
  try {
    const descriptor = await findAttestation(image)
    if (descriptor === undefined) return none
    const place: Place = { name: 'attestation', subject: descriptor }
    const found = mergeFindings(await Promise.all(search(place)))
    if (found.candidates.length === 0) return found
    try {
      checkBound(image, await readAttestation(image, descriptor))
      return found
    } catch (error) {
      if (!isRefusal(error)) throw error
      return { ...none, refused: [refusalOf({ place, digest: descriptor.digest }, error)], failed: found.failed }
    }
  } catch (error) {
    image.context.signal.throwIfAborted()
    image.context.run.signal.throwIfAborted()
    return { ...none, failed: [error] }
  }
}

/** Whose signature a candidate is, of those that are wanted; else why of none. */
async function judge(
  item: Candidate,
  wanted: readonly Wanted[],
  options: VerifyImageOptions,
  now: Date,
): Promise<Accepted | { readonly reason: SignatureErrorInput }> {
  const proofs = new Map<Authority, VerifiedSignature>()
  const by: Wanted[] = []
  let problem: unknown
  for (const one of wanted) {
    try {
      const verified = proofs.get(one.authority) ?? (await verifyCandidate(item, one.authority, now))
      proofs.set(one.authority, verified)
      checkContent(verified, options)
      if (one.accepts(verified)) by.push(one)
      else problem ??= wrongIdentity(verified)
    } catch (error) {
      problem ??= error
    }
  }
  const [first] = by
  const verified = first && proofs.get(first.authority)
  if (first === undefined || verified === undefined) return { reason: refusalOf(item, problem) }
  return { by, signer: signerOf(verified), value: acceptedValue(item, verified, first) }
}

/** Throws unless it signs what is wanted: the image, or a statement of the type, with the annotations. */
function checkContent(
  { statement, payload }: VerifiedSignature,
  { attestation, annotations }: VerifyImageOptions,
): void {
  const type = statement?.predicateType ?? COSIGN_SIGNATURE
  if (type !== (attestation ?? COSIGN_SIGNATURE)) {
    const expected = attestation === undefined ? 'a signature of the image' : JSON.stringify(attestation)
    throw new ImageSourceError(
      'predicate_type_mismatch',
      `checking signature: expected ${expected}, got a statement of the type ${JSON.stringify(type.slice(0, 200))}`,
    )
  }
  const signed = { ...payload?.optional, ...annotationsOf(statement) }
  for (const [name, value] of Object.entries(annotations)) {
    if (Object.hasOwn(signed, name) && signed[name] === value) continue
    throw new ImageSourceError(
      'annotation_mismatch',
      `checking signature: expected the annotation ${JSON.stringify(name)} to be ${JSON.stringify(value)}`,
    )
  }
}

/** Those of a statement about one subject; of several nobody could say whose they are. */
function annotationsOf(statement: Statement | undefined): Readonly<Record<string, unknown>> {
  const [only, ...others] = statement?.subjects ?? []
  return others.length === 0 ? (only?.annotations ?? {}) : {}
}

function wrongIdentity({ signer }: VerifiedSignature): AttestationError {
  const name = JSON.stringify(signer?.subjectAlternativeName ?? '')
  return new AttestationError(
    'wrong_identity',
    `checking signature: ${name} of ${JSON.stringify(signer?.issuer ?? '')} is not the identity that is wanted`,
  )
}

function signerOf({ key, signer }: VerifiedSignature): string {
  return key === undefined ? JSON.stringify([signer?.issuer, signer?.subjectAlternativeName]) : fingerprintOf(key)
}

const fingerprintOf = ({ fingerprint }: PublicKey) => `key ${fingerprint}`

function acceptedValue({ place }: Candidate, verified: VerifiedSignature, { key }: Wanted): Accepted['value'] {
  const { statement } = verified
  return {
    place: place.name,
    digest: place.subject.digest,
    ...signatureInput(verified),
    ...(key !== undefined && { key }),
    ...(statement !== undefined && { predicateType: statement.predicateType, predicate: statement.predicate }),
  }
}

/** How many of the wanted ones have signed, each by another signer; where anybody is wanted, how many signers there are. */
function reached(
  accepted: readonly Accepted[],
  { keys, identities }: VerifyImageOptions,
  wanted: readonly Wanted[],
): number {
  const wantedBySigner = new Map<string, Set<Wanted>>()
  for (const { signer, by } of accepted) {
    wantedBySigner.set(signer, new Set([...(wantedBySigner.get(signer) ?? []), ...by]))
  }
  if (keys.length + identities.length === 0) return wantedBySigner.size
  // one signer may be several of those that are wanted, so each has to be given one: a maximum matching
  const given = new Map<Wanted, string>()
  const assign = (signer: string, tried: Set<Wanted>): boolean => {
    for (const one of wantedBySigner.get(signer) ?? []) {
      if (tried.has(one)) continue
      tried.add(one)
      const other = given.get(one)
      if (other === undefined || assign(other, tried)) {
        given.set(one, signer)
        return true
      }
    }
    return false
  }
  let count = 0
  for (const signer of wantedBySigner.keys()) if (assign(signer, new Set())) count++
  return Math.min(count, wanted.length)
}

function describe(count: number, reasons: readonly SignatureErrorInput[], { threshold }: VerifyImageOptions): string {
  const found =
    threshold === 1 ? 'no signature was accepted' : `${count} signatures were accepted, by too few of the ${threshold}`
  if (reasons.length === 0) return `${found}; there are no others`
  const told = reasons
    .slice(0, MAX_REASONS)
    .map(({ place, digest, code, message }) => `${place} ${digest} ${code}: ${message}`)
  const more = reasons.length > told.length ? [`and ${reasons.length - told.length} more`] : []
  return `${found}; ${[...told, ...more].join('; ')}`
}

/** Refused signatures that a reason tells of. */
const MAX_REASONS = 8
