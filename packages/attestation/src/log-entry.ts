import type { TransparencyLogEntry } from '@sigstore/bundle'
import { type SignedEntity, Verifier, type TrustMaterial as VerifierMaterial } from '@sigstore/verify'
import { AttestationError } from './error.ts'
import { decodeBounded, isObject } from './json.ts'
import { MAX_ANNOTATION_BYTES, MAX_BUNDLE_BYTES, MAX_CHECKPOINT_LENGTH, MAX_PROOF_HASHES } from './limits.ts'
import { decodePEM } from './pem.ts'
import { checkPromisedEntry } from './promised-entry.ts'
import type { SignedContent } from './signed-content.ts'
import type { LogAuthority, TrustMaterial } from './trust-material.ts'
import type { VerifiedTimestamp } from './verified-signature.ts'

/** Who signed, as log entries name them. */
export interface LoggedSigner {
  /** SubjectPublicKeyInfo. */
  readonly spki: Buffer
  readonly certificate?: Buffer
}

export interface VerifiedLogEntry {
  readonly log: LogAuthority
  /** When the log says that it was there; entries of Rekor 2 have no time. */
  readonly timestamp?: VerifiedTimestamp
}

/**
 * Proves that a log of the trust root has the entry, and that the entry is of this signature, over this content, by this
 * signer. Throws `untrusted_log_entry`.
 */
export function verifyLogEntry(
  entry: TransparencyLogEntry,
  content: SignedContent,
  signer: LoggedSigner,
  { logs }: TrustMaterial,
): VerifiedLogEntry {
  const name = `entry ${entry.logIndex} of log ${entry.logId.keyId.toString('hex').slice(0, 16)}`
  const fail = (problem: string, cause?: unknown): never => {
    throw new AttestationError('untrusted_log_entry', `checking ${name}: ${problem}`, { cause })
  }
  const log = logs.find(({ logID }) => logID.equals(entry.logId.keyId)) ?? fail('no such log in the trust root')
  checkConsistency(entry, fail)
  const spec = checkSigner(entry, signer, fail)
  const { kind, version } = entry.kindVersion
  try {
    if (`${kind}/${version}` === 'intoto/0.0.1') checkPromisedEntry(entry, spec, content, log)
    else {
      new Verifier(trusting(log), NO_THRESHOLDS).verify({
        tlogEntries: [withSignaturesOf(log, entry)],
        signature: asVerifierContent(kind, content),
        key: { $case: 'public-key', hint: '' },
        timestamps: [],
      })
    }
  } catch (cause) {
    fail(cause instanceof Error ? cause.message : String(cause), cause)
  }
  if (entry.inclusionPromise === undefined || entry.integratedTime === '0') return { log }
  const timestamp = new Date(Number(entry.integratedTime) * 1000)
  return { log, timestamp: { type: 'Tlog', uri: log.baseURL, timestamp } }
}

/*
 * @sigstore/verify has no function for a single entry, and gives up where one of several is bad. So it gets an entity that has
 * nothing but one entry; what else it asks for was checked before, or is counted by the caller.
 */

const NO_THRESHOLDS = { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 }

function trusting(log: LogAuthority): VerifierMaterial {
  return {
    tlogs: [log],
    ctlogs: [],
    certificateAuthorities: [],
    timestampAuthorities: [],
    publicKey: () => ({ publicKey: log.publicKey, validFor: () => true }),
  }
}

function asVerifierContent(kind: string, content: SignedContent): SignedEntity['signature'] {
  return {
    signature: content.signature,
    compareSignature: signature => content.signature.equals(signature),
    compareDigest: digest => content.isLoggedAs(kind, digest),
    verifySignature: () => true,
  }
}

