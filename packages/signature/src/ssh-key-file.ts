import { SignatureError } from './error.ts'
import { MAX_KEYS, MAX_KEYS_BYTES } from './limits.ts'
import { isSSHKeyType } from './ssh-key.ts'

/** One key of a file, and whose it is. */
export interface SSHKeyEntry {
  /** In SSH's wire format. */
  readonly wire: Uint8Array
  /** Patterns of the principals that may sign with it; absent in a file of the form `authorized_keys`. */
  readonly principals?: readonly string[]
  /** Namespaces that it may sign for, as patterns; absent: all. */
  readonly namespaces?: readonly string[]
  readonly validAfter?: Date
  readonly validBefore?: Date
  /** It signs certificates, not data. */
  readonly isAuthority: boolean
  readonly comment: string
}

/** What may stand before a key in authorized_keys and not in allowed_signers: sshd(8). */
const authorizedKeysOptions =
  /^(?:restrict|(?:no-)?(?:agent-forwarding|port-forwarding|pty|user-rc|x11-forwarding|touch-required)|verify-required|(?:command|environment|expiry-time|from|permitlisten|permitopen|principals|tunnel)=".*")$/i

/**
 * The keys of a file in the form of `authorized_keys` (`[options] type key comment`) or of `allowed_signers`
 * (`principals [options] type key comment`), lines of both kinds. Throws `malformed_key` with the line, or `too_large`.
 *
 * @see https://man.openbsd.org/ssh-keygen#ALLOWED_SIGNERS
 */
export function readSSHKeyFile(file: Uint8Array): SSHKeyEntry[] {
  if (file.length > MAX_KEYS_BYTES)
    throw new SignatureError('too_large', `reading SSH keys: at most ${MAX_KEYS_BYTES} bytes`)
  const lines = Buffer.from(file).toString('utf8').split(/\r?\n/)
  const entries = lines.flatMap((line, index) => {
    const text = line.trim()
    return text === '' || text.startsWith('#') ? [] : [readLine(text, index + 1)]
  })
  if (entries.length === 0) throw new SignatureError('malformed_key', 'reading SSH keys: the file holds none')
  if (entries.length > MAX_KEYS) throw new SignatureError('too_large', `reading SSH keys: at most ${MAX_KEYS} are read`)
  return entries
}

function readLine(text: string, number: number): SSHKeyEntry {
  const fields = splitFields(text, number)
  const at = fields.findIndex(isSSHKeyType)
  const [, encoded = '', ...comment] = fields.slice(at)
  if (at === -1 || at > 2 || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded))
    throw malformed(number, 'expected [principals] [options] type key')
  const wire = Uint8Array.from(Buffer.from(encoded, 'base64'))
  const before = fields.slice(0, at)
  const [first] = before
  const isPlain =
    first === undefined || (before.length === 1 && splitList(first).every(part => authorizedKeysOptions.test(part)))
  const options = isPlain ? {} : readOptions(before[1] ?? '', number)
  return {
    wire,
    ...(isPlain ? {} : { principals: splitList(unquote(first)) }),
    isAuthority: false,
    ...options,
    comment: comment.join(' '),
  }
}

function readOptions(text: string, number: number): Partial<SSHKeyEntry> {
  const options: { -readonly [K in keyof SSHKeyEntry]?: SSHKeyEntry[K] } = {}
  for (const option of splitList(text).filter(part => part !== '')) {
    const [name = '', ...rest] = option.split('=')
    const value = unquote(rest.join('='))
    switch (name.toLowerCase()) {
      case 'cert-authority':
        options.isAuthority = true
        break
      case 'namespaces':
        options.namespaces = splitList(value)
        break
      case 'valid-after':
        options.validAfter = readTime(value, number)
        break
      case 'valid-before':
        options.validBefore = readTime(value, number)
        break
      default:
        // an option that is not understood may be one that restricts
        throw malformed(number, `unknown option ${JSON.stringify(name.slice(0, 40))}`)
    }
  }
  return options
}

/** `YYYYMMDD[HHMM[SS]][Z]`; without Z it is local time for ssh-keygen, here it is always UTC: files must not mean two things. */
function readTime(text: string, number: number): Date {
  const [, year, month, day, hour = '00', minute = '00', second = '00'] =
    /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?Z?$/.exec(text) ?? []
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (year === undefined || Number.isNaN(time.getTime()))
    throw malformed(number, `${JSON.stringify(text.slice(0, 40))} is no time`)
  return time
}

/** Fields at spaces, quotes kept together. */
function splitFields(text: string, number: number): string[] {
  const fields = text.match(/(?:"(?:\\"|[^"])*"|[^\s"])+/g) ?? []
  if ((text.match(/(?<!\\)"/g)?.length ?? 0) % 2 !== 0) throw malformed(number, 'a quote is not closed')
  return fields
}

/** Parts at commas, quotes kept together. */
function splitList(text: string): string[] {
  return text.match(/(?:"(?:\\"|[^"])*"|[^,"])+/g) ?? []
}

function unquote(text: string): string {
  return text.replace(/^"(.*)"$/s, '$1').replaceAll('\\"', '"')
}

function malformed(number: number, problem: string): SignatureError {
  return new SignatureError('malformed_key', `reading SSH keys: line ${number}: ${problem}`)
}

/** Whether a list of patterns (`*@example.test,!eve@example.test`) holds for a name: one matches, and none that is negated. */
export function matchesPatterns(patterns: readonly string[], name: string): boolean {
  const matches = (pattern: string) => matchesPattern(pattern, name)
  const negated = patterns.filter(pattern => pattern.startsWith('!')).map(pattern => pattern.slice(1))
  return !negated.some(matches) && patterns.some(pattern => !pattern.startsWith('!') && matches(pattern))
}

/** `*` and `?` as in ssh_config; linear in pattern times name. */
function matchesPattern(pattern: string, name: string): boolean {
  let reached = new Set([0])
  for (const char of pattern) {
    const next = new Set<number>()
    for (const at of reached) {
      if (char === '*') for (let end = at; end <= name.length; end++) next.add(end)
      else if (at < name.length && (char === '?' || char === name[at])) next.add(at + 1)
    }
    reached = next
  }
  return reached.has(name.length)
}
