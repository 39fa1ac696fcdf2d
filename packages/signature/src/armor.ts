import { SignatureError } from './error.ts'
import { MAX_SIGNATURE_BYTES } from './limits.ts'

/** One block of armor: `-----BEGIN PGP SIGNATURE-----`. */
export interface ArmoredBlock {
  /** `PGP SIGNATURE`, `SSH SIGNATURE` */
  readonly type: string
  readonly data: Uint8Array
}

const begin = /^-----BEGIN ([A-Z0-9 ]+)-----[ \t]*$/

/**
 * The first armored block of a text. Headers and the checksum, which proves nothing, are skipped.
 * Throws `malformed_signature` or `too_large`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9580#section-6.2
 */
export function decodeArmor(text: string, maxBytes = MAX_SIGNATURE_BYTES): ArmoredBlock {
  if (text.length > maxBytes) {
    throw new SignatureError('too_large', `decoding an armor: at most ${maxBytes} bytes are read, got ${text.length}`)
  }
  const lines = text.split(/\r?\n/)
  const start = lines.findIndex(line => begin.test(line))
  const type = begin.exec(lines[start] ?? '')?.[1]
  if (type === undefined) throw malformed('no line -----BEGIN ...-----')
  const length = lines.slice(start).findIndex(line => line.trimEnd() === `-----END ${type}-----`)
  if (length === -1) throw malformed(`no line -----END ${type}-----`)
  const inside = lines.slice(start + 1, start + length).map(line => line.trimEnd())
  const blank = inside.indexOf('')
  // SSH has no headers and no blank line
  const body = blank === -1 ? inside : inside.slice(blank + 1)
  if (blank > 0 && !inside.slice(0, blank).every(line => /^[!-~]+: /.test(`${line} `)))
    throw malformed('a header is none')
  const encoded = body.filter(line => !/^=[A-Za-z0-9+/]{4}$/.test(line)).join('')
  if (encoded === '' || !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(encoded)) {
    throw malformed('the body is not base64')
  }
  return { type, data: Uint8Array.from(Buffer.from(encoded, 'base64')) }
}

function malformed(problem: string): SignatureError {
  return new SignatureError('malformed_signature', `decoding an armor: ${problem}`)
}
