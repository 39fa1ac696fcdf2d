import type { TransparencyLogEntry } from '@sigstore/bundle'
import { TransparencyLogEntry as LogEntryMessage } from '@sigstore/protobuf-specs'
import { AttestationError } from './error.ts'
import { createReader, decodeBounded, isObject, type JSONObject } from './json.ts'
import { MAX_ANNOTATION_BYTES, MAX_LOG_ENTRIES } from './limits.ts'
import { decodePEM } from './pem.ts'
import { decodeMessage } from './protobuf-json.ts'
import type { Evidence } from './verify-signature.ts'

/** Annotations of a layer of a cosign signature manifest. */
export const ANNOTATIONS = {
  signature: 'dev.cosignproject.cosign/signature',
  certificate: 'dev.sigstore.cosign/certificate',
  chain: 'dev.sigstore.cosign/chain',
  bundle: 'dev.sigstore.cosign/bundle',
  timestamp: 'dev.sigstore.cosign/rfc3161timestamp',
} as const

export type Annotations = Readonly<Record<string, string>>

const reader = createReader('invalid_signature', 'cosign annotations')

/**
 * What came along with a cosign signature. Throws `too_large`, `invalid_json` and `invalid_signature`.
 *
 * @see https://github.com/sigstore/cosign/blob/v3.0.5/specs/SIGNATURE_SPEC.md
 */
export function evidenceIn(annotations: Annotations): Evidence {
  const certificates = certificatesIn(annotations, 'certificate')
  if (certificates.length > 1) reader.fail('more than one certificate of the signer')
  return {
    ...(certificates[0] && { certificate: certificates[0] }),
    intermediates: certificatesIn(annotations, 'chain'),
    logEntries: logEntriesIn(jsonIn(annotations, 'bundle')),
    timestamps: timestampsIn(jsonIn(annotations, 'timestamp')),
  }
}

/** The signature; undefined where there is none. */
export function signatureIn(annotations: Annotations): Buffer | undefined {
  const text = annotationOf(annotations, 'signature')
  return text === undefined ? undefined : Buffer.from(reader.base64(text, ANNOTATIONS.signature))
}

function annotationOf(annotations: Annotations, name: keyof typeof ANNOTATIONS): string | undefined {
  const key = ANNOTATIONS[name]
  const text = Object.hasOwn(annotations, key) ? annotations[key]! : ''
  if (text.length > MAX_ANNOTATION_BYTES) {
    throw new AttestationError(
      'too_large',
      `reading ${key}: ${text.length} characters, at most ${MAX_ANNOTATION_BYTES} are allowed`,
    )
  }
  return text === '' ? undefined : text
}

function certificatesIn(annotations: Annotations, name: 'certificate' | 'chain'): Buffer[] {
  const text = annotationOf(annotations, name)
  if (text === undefined) return []
  const blocks = decodePEM(text)
  if (blocks.length === 0 || blocks.some(({ label }) => label !== 'CERTIFICATE')) {
    reader.fail(`expected ${ANNOTATIONS[name]} to hold certificates`)
  }
  return blocks.map(({ der }) => der)
}

function jsonIn(annotations: Annotations, name: 'bundle' | 'timestamp'): JSONObject | undefined {
  const text = annotationOf(annotations, name)
  if (text === undefined) return undefined
  const what = ANNOTATIONS[name]
  return reader.object(decodeBounded(text, { what, maxBytes: MAX_ANNOTATION_BYTES }), what)
}

function timestampsIn(document: JSONObject | undefined): Uint8Array[] {
  const signed = document?.SignedRFC3161Timestamp
  return signed === undefined || signed === '' ? [] : [reader.base64(signed, 'SignedRFC3161Timestamp')]
}

/** Cosign's own shape, or the entries of a Sigstore bundle. */
function logEntriesIn(document: JSONObject | undefined): TransparencyLogEntry[] {
  if (document === undefined) return []
  if (document.Payload !== undefined) return [promisedEntry(document)]
  const bundle = isObject(document.content) ? document.content : document
  const material = reader.object(bundle.verificationMaterial, `${ANNOTATIONS.bundle} (Payload or verificationMaterial)`)
  const entries = reader.array(material.tlogEntries ?? [], 'tlogEntries', MAX_LOG_ENTRIES)
  return entries.map((item, n) => {
    const entry = decodeMessage(item, LogEntryMessage, reader.fail)
    const { logId, kindVersion } = entry
    if (logId === undefined || kindVersion === undefined)
      return reader.fail(`tlogEntries[${n}] has no logId or kindVersion`)
    return { ...entry, logId, kindVersion }
  })
}

function promisedEntry(document: JSONObject): TransparencyLogEntry {
  const payload = reader.object(document.Payload, 'Payload')
  const integer = (name: string) => {
    const value = payload[name]
    return Number.isSafeInteger(value) && (value as number) >= 0
      ? String(value)
      : reader.fail(`expected ${name} to be a number`)
  }
  const logID = reader.string(payload.logID, 'logID')
  if (!/^(?:[0-9a-f]{2})+$/.test(logID)) reader.fail('expected logID to be hexadecimal')
  const canonicalizedBody = Buffer.from(reader.base64(payload.body, 'body'))
  const body = reader.object(
    decodeBounded(canonicalizedBody, { what: 'log entry', maxBytes: MAX_ANNOTATION_BYTES }),
    'body',
  )
  return {
    logIndex: integer('logIndex'),
    integratedTime: integer('integratedTime'),
    logId: { keyId: Buffer.from(logID, 'hex') },
    kindVersion: { kind: reader.string(body.kind, 'kind'), version: reader.string(body.apiVersion, 'apiVersion') },
    inclusionPromise: {
      signedEntryTimestamp: Buffer.from(reader.base64(document.SignedEntryTimestamp, 'SignedEntryTimestamp')),
    },
    inclusionProof: undefined,
    canonicalizedBody,
  }
}
