import type { CommitInput, TagInput } from '@source-policy/core'
import { decodeArmor, fingerprintSSHKey, readOpenPGPSignature, readSSHSignature } from '@source-policy/signature'
import { GitError } from './error.ts'
import { formatOfHash, type GitObject } from './git-hash.ts'
import { add } from './multimap.ts'
import { decodeText } from './text.ts'

type SignatureFields = Pick<CommitInput, 'pgpSignature' | 'sshSignature' | 'signature'>
type Actor = NonNullable<CommitInput['author']>

/** A commit or tag taken apart. */
export interface ParsedObject {
  /** First lines of headers by name; those of a signature are not among them. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly message: string
  /** In its armor; empty where there is none. */
  readonly signature: string
  /** The bytes that the signature is over. */
  readonly signedData: Uint8Array
}

const requiredHeaders = {
  commit: ['tree', 'author', 'committer'],
  tag: ['object', 'type', 'tag', 'tagger'],
} as const
/** Armor of signatures by X.509. */
export const SIGNED_MESSAGE = 'SIGNED MESSAGE'
const signatureHeader = /^gpgsig(?:-sha256)? /
const signatureBegins = ['PGP SIGNATURE', 'SSH SIGNATURE', SIGNED_MESSAGE].map(type => `-----BEGIN ${type}-----`)

/**
 * Takes a commit or tag apart. Bytes are handled as Latin-1 so that the signed data keeps them.
 * Throws `malformed_object`, `unexpected_object`.
 *
 * @see https://git-scm.com/docs/gitformat-signature
 */
export function parseObject({ type, hash, content }: GitObject): ParsedObject {
  if (type !== 'commit' && type !== 'tag') throw new GitError('unexpected_object', `object ${hash} is a ${type}`)
  const lines = Buffer.from(content).toString('latin1').split('\n')
  // what reads objects by their first word must not see another type
  if ((type === 'tag') !== (lines[0] ?? '').startsWith('object '))
    throw malformed(type, hash, 'it begins as another type does')
  const blank = lines.indexOf('')
  const headerLines = blank === -1 ? lines : lines.slice(0, blank)
  const bodyLines = blank === -1 ? [] : lines.slice(blank + 1)

  const headers = new Map<string, string[]>()
  const signature: string[] = []
  const signed: string[] = []
  let inSignature = false
  for (const line of headerLines) {
    if (type === 'commit' && signatureHeader.test(line)) {
      inSignature = true
      signature.push(line.slice(line.indexOf(' ') + 1))
      continue
    }
    if (inSignature && line.startsWith(' ')) {
      signature.push(line.slice(1))
      continue
    }
    inSignature = false
    signed.push(line)
    const space = line.indexOf(' ')
    const name = line.slice(0, space)
    // a space at the beginning continues the header before: a merge tag's lines are no headers of the commit
    if (space > 0) add(headers, name, decodeText(line.slice(space + 1)))
  }
  for (const name of requiredHeaders[type]) {
    if (!headers.has(name)) throw malformed(type, hash, `missing ${name} header`)
  }

  const begin = type === 'tag' ? bodyLines.findIndex(line => signatureBegins.includes(line)) : -1
  const messageLines = begin === -1 ? bodyLines : bodyLines.slice(0, begin)
  if (begin !== -1) signature.push(...bodyLines.slice(begin))
  const signedText =
    [...signed, ...(blank === -1 ? [] : ['']), ...messageLines].join('\n') + (type === 'tag' ? '\n' : '')
  return {
    headers,
    message: decodeText(messageLines.join('\n').replace(/\n$/, '')),
    signature: signature.join('\n'),
    signedData: Uint8Array.from(Buffer.from(signedText, 'latin1')),
  }
}

/** What a tag points to. Throws `malformed_object`. */
export function pointeeOf(tag: GitObject): { hash: string; type: string } {
  const { headers } = parseObject(tag)
  const hash = firstOf(headers, 'object')
  if (formatOfHash(hash) !== formatOfHash(tag.hash)) throw malformed('tag', tag.hash, 'it names no object')
  return { hash, type: firstOf(headers, 'type') }
}

