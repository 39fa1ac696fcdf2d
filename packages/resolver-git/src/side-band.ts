import { GitError } from './error.ts'
import { type Packet, sayable } from './pkt-line.ts'

const bands = { data: 1, progress: 2, error: 3 } as const

/**
 * The data of packets that carry a band each, up to the flush after them. Throws `remote_error` where the server
 * reports a failure on its band, `truncated` where the packets end without a flush.
 *
 * @see https://git-scm.com/docs/protocol-v2#_fetch
 */
export async function* sideBandData(packets: AsyncIterator<Packet>): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    const { value: packet, done } = await packets.next()
    if (done) throw new GitError('truncated', 'reading a pack: the packets end without a flush')
    if (packet === 'flush') return
    if (typeof packet === 'string') throw new GitError('malformed_response', `reading a pack: unexpected ${packet}`)
    const data = packet.subarray(1)
    switch (packet[0]) {
      case bands.data:
        yield data
        break
      case bands.progress:
        break
      case bands.error:
        throw new GitError('remote_error', `the remote says: ${sayable(data)}`)
      default:
        throw new GitError('malformed_response', `reading a pack: there is no band ${packet[0]}`)
    }
  }
}
