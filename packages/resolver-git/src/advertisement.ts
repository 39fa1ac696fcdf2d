import { GitError } from './error.ts'
import { type ObjectFormat, parseHash } from './git-hash.ts'
import { MAX_REFS } from './limits.ts'
import { add } from './multimap.ts'
import { lineOf, type Packet } from './pkt-line.ts'

/** A ref as a server lists it. */
export interface ListedRef {
  readonly name: string
  /** A commit, or a tag object. */
  readonly hash: string
  /** What the tag object leads to in the end. */
  readonly peeled?: string
  /** The ref that this one stands for: HEAD's branch. */
  readonly target?: string
}

/** What a server says first: with version 0 all its refs, with version 2 only what it can do. */
export interface Advertisement {
  readonly version: 0 | 2
  /** Values by name; empty ones where a capability has none. */
  readonly capabilities: ReadonlyMap<string, readonly string[]>
  readonly format: ObjectFormat
  /** Version 0 only. */
  readonly refs: readonly ListedRef[]
}

/**
 * Reads an advertisement. Throws `unsupported_protocol`, `malformed_response` or `too_large`.
 *
 * @see https://git-scm.com/docs/protocol-v2#_capability_advertisement
 * @see https://git-scm.com/docs/gitprotocol-pack#_reference_discovery
 */
export async function readAdvertisement(packets: AsyncIterator<Packet>): Promise<Advertisement> {
  let packet = await nextOf(packets)
  if (packet !== 'flush' && lineIs(packet, '# service=git-upload-pack')) {
    if ((await nextOf(packets)) !== 'flush') throw malformed('no flush after the name of the service')
    packet = await nextOf(packets)
  }
  if (lineIs(packet, 'version 2')) return readVersion2(packets)
  if (lineIs(packet, 'version 1'))
    throw new GitError('unsupported_protocol', 'the remote speaks version 1, which nobody asked for')
  return readVersion0(packet, packets)
}

async function readVersion2(packets: AsyncIterator<Packet>): Promise<Advertisement> {
  const capabilities = new Map<string, string[]>()
  for (let packet = await nextOf(packets); packet !== 'flush'; packet = await nextOf(packets)) {
    const [name, value] = splitCapability(lineOf(bytesOf(packet)))
    add(capabilities, name, ...(value === undefined ? [] : [value]))
    if (capabilities.size > MAX_REFS) throw new GitError('too_large', `listing capabilities: more than ${MAX_REFS}`)
  }
  return { version: 2, capabilities, format: formatNamed(capabilities), refs: [] }
}

async function readVersion0(first: Packet, packets: AsyncIterator<Packet>): Promise<Advertisement> {
  const [head = '', rawCapabilities] = lineOf(bytesOf(first)).split('\0')
  if (rawCapabilities === undefined)
    throw new GitError('unsupported_protocol', 'the remote does not begin as a git server does')
  const capabilities = new Map<string, string[]>()
  for (const word of rawCapabilities.split(' ').filter(word => word !== '')) {
    const [name, value] = splitCapability(word)
    add(capabilities, name, ...(value === undefined ? [] : [value]))
  }
  const format = formatNamed(capabilities)
  const targets = new Map((capabilities.get('symref') ?? []).map(pair => pair.split(':', 2) as [string, string]))
  const refs = new Map<string, ListedRef>()
  const addRef = (line: string) => {
    const [hash = '', name = ''] = splitAtSpace(line)
    if (name === 'capabilities^{}' || hash === 'shallow') return
    const whole = name.endsWith('^{}') ? refs.get(name.slice(0, -3)) : undefined
    if (whole !== undefined) {
      refs.set(whole.name, { ...whole, peeled: parseHash(hash, format) })
      return
    }
    const target = targets.get(name)
    refs.set(name, { name, hash: parseHash(hash, format), ...(target === undefined ? {} : { target }) })
    if (refs.size > MAX_REFS) throw tooManyRefs()
  }
  addRef(head)
  for (let packet = await nextOf(packets); packet !== 'flush'; packet = await nextOf(packets))
    addRef(lineOf(bytesOf(packet)))
  return { version: 0, capabilities, format, refs: [...refs.values()] }
}

/**
 * Reads the answer to the command ls-refs of version 2.
 *
 * @see https://git-scm.com/docs/protocol-v2#_ls_refs
 */
export async function readListedRefs(packets: AsyncIterator<Packet>, format: ObjectFormat): Promise<ListedRef[]> {
  const refs: ListedRef[] = []
  for (let packet = await nextOf(packets); packet !== 'flush'; packet = await nextOf(packets)) {
    const [hash = '', name = '', ...attributes] = lineOf(bytesOf(packet)).split(' ')
    if (name === '') throw malformed('a ref without a name')
    const peeled = attributeOf(attributes, 'peeled:')
    const target = attributeOf(attributes, 'symref-target:')
    refs.push({
      name,
      hash: parseHash(hash, format),
      ...(peeled === undefined ? {} : { peeled: parseHash(peeled, format) }),
      ...(target === undefined ? {} : { target }),
    })
    if (refs.length > MAX_REFS) throw tooManyRefs()
  }
  return refs
}

/** The next packet; throws `truncated` where there is none. */
export async function nextOf(packets: AsyncIterator<Packet>): Promise<Packet> {
  const { value, done } = await packets.next()
  if (done) throw new GitError('truncated', 'reading packets of git: expected a flush, got the end')
  return value
}

export function bytesOf(packet: Packet): Uint8Array {
  if (typeof packet === 'string') throw malformed(`unexpected ${packet}`)
  return packet
}

function lineIs(packet: Packet, line: string): boolean {
  return typeof packet !== 'string' && lineOf(packet) === line
}

function splitCapability(text: string): [name: string, value: string | undefined] {
  const at = text.indexOf('=')
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

function splitAtSpace(line: string): string[] {
  const at = line.indexOf(' ')
  if (at === -1) throw malformed('a ref without a name')
  return [line.slice(0, at), line.slice(at + 1)]
}

function formatNamed(capabilities: ReadonlyMap<string, readonly string[]>): ObjectFormat {
  const [name = 'sha1'] = capabilities.get('object-format') ?? []
  if (name === 'sha1' || name === 'sha256') return name
  throw new GitError(
    'unsupported_protocol',
    `the repository hashes by ${JSON.stringify(name.slice(0, 40))}, expected sha1 or sha256`,
  )
}

function attributeOf(attributes: readonly string[], prefix: string): string | undefined {
  return attributes.find(attribute => attribute.startsWith(prefix))?.slice(prefix.length)
}

function malformed(problem: string): GitError {
  return new GitError('malformed_response', `reading what a git server lists: ${problem}`)
}

function tooManyRefs(): GitError {
  return new GitError('too_large', `listing refs: at most ${MAX_REFS} are read`)
}
