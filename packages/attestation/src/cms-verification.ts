import { createHash } from 'node:crypto'
import { isSignature } from './check-signature.ts'
import { CMS_DATA, decodeSignedMessage, type MessageCertificate, type MessageSigner } from './cms.ts'
import { readEmbeddedLogEntry } from './embedded-log-entry.ts'
import { AttestationError } from './error.ts'
import type { SignedContent } from './signed-content.ts'
import type { VerifiedSignature } from './verified-signature.ts'
import type { VerifyCMSOptions } from './verify-cms.ts'
import { type Evidence, verifySignature } from './verify-signature.ts'

/** What gitsign adds to a signature: the log entry, and a timestamp. */
const LOG_ENTRY = '1.3.6.1.4.1.57264.3.1'
const TIMESTAMP_TOKEN = '1.2.840.113549.1.9.16.2.14'

const hashes: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}

/** What `verifyCMS` says. */
export async function verifySignedMessage(
  signature: Uint8Array,
  { data, ...options }: VerifyCMSOptions,
): Promise<VerifiedSignature> {
  const { certificates, signer } = decodeSignedMessage(signature)
  const { leaf, intermediates } = certificatesOf(signer, certificates)
  checkContent(signer, data)
  const evidence = evidenceOf(signer, leaf, intermediates)
  return { type: 'cms-v1', ...(await verifySignature(signedAttributes(signer), evidence, options)) }
}

function certificatesOf({ issuer, serial }: MessageSigner, certificates: readonly MessageCertificate[]) {
  const leaf = certificates.find(other => other.serial.equals(serial) && other.issuer.equals(issuer))
  if (leaf === undefined) throw new AttestationError('invalid_signature', 'checking CMS: no certificate of the signer')
  return { leaf, intermediates: certificates.filter(other => other !== leaf) }
}

/** The signature is over attributes; one of them is the digest of the data. */
function checkContent({ digestAlgorithm, contentType, messageDigest }: MessageSigner, data: Uint8Array): void {
  const hash = Object.hasOwn(hashes, digestAlgorithm) ? hashes[digestAlgorithm] : undefined
  if (hash === undefined || contentType !== CMS_DATA) {
    throw new AttestationError('unsupported_payload', 'checking CMS: another hash or type of content than expected')
  }
  if (!createHash(hash).update(data).digest().equals(messageDigest)) {
    throw new AttestationError('signature_mismatch', 'checking CMS: it was made over other data')
  }
}

function signedAttributes({ signed, signature }: MessageSigner): SignedContent {
  return {
    signature,
    timestamped: signature,
    isSignedBy: async key => isSignature(key, signed, signature),
    isLoggedAs: (kind, digest) =>
      kind === 'hashedrekord' && ['sha256', 'sha384', 'sha512'].some(name => digestBy(name, signed).equals(digest)),
  }
}

function digestBy(name: string, bytes: Uint8Array): Buffer {
  return createHash(name).update(bytes).digest()
}

function evidenceOf(
  signer: MessageSigner,
  { der }: MessageCertificate,
  intermediates: readonly MessageCertificate[],
): Evidence {
  const { unsigned, signature, signed } = signer
  const logged = { signature, sha256: digestBy('sha256', signed).toString('hex'), certificate: der }
  try {
    return {
      certificate: der,
      intermediates: intermediates.map(other => other.der),
      logEntries: (unsigned.get(LOG_ENTRY) ?? []).map(({ value }) => readEmbeddedLogEntry(value, logged)),
      timestamps: (unsigned.get(TIMESTAMP_TOKEN) ?? []).map(token => timestampResponse(Buffer.from(token.toDER()))),
    }
  } catch (cause) {
    throw new AttestationError('invalid_signature', 'checking CMS: malformed log entry', { cause })
  }
}

/** The answer of a timestamp authority that granted the token: what is verified elsewhere. RFC 3161 section 2.4.2. */
function timestampResponse(token: Buffer): Buffer {
  const granted = Buffer.from([0x30, 3, 2, 1, 0])
  // two bytes are enough for what is read, and every token needs them
  const length = granted.length + token.length
  return Buffer.concat([Buffer.from([0x30, 0x82, length >> 8, length & 0xff]), granted, token])
}

/** What `fingerprintCMSSigner` says. */
export function fingerprintOf(signature: Uint8Array): string {
  const { certificates, signer } = decodeSignedMessage(signature)
  return digestBy('sha256', certificatesOf(signer, certificates).leaf.der).toString('hex')
}
