import type { TransparencyLogEntry } from '@sigstore/bundle'
import { toPEM } from './pem.ts'
import { type ProtobufField, readProtobuf } from './protobuf.ts'

/** What a signature that brings its log entry along says of itself; the entry leaves it out. */
export interface LoggedSignature {
  readonly signature: Buffer
  /** SHA-256 of what was signed, in hexadecimal. */
  readonly sha256: string
  /** DER. */
  readonly certificate: Uint8Array
}

/**
 * The log entry in the protobuf form that gitsign embeds, its body made again of what it is about: what was not logged so is
 * no entry of the log. Throws a plain error where it is malformed.
 *
 * @see https://github.com/sigstore/protobuf-specs/blob/v0.5.0/protos/sigstore_rekor.proto
 */
export function readEmbeddedLogEntry(message: Uint8Array, logged: LoggedSignature): TransparencyLogEntry {
  const entry = reader(message)
  const kindVersion = { kind: entry.message(3).text(1), version: entry.message(3).text(2) }
  const promise = entry.optional(5)
  const proof = entry.optional(6)
  const body = entry.bytes(7)
  return {
    logIndex: entry.number(1),
    logId: { keyId: entry.message(2).bytes(1) },
    kindVersion,
    integratedTime: entry.number(4),
    inclusionPromise: promise && { signedEntryTimestamp: promise.bytes(1) },
    inclusionProof: proof && {
      logIndex: proof.number(1),
      rootHash: proof.bytes(2),
      treeSize: proof.number(3),
      hashes: proof.all(4),
      checkpoint: { envelope: proof.message(5).text(1) },
    },
    canonicalizedBody: body.length > 0 ? body : bodyOf(logged),
  }
}

/** As Rekor writes it: keys in order, no spaces. */
function bodyOf({ signature, sha256, certificate }: LoggedSignature): Buffer {
  const base64 = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64')
  const spec = {
    data: { hash: { algorithm: 'sha256', value: sha256 } },
    signature: {
      content: base64(signature),
      publicKey: { content: base64(toPEM('CERTIFICATE', certificate)) },
    },
  }
  return Buffer.from(JSON.stringify({ apiVersion: '0.0.1', kind: 'hashedrekord', spec }))
}

interface MessageReader {
  /** The last of a field, as protobuf has it; empty where it is not there. */
  bytes(field: number): Buffer
  text(field: number): string
  /** In decimal. */
  number(field: number): string
  message(field: number): MessageReader
  optional(field: number): MessageReader | undefined
  all(field: number): Buffer[]
}

function reader(message: Uint8Array): MessageReader {
  const fields = readProtobuf(message)
  const last = (field: number): ProtobufField | undefined => fields.get(field)?.at(-1)
  const asBytes = (value: ProtobufField | undefined): Buffer => {
    if (typeof value === 'bigint') throw new Error('a number where bytes were expected')
    return value ?? Buffer.alloc(0)
  }
  return {
    bytes: field => asBytes(last(field)),
    text: field => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(asBytes(last(field))),
    number(field) {
      const value = last(field) ?? 0n
      if (typeof value !== 'bigint') throw new Error('bytes where a number was expected')
      return BigInt.asIntN(64, value).toString()
    },
    message: field => reader(asBytes(last(field))),
    optional: field => (fields.has(field) ? reader(asBytes(last(field))) : undefined),
    all: field => (fields.get(field) ?? []).map(asBytes),
  }
}
