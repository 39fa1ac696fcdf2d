import type { TransparencyLogEntry } from '@sigstore/bundle'
import { type Certificate, isValidAt, parseCertificate } from './certificate.ts'
import { certificatePath, PURPOSES } from './certificate-chain.ts'
import { readSigner } from './certificate-signer.ts'
import { sha256 } from './check-signature.ts'
import { AttestationError } from './error.ts'
import { MAX_CHAIN_CERTIFICATES, MAX_LOG_ENTRIES, MAX_REMEMBERED_CERTIFICATES, MAX_TIMESTAMPS } from './limits.ts'
import { type LoggedSigner, verifyLogEntry } from './log-entry.ts'
import { type PublicKey, publicKeyOf } from './public-key.ts'
import { certificateLogs } from './sct.ts'
import type { SignedContent } from './signed-content.ts'
import type { Signer } from './signer.ts'
import { verifyTimestamp } from './timestamp.ts'
import type { CertificateAuthority, LogAuthority, TrustMaterial } from './trust-material.ts'
import type { TrustRoot } from './trust-root.ts'
import {
  DEFAULT_THRESHOLDS,
  type VerifiedSignature,
  type VerifiedTimestamp,
  type VerifyOptions,
} from './verified-signature.ts'

/** What came along with a signature. */
export interface Evidence {
  /** In DER: the signer's, and those that may lead from it to an authority. */
  readonly certificate?: Uint8Array
  readonly intermediates: readonly Uint8Array[]
  readonly logEntries: readonly TransparencyLogEntry[]
  /** RFC 3161 responses in DER. */
  readonly timestamps: readonly Uint8Array[]
}

type Proof = Pick<VerifiedSignature, 'signer' | 'key' | 'timestamps' | 'trustRoot' | 'refused'>

/**
 * Proves who signed the content, by the first trust root that can. Throws the error of the root that came furthest, with
 * the others' in `refused`.
 */
export async function verifySignature(
  content: SignedContent,
  evidence: Evidence,
  options: VerifyOptions,
): Promise<Proof> {
  checkAmounts(evidence)
  if (options.key === undefined && evidence.certificate === undefined) {
    throw new AttestationError('wrong_signer_kind', 'checking signature: expected a certificate, got a key or nothing')
  }
  if (options.key !== undefined && evidence.certificate !== undefined) {
    throw new AttestationError('wrong_signer_kind', 'checking signature: expected one by a key, got a certificate')
  }
  const roots = options.trustRoots.length > 0 ? options.trustRoots : [undefined]
  const errors: AttestationError[] = []
  for (const root of roots) {
    try {
      return await verifyBy(root, content, evidence, options)
    } catch (error) {
      if (!(error instanceof AttestationError)) throw error
      errors.push(error)
    }
  }
  const furthest = errors.find(({ code }) => code !== 'untrusted_certificate') ?? errors[0]!
  if (errors.length === 1) throw furthest
  throw new AttestationError(furthest.code, furthest.message, { cause: furthest.cause, refused: errors })
}

/** One step a line: who, what, when, and whether that goes together. */
async function verifyBy(
  root: TrustRoot | undefined,
  content: SignedContent,
  evidence: Evidence,
  { key, thresholds, now }: VerifyOptions,
): Promise<Proof> {
  const given = typeof thresholds === 'function' ? root && thresholds(root) : thresholds
  const wanted = { ...DEFAULT_THRESHOLDS, ...given }
  const material = root?.material ?? NOTHING
  const certificate = key === undefined ? certifiedBy(material, evidence) : undefined
  const signingKey = key ?? certificate!.key
  if (!(await content.isSignedBy(signingKey))) {
    throw new AttestationError('signature_mismatch', 'checking signature: the key did not make it over this content')
  }
  const { times, logs, refused } = attest(content, evidence, loggedSigner(signingKey, certificate), material)
  expectAtLeast('too_few_log_entries', 'transparency logs', new Set(logs).size, wanted.tlog, refused)
  expectAtLeast(
    'too_few_timestamps',
    'trusted timestamps',
    new Set(times.map(({ uri }) => uri)).size,
    wanted.timestamp,
    refused,
  )
  const moments = times.length > 0 ? times.map(({ timestamp }) => timestamp) : [now]
  checkLogKeys(logs, moments)
  if (key !== undefined) checkKeyValidity(key, moments)
  else {
    const path = pathAt(certificate!, moments)
    expectAtLeast('too_few_scts', 'certificate transparency logs', path.scts().size, wanted.sct, [])
  }
  return {
    ...(certificate && { signer: certificate.signer }),
    ...(key && { key }),
    timestamps: times,
    ...(root && { trustRoot: root }),
    refused,
  }
}

const NOTHING: TrustMaterial = {
  certificateAuthorities: [],
  timestampAuthorities: [],
  logs: [],
  ctLogs: [],
  remembered: new Map(),
}

function checkAmounts({ intermediates, logEntries, timestamps }: Evidence): void {
  const amounts = [
    ['certificates', intermediates.length, MAX_CHAIN_CERTIFICATES],
    ['log entries', logEntries.length, MAX_LOG_ENTRIES],
    ['timestamps', timestamps.length, MAX_TIMESTAMPS],
  ] as const
  for (const [what, amount, max] of amounts) {
    if (amount > max) {
      throw new AttestationError('too_large', `checking signature: ${amount} ${what}, at most ${max} are allowed`)
    }
  }
}

/** A certificate of a signer, and how it leads to authorities of the trust root. */
export interface VerifiedCertificate {
  readonly signer: Signer
  readonly key: PublicKey
  readonly der: Buffer
  readonly paths: readonly CertifiedPath[]
}