/** What is said twice has to be the same, whoever of the readers relies on which. */
function checkConsistency(entry: TransparencyLogEntry, fail: (problem: string) => never): void {
  const { inclusionProof: proof, inclusionPromise, logIndex, kindVersion } = entry
  if (!/^\d+$/.test(logIndex)) fail('its index is no number')
  if (proof === undefined) return
  if (proof.hashes.length > MAX_PROOF_HASHES) fail(`${proof.hashes.length} hashes of a proof`)
  const envelope = proof.checkpoint?.envelope ?? fail('its proof has no checkpoint')
  if (envelope.length > MAX_CHECKPOINT_LENGTH) fail(`a checkpoint of ${envelope.length} characters`)
  const [, size, root] = envelope.split('\n', 3)
  if (proof.rootHash.length > 0 && proof.rootHash.toString('base64') !== root) fail('root hash of another checkpoint')
  if (proof.treeSize !== '0' && proof.treeSize !== size) fail('tree size of another checkpoint')
  // shards of Rekor 1 count anew, and there the promise holds the index
  if (inclusionPromise === undefined && kindVersion.version === '0.0.2' && kindVersion.kind !== 'intoto') {
    if (logIndex !== proof.logIndex) fail('index of another entry')
  }
}

/**
 * The entry with a checkpoint that has no signatures but those in the name of the log. Names come from the bundle, and
 * @sigstore/verify takes them for regular expressions.
 */
function withSignaturesOf({ baseURL }: LogAuthority, entry: TransparencyLogEntry): TransparencyLogEntry {
  const envelope = entry.inclusionProof?.checkpoint?.envelope
  if (envelope === undefined) return entry
  const end = envelope.indexOf('\n\n') + 2
  const lines = envelope.slice(end).split('\n')
  const kept = lines.filter(line => {
    const [dash, name = ''] = line.split(' ')
    return dash === '\u2014' && name !== '' && baseURL.includes(name)
  })
  const checkpoint = { envelope: envelope.slice(0, end) + kept.map(line => `${line}\n`).join('') }
  return { ...entry, inclusionProof: { ...entry.inclusionProof!, checkpoint } }
}

/** Where each kind of entry has who signed. */
const verifiers: Readonly<Record<string, (spec: unknown) => unknown>> = {
  'hashedrekord/0.0.1': spec => at(spec, 'signature', 'publicKey', 'content'),
  'hashedrekord/0.0.2': spec => at(spec, 'hashedRekordV002', 'signature', 'verifier'),
  'dsse/0.0.1': spec => at(spec, 'signatures', 0, 'verifier'),
  'dsse/0.0.2': spec => at(spec, 'dsseV002', 'signatures', 0, 'verifier'),
  'intoto/0.0.1': spec => at(spec, 'publicKey'),
  'intoto/0.0.2': spec => at(spec, 'content', 'envelope', 'signatures', 0, 'publicKey'),
}

/** Whether the entry names the signer. Returns what the entry specifies. */
function checkSigner(
  entry: TransparencyLogEntry,
  signer: LoggedSigner,
  fail: (problem: string, cause?: unknown) => never,
): unknown {
  const { kind, version } = entry.kindVersion
  const body = decodeBounded(entry.canonicalizedBody, { what: 'log entry', maxBytes: MAX_BUNDLE_BYTES })
  if (!isObject(body) || body.kind !== kind || body.apiVersion !== version) fail(`it is not of kind ${kind}/${version}`)
  const select = verifiers[`${kind}/${version}`] ?? fail(`unknown kind ${kind}/${version}`)
  const spec = at(body, 'spec')
  const logged = keyIn(select(spec)) ?? fail('it does not say who signed')
  const expected = logged.type === 'certificate' ? signer.certificate : signer.spki
  if (expected === undefined || !expected.equals(logged.der)) fail('it was signed by somebody else')
  return spec
}

/** PEM in base64, or the message that Rekor 2 has. */
function keyIn(value: unknown): { type: 'certificate' | 'key'; der: Buffer } | undefined {
  if (typeof value === 'string' && value.length <= MAX_ANNOTATION_BYTES) {
    const [block, ...more] = decodePEM(Buffer.from(value, 'base64').toString('latin1'))
    if (block === undefined || more.length > 0) return undefined
    return { type: block.label === 'CERTIFICATE' ? 'certificate' : 'key', der: block.der }
  }
  const certificate = at(value, 'x509Certificate', 'rawBytes')
  if (typeof certificate === 'string') return { type: 'certificate', der: Buffer.from(certificate, 'base64') }
  const key = at(value, 'publicKey', 'rawBytes')
  return typeof key === 'string' ? { type: 'key', der: Buffer.from(key, 'base64') } : undefined
}

function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((found, key) => {
    if (Array.isArray(found)) return typeof key === 'number' ? found[key] : undefined
    return isObject(found) ? found[key] : undefined
  }, value)
}