/** The fields of `input.git.commit`. Throws `malformed_object`. */
export function commitInput(object: GitObject): CommitInput {
  const parsed = parseObject(object)
  const { headers, message } = parsed
  const parents = headers.get('parent')
  return withoutEmpty({
    tree: firstOf(headers, 'tree'),
    ...(parents === undefined ? {} : { parents: [...parents] }),
    author: parseActor(firstOf(headers, 'author')),
    committer: parseActor(firstOf(headers, 'committer')),
    message,
    ...signatureInput(parsed),
  })
}

/** The fields of `input.git.tag`. Throws `malformed_object`. */
export function tagInput(object: GitObject): TagInput {
  const parsed = parseObject(object)
  const { headers, message } = parsed
  return withoutEmpty({
    object: firstOf(headers, 'object'),
    type: firstOf(headers, 'type'),
    tag: firstOf(headers, 'tag'),
    tagger: parseActor(firstOf(headers, 'tagger')),
    message,
    ...signatureInput(parsed),
  })
}

/** Name, mail address and time of `Ada <ada@example.test> 1700000000 +0200`; a malformed text is all name. */
export function parseActor(line: string): Actor {
  const text = line.trim()
  const open = text.lastIndexOf('<')
  const close = text.lastIndexOf('>')
  if (open === -1 || close < open) return withoutEmpty({ name: text })
  const [seconds = '', zone = ''] = text
    .slice(close + 1)
    .trim()
    .split(/\s+/)
  return withoutEmpty({
    name: text.slice(0, open).trim(),
    email: text.slice(open + 1, close).trim(),
    when: formatTime(seconds, zone) ?? '',
  })
}

/** When a commit was committed or a tag was made; undefined where the object does not say. */
export function actorTime({ headers }: ParsedObject): Date | undefined {
  const { when } = parseActor(firstOf(headers, 'committer') || firstOf(headers, 'tagger'))
  return when === undefined ? undefined : new Date(when)
}

/** RFC 3339 with the offset of whoever made the object; undefined where it is no such time. */
function formatTime(seconds: string, zone: string): string | undefined {
  const [, sign, hours, minutes] = /^([+-])(..)(..)$/.exec(zone) ?? []
  if (sign === undefined || hours === undefined || minutes === undefined || !/^[+-]?\d{1,15}$/.test(seconds))
    return undefined
  const digits = (text: string) => (/^\d\d$/.test(text) ? Number(text) : 0)
  const offset = (sign === '-' ? -1 : 1) * (digits(hours) * 60 + digits(minutes))
  // hostile: nothing could compare a time that no clock shows
  if (Math.abs(offset) >= 24 * 60) return undefined
  const local = new Date(Number(seconds) * 1000 + offset * 60_000)
  if (Number.isNaN(local.getTime()) || local.getUTCFullYear() < 0 || local.getUTCFullYear() > 9999) return undefined
  const pad = (value: number) => String(value).padStart(2, '0')
  const whole = Math.abs(offset)
  const suffix = offset === 0 ? 'Z' : `${sign}${pad(Math.floor(whole / 60))}:${pad(whole % 60)}`
  return local.toISOString().replace(/\.\d+Z$/, suffix)
}

/** What the signature says of itself; nothing where it cannot be read, as in buildx. */
function signatureInput({ signature }: ParsedObject): SignatureFields {
  if (signature === '') return {}
  try {
    const { type, data } = decodeArmor(signature)
    if (type === 'PGP SIGNATURE') {
      const { version, issuerKeyID } = readOpenPGPSignature(data)
      return {
        pgpSignature: { version, ...(issuerKeyID === undefined ? {} : { keyID: issuerKeyID }) },
        signature: { kind: 'openpgp', ...(issuerKeyID === undefined ? {} : { key: issuerKeyID }) },
      }
    }
    if (type !== 'SSH SIGNATURE') return {}
    const { version, publicKey } = readSSHSignature(data)
    const key = fingerprintSSHKey(publicKey)
    return { sshSignature: { version, pubKey: key }, signature: { kind: 'ssh', key } }
  } catch {
    // nothing is believed because of these fields: verification reads the signature itself and says what is wrong
    return {}
  }
}

function firstOf(headers: ReadonlyMap<string, readonly string[]>, name: string): string {
  return headers.get(name)?.[0] ?? ''
}

/** Empty fields are absent in the input. */
function withoutEmpty<T extends object>(fields: T): T {
  const isEmpty = (value: unknown) =>
    value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value))) as T
}

function malformed(type: string, hash: string, problem: string): GitError {
  return new GitError('malformed_object', `invalid ${type} object ${hash}: ${problem}`)
}
