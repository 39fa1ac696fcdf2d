import { generateKeyPairSync, sign } from 'node:crypto'
import { generateP256, type KeyPair, sha256, spkiOf } from './sigstore-certificates.ts'

/** What a log writes down: a document of a kind that Rekor knows. */
export interface LogBody {
  readonly kind: string
  readonly apiVersion: string
  readonly spec: unknown
}

/** An entry in the protobuf JSON of Sigstore bundles. */
export interface LogEntryJSON {
  logIndex: string
  logId: { keyId: string }
  kindVersion: { kind: string; version: string }
  integratedTime?: string
  inclusionPromise?: { signedEntryTimestamp: string }
  inclusionProof?: {
    logIndex: string
    rootHash: string
    treeSize: string
    hashes: string[]
    checkpoint: { envelope: string }
  }
  canonicalizedBody: string
}

/** A transparency log in memory. */
export interface TransparencyLog {
  readonly url: string
  readonly keys: KeyPair
  readonly logID: Buffer
  add(body: LogBody, at: Date): LogEntryJSON
}

/** Rekor 1 promises inclusion, with a time; Rekor 2 has checkpoints signed by Ed25519 alone. */
export function createLog(version: 1 | 2): TransparencyLog {
  const host = version === 1 ? 'rekor.testkit.example' : 'log2026.rekor.testkit.example'
  const keys = version === 1 ? generateP256() : generateKeyPairSync('ed25519')
  const origin = version === 1 ? `${host} - 4711` : host
  const logID =
    version === 1
      ? sha256(spkiOf(keys.publicKey))
      : sha256(Buffer.from(`${origin}\n`), Buffer.of(1), spkiOf(keys.publicKey).subarray(-32))
  const algorithm = version === 1 ? 'sha256' : null
  // others were there before
  const leaves = Array.from({ length: 5 }, (_, n) => hashLeaf(Buffer.from(`entry ${n}`)))

  const checkpoint = (root: Buffer) => {
    const note = `${origin}\n${leaves.length}\n${root.toString('base64')}\n`
    const signature = sign(algorithm, Buffer.from(note), keys.privateKey)
    const line = Buffer.concat([logID.subarray(0, 4), signature]).toString('base64')
    return `${note}\n\u2014 ${host} ${line}\n`
  }

  return {
    url: `https://${host}`,
    keys,
    logID,
    add(document, at) {
      const body = Buffer.from(canonicalJSON(document))
      const index = leaves.push(hashLeaf(body)) - 1
      const root = rootOf(leaves)
      const integratedTime = Math.floor(at.getTime() / 1000)
      const payload = { body: body.toString('base64'), integratedTime, logID: logID.toString('hex'), logIndex: index }
      const promise = () => sign(algorithm, Buffer.from(canonicalJSON(payload)), keys.privateKey)
      return {
        logIndex: String(index),
        logId: { keyId: logID.toString('base64') },
        kindVersion: { kind: document.kind, version: document.apiVersion },
        ...(version === 1 && {
          integratedTime: String(integratedTime),
          inclusionPromise: { signedEntryTimestamp: promise().toString('base64') },
        }),
        inclusionProof: {
          logIndex: String(index),
          rootHash: root.toString('base64'),
          treeSize: String(leaves.length),
          hashes: proofOf(leaves, index).map(hash => hash.toString('base64')),
          checkpoint: { envelope: checkpoint(root) },
        },
        canonicalizedBody: body.toString('base64'),
      }
    },
  }
}

/** @see https://www.rfc-editor.org/rfc/rfc8785 */
function canonicalJSON(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJSON).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJSON(member)}`).join(',')}}`
}

/*
 * The tree of RFC 6962: https://www.rfc-editor.org/rfc/rfc6962#section-2.1
 */

const hashLeaf = (leaf: Uint8Array) => sha256(Buffer.of(0), leaf)
const hashNode = (left: Uint8Array, right: Uint8Array) => sha256(Buffer.of(1), left, right)

/** The largest power of two below the number of leaves. */
const splitOf = (leaves: readonly Buffer[]) => 2 ** (Math.ceil(Math.log2(leaves.length)) - 1)

function rootOf(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 1) return leaves[0]!
  const split = splitOf(leaves)
  return hashNode(rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)))
}

function proofOf(leaves: readonly Buffer[], index: number): Buffer[] {
  if (leaves.length === 1) return []
  const split = splitOf(leaves)
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)]
  return index < split ? [...proofOf(left, index), rootOf(right)] : [...proofOf(right, index - split), rootOf(left)]
}