interface CertifiedPath {
  readonly authority: CertificateAuthority
  readonly certificates: readonly Certificate[]
  /** Certificate transparency logs that vouch for the signer's. */
  readonly scts: () => ReadonlySet<LogAuthority>
}

/** What does not depend on the signature is found out once for a certificate. */
function certifiedBy(material: TrustMaterial, { certificate, intermediates }: Evidence): VerifiedCertificate {
  const id = [certificate!, ...intermediates].map(der => sha256(der).toString('base64')).join()
  const { remembered } = material
  const known = remembered.get(id)
  if (known !== undefined) return known
  const verified = readCertificate(material, certificate!, intermediates)
  const [oldest] = remembered.keys()
  if (remembered.size >= MAX_REMEMBERED_CERTIFICATES && oldest !== undefined) remembered.delete(oldest)
  remembered.set(id, verified)
  return verified
}

function readCertificate(
  material: TrustMaterial,
  certificate: Uint8Array,
  intermediates: readonly Uint8Array[],
): VerifiedCertificate {
  try {
    return certify(material, parseCertificate(certificate), intermediates.map(parseCertificate))
  } catch (cause) {
    if (cause instanceof AttestationError) throw cause
    throw new AttestationError('untrusted_certificate', 'checking certificate: malformed', { cause })
  }
}

function certify(
  { certificateAuthorities, ctLogs }: TrustMaterial,
  leaf: Certificate,
  intermediates: readonly Certificate[],
): VerifiedCertificate {
  const paths = certificateAuthorities.flatMap((authority): CertifiedPath[] => {
    const certificates = certificatePath(leaf, intermediates, authority, PURPOSES.codeSigning)
    if (certificates === undefined) return []
    let scts: ReadonlySet<LogAuthority> | undefined
    return [{ authority, certificates, scts: () => (scts ??= certificateLogs(leaf, certificates[1]!, ctLogs)) }]
  })
  if (paths.length === 0) {
    throw new AttestationError(
      'untrusted_certificate',
      'checking certificate: it leads to no authority of the trust root',
    )
  }
  return { signer: readSigner(leaf), key: publicKeyOf(leaf.keyObject), der: leaf.der, paths }
}

function loggedSigner({ keyObject }: PublicKey, certificate: VerifiedCertificate | undefined): LoggedSigner {
  return {
    spki: keyObject.export({ type: 'spki', format: 'der' }),
    ...(certificate && { certificate: certificate.der }),
  }
}

interface Attested {
  readonly times: readonly VerifiedTimestamp[]
  /** Of each good entry, without a time of its own or with one. */
  readonly logs: readonly LogAuthority[]
  readonly refused: readonly AttestationError[]
}

/** The evidence that holds. Each piece stands for itself: a bad one takes nothing from the good ones. */
function attest(content: SignedContent, evidence: Evidence, signer: LoggedSigner, material: TrustMaterial): Attested {
  const times: VerifiedTimestamp[] = []
  const logs: LogAuthority[] = []
  const refused: AttestationError[] = []
  const each = <T>(items: readonly T[], check: (item: T) => void) => {
    for (const item of items) {
      try {
        check(item)
      } catch (error) {
        if (!(error instanceof AttestationError)) throw error
        refused.push(error)
      }
    }
  }
  each(evidence.logEntries, entry => {
    const { log, timestamp } = verifyLogEntry(entry, content, signer, material)
    logs.push(log)
    if (timestamp !== undefined) times.push(timestamp)
  })
  each(evidence.timestamps, der => times.push(verifyTimestamp(der, content, material)))
  return { times, logs, refused }
}

function expectAtLeast(
  code: 'too_few_log_entries' | 'too_few_timestamps' | 'too_few_scts',
  what: string,
  got: number,
  wanted: number,
  refused: readonly AttestationError[],
): void {
  if (got >= wanted) return
  const reasons = refused.map(({ message }) => `; ${message}`).join('')
  throw new AttestationError(code, `checking signature: expected ${wanted} ${what}, got ${got}${reasons}`, { refused })
}

interface Range {
  readonly start: Date
  readonly end: Date
}

const isWithin = (moment: Date, { start, end }: Range) => start <= moment && moment <= end

/** Entries without a time of their own count only for as long as their log was trusted. */
function checkLogKeys(logs: readonly LogAuthority[], moments: readonly Date[]): void {
  for (const { baseURL, validFor } of logs) {
    const outside = moments.find(moment => !isWithin(moment, validFor))
    if (outside) notValid(`the key of log ${baseURL}`, outside)
  }
}

function checkKeyValidity({ validFrom, validUntil }: PublicKey, moments: readonly Date[]): void {
  const range = { start: validFrom ?? new Date(-8.64e15), end: validUntil ?? new Date(8.64e15) }
  const outside = moments.find(moment => !isWithin(moment, range))
  if (outside) notValid('the key', outside)
}

/** The path whose certificates were all valid at all of these times, by authorities trusted then. */
function pathAt({ paths }: VerifiedCertificate, moments: readonly Date[]): CertifiedPath {
  const path = paths.find(({ authority, certificates }) =>
    moments.every(
      moment =>
        isWithin(moment, authority.validFor) && certificates.every(certificate => isValidAt(certificate, moment)),
    ),
  )
  return path ?? notValid('the certificate, or an authority above it,', moments[0]!)
}

function notValid(what: string, moment: Date): never {
  throw new AttestationError(
    'not_valid_at_time',
    `checking signature: ${what} was not valid at ${moment.toISOString()}`,
  )
}
