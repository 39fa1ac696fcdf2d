import { type Advertisement, bytesOf, nextOf } from './advertisement.ts'
import { GitError } from './error.ts'
import { formatOfHash } from './git-hash.ts'
import { encodePacket, lineOf, type Packet, sayable } from './pkt-line.ts'
import { sideBandData } from './side-band.ts'

/** What a server of version 2 knows in its own words. */
const AGENT = 'agent=source-policy'
const FLUSH = '0000'
const DELIMITER = '0001'

/**
 * The request for the refs with these full names, where they lead to, and what HEAD stands for.
 *
 * @see https://git-scm.com/docs/protocol-v2#_ls_refs
 */
export function listRefsRequest(names: readonly string[], advertisement: Advertisement): string {
  if (!advertisement.capabilities.has('ls-refs')) throw lacks('ls-refs')
  const prefixes = names.map(name => encodePacket(`ref-prefix ${name}\n`))
  return [
    encodePacket('command=ls-refs\n'),
    ...preamble(advertisement),
    DELIMITER,
    encodePacket('peel\n'),
    encodePacket('symrefs\n'),
    ...prefixes,
    FLUSH,
  ].join('')
}

/**
 * The request for one commit, or a tag with what it leads to: without history, and without what `filter` says where the
 * server can leave it out. A server that cannot does not answer at all to a filter, so it is never sent unasked.
 *
 * @see https://git-scm.com/docs/protocol-v2#_fetch
 * @see https://git-scm.com/docs/gitprotocol-pack#_packfile_negotiation
 */
export function fetchRequest(hash: string, advertisement: Advertisement, filter: Filter = 'tree:0'): string {
  if (formatOfHash(hash) !== advertisement.format) {
    throw new GitError(
      'object_missing',
      `object ${hash} cannot be in a repository that hashes by ${advertisement.format}`,
    )
  }
  return advertisement.version === 2
    ? fetchRequestV2(hash, advertisement, filter)
    : fetchRequestV0(hash, advertisement, filter)
}

/** What is left out of a fetch: trees and files, files, or nothing. */
export type Filter = 'tree:0' | 'blob:none' | 'nothing'

/** Whether a server sends a commit without its files, and single files later. */
export function canFetchFilesLater(advertisement: Advertisement): boolean {
  return advertisement.version === 2 && fetchFeatures(advertisement).has('filter')
}

function fetchFeatures({ capabilities }: Advertisement): ReadonlySet<string> {
  const [features] = capabilities.get('fetch') ?? []
  return new Set((features ?? '').split(' '))
}

function fetchRequestV2(hash: string, advertisement: Advertisement, filter: Filter): string {
  if (!advertisement.capabilities.has('fetch')) throw lacks('fetch')
  const can = fetchFeatures(advertisement)
  return [
    encodePacket('command=fetch\n'),
    ...preamble(advertisement),
    DELIMITER,
    encodePacket('no-progress\n'),
    encodePacket('ofs-delta\n'),
    ...(can.has('shallow') ? [encodePacket('deepen 1\n')] : []),
    ...(can.has('filter') && filter !== 'nothing' ? [encodePacket(`filter ${filter}\n`)] : []),
    encodePacket(`want ${hash}\n`),
    encodePacket('done\n'),
    FLUSH,
  ].join('')
}

function fetchRequestV0(hash: string, { capabilities, format }: Advertisement, filter: Filter): string {
  if (!capabilities.has('side-band-64k')) throw lacks('side-band-64k')
  const isFiltered = capabilities.has('filter') && filter !== 'nothing'
  const offered = ['ofs-delta', 'no-progress', ...(isFiltered ? ['filter'] : [])].filter(name => capabilities.has(name))
  const words = ['side-band-64k', ...offered, ...(format === 'sha1' ? [] : [`object-format=${format}`]), AGENT]
  return [
    encodePacket(`want ${hash} ${words.join(' ')}\n`),
    ...(capabilities.has('shallow') ? [encodePacket('deepen 1\n')] : []),
    ...(isFiltered ? [encodePacket(`filter ${filter}\n`)] : []),
    FLUSH,
    encodePacket('done\n'),
  ].join('')
}

/** The bytes of the pack in the answer to a fetch. Throws `malformed_response`, `remote_error`. */
export async function* packData(
  packets: AsyncIterator<Packet>,
  { version }: Advertisement,
): AsyncGenerator<Uint8Array, void, undefined> {
  await (version === 2 ? skipToPackV2(packets) : skipToPackV0(packets))
  yield* sideBandData(packets)
}

async function skipToPackV2(packets: AsyncIterator<Packet>): Promise<void> {
  for (;;) {
    const packet = await nextOf(packets)
    if (packet === 'flush') throw new GitError('object_missing', 'the remote answered without a pack')
    if (packet !== 'delimiter' && lineOf(bytesOf(packet)) === 'packfile') return
  }
}

/** With depth: shallow lines and a flush; then whether something is shared, which it never is. */
async function skipToPackV0(packets: AsyncIterator<Packet>): Promise<void> {
  for (;;) {
    const packet = await nextOf(packets)
    if (packet === 'flush') continue
    const line = bytesOf(packet)
    const text = lineOf(line)
    if (text === 'NAK') return
    if (!text.startsWith('shallow ') && !text.startsWith('unshallow ')) {
      throw new GitError(
        'malformed_response',
        `reading the answer to a fetch: unexpected ${sayable(line.subarray(0, 60))}`,
      )
    }
  }
}

function preamble({ capabilities, format }: Advertisement): string[] {
  return [
    ...(capabilities.has('agent') ? [encodePacket(`${AGENT}\n`)] : []),
    ...(capabilities.has('object-format') ? [encodePacket(`object-format=${format}\n`)] : []),
  ]
}

function lacks(what: string): GitError {
  return new GitError('unsupported_protocol', `the remote does not offer ${what}`)
}
