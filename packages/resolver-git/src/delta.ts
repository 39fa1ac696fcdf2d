import { GitError } from './error.ts'

/**
 * The object that a delta makes of its base. Throws `malformed_response`, or `too_large` where it announces
 * more than `maxBytes`; builds no more than it announces.
 *
 * @see https://git-scm.com/docs/gitformat-pack#_deltified_representation
 */
export function applyDelta(base: Uint8Array, delta: Uint8Array, maxBytes: number): Uint8Array {
  const source = readSize(delta, 0)
  const target = readSize(delta, source.next)
  if (source.size !== base.length) throw malformed(`it is for a base of ${source.size} bytes, not of ${base.length}`)
  // hostile: a few bytes can announce any size
  if (target.size > maxBytes) {
    throw new GitError(
      'too_large',
      `applying a delta of a pack: it makes ${target.size} bytes, at most ${maxBytes} are built`,
    )
  }
  const result = new Uint8Array(target.size)
  let at = target.next
  let filled = 0
  const append = (from: Uint8Array, start: number, length: number) => {
    if (start + length > from.length || filled + length > result.length) throw malformed('it copies beyond an end')
    result.set(from.subarray(start, start + length), filled)
    filled += length
  }
  const next = (): number => {
    const byte = delta[at++]
    if (byte === undefined) throw malformed('it ends within an instruction')
    return byte
  }
  while (at < delta.length) {
    const instruction = next()
    if (instruction === 0) throw malformed('instruction 0 is reserved')
    if (instruction < 0x80) {
      append(delta, at, instruction)
      at += instruction
      continue
    }
    let offset = 0
    let size = 0
    for (let index = 0; index < 4; index++) if (instruction & (1 << index)) offset += next() * 256 ** index
    for (let index = 0; index < 3; index++) if (instruction & (0x10 << index)) size += next() * 256 ** index
    append(base, offset, size === 0 ? 0x10000 : size)
  }
  if (filled !== result.length) throw malformed(`it makes ${filled} bytes and announces ${result.length}`)
  return result
}

function readSize(delta: Uint8Array, start: number): { size: number; next: number } {
  let size = 0
  for (let at = start; at < start + 8; at++) {
    const byte = delta[at]
    if (byte === undefined) break
    size += (byte & 0x7f) * 128 ** (at - start)
    if (byte < 0x80 && Number.isSafeInteger(size)) return { size, next: at + 1 }
  }
  throw malformed('a size is none')
}

function malformed(problem: string): GitError {
  return new GitError('malformed_response', `applying a delta of a pack: ${problem}`)
}
