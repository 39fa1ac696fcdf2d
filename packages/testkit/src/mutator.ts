/** Makes malformed inputs of well-formed ones, the same ones for the same seed. */
export interface Mutator {
  /** The next input. */
  next(): Uint8Array
}

export interface MutatorOptions {
  /** Well-formed inputs to start from. */
  readonly samples: readonly (string | Uint8Array)[]
  readonly seed: number
  /** Pieces that are put in: words and marks of the format. */
  readonly pieces?: readonly (string | Uint8Array)[]
  /** Default: 64 KiB. */
  readonly maxBytes?: number
}

const boundaries = [0, 1, 0x0a, 0x20, 0x7f, 0x80, 0xfe, 0xff]

/** Flips, cuts, repeats, inserts and joins, one to eight times over. */
export function createMutator({ samples, seed, pieces = [], maxBytes = 64 * 1024 }: MutatorOptions): Mutator {
  const random = mulberry32(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!
  const bytesOf = (text: string | Uint8Array) => (typeof text === 'string' ? Buffer.from(text) : Buffer.from(text))
  const starts = samples.map(bytesOf)
  const words = pieces.map(bytesOf)
  const noise = () => Buffer.from(Array.from({ length: 1 + below(6) }, () => below(256)))

  const changes: readonly ((data: Buffer) => Buffer)[] = [
    data => {
      if (data.length > 0) data[below(data.length)]! ^= 1 << below(8)
      return data
    },
    data => {
      if (data.length > 0) data[below(data.length)] = pick(boundaries)
      return data
    },
    data => data.subarray(0, below(data.length + 1)),
    data => splice(data, below(data.length + 1), below(16), Buffer.of()),
    data => splice(data, below(data.length + 1), 0, words.length > 0 ? pick(words) : noise()),
    data => splice(data, below(data.length + 1), 0, noise()),
    data => {
      const from = below(data.length + 1)
      return splice(data, below(data.length + 1), 0, data.subarray(from, from + below(64)))
    },
    data => {
      const other = pick(starts)
      const at = below(Math.min(data.length, other.length) + 1)
      return Buffer.concat([data.subarray(0, at), other.subarray(at)])
    },
  ]
  return {
    next() {
      let data: Buffer = Buffer.from(pick(starts))
      for (let left = 1 + below(8); left > 0; left--) data = pick(changes)(data)
      return Uint8Array.from(data.subarray(0, maxBytes))
    },
  }
}

function splice(data: Buffer, at: number, remove: number, insert: Buffer): Buffer {
  return Buffer.concat([data.subarray(0, at), insert, data.subarray(at + remove)])
}

/** Numbers in [0, 1), the same for a seed. */
function mulberry32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
