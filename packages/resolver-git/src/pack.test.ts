import { createHash, randomBytes } from 'node:crypto'
import { deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type GitObject, hashObject, type ObjectFormat } from './git-hash.ts'
import { readPack } from './pack.ts'

const types = { commit: 1, tree: 2, blob: 3, tag: 4, offsetDelta: 6, referenceDelta: 7 } as const

interface Entry {
  readonly type: keyof typeof types
  readonly content: Uint8Array
  /** Bytes between header and data: the base of a delta. */
  readonly base?: Uint8Array
  readonly deflated?: Uint8Array
}

const bytes = (text: string) => Uint8Array.from(Buffer.from(text))
const entry = (type: Entry['type'], text: string): Entry => ({ type, content: bytes(text) })

function encodeEntry({ type, content, base = new Uint8Array(), deflated = deflateSync(content) }: Entry): Buffer {
  const head: number[] = []
  let size = content.length >> 4
  head.push((types[type] << 4) | (content.length & 0x0f) | (size > 0 ? 0x80 : 0))
  for (; size > 0; size = Math.floor(size / 128)) head.push((size & 0x7f) | (size >= 128 ? 0x80 : 0))
  return Buffer.concat([Buffer.from(head), base, deflated])
}

function pack(
  entries: readonly Entry[],
  { count = entries.length, format = 'sha1' }: { count?: number; format?: ObjectFormat } = {},
): Buffer {
  const header = Buffer.from('PACK\0\0\0\x02\0\0\0\0', 'latin1')
  header.writeUInt32BE(count, 8)
  const body = Buffer.concat([header, ...entries.map(encodeEntry)])
  return Buffer.concat([body, createHash(format).update(body).digest()])
}

/** A delta that keeps the first `keep` bytes of its base and appends `added`. */
function delta(base: Uint8Array, keep: number, added: string): Uint8Array {
  const sizeOf = (size: number) => (size < 128 ? [size] : [(size & 0x7f) | 0x80, size >> 7])
  const insert = bytes(added)
  return Uint8Array.from([
    ...sizeOf(base.length),
    ...sizeOf(keep + insert.length),
    0x90,
    keep,
    ...(insert.length > 0 ? [insert.length, ...insert] : []),
  ])
}

const hashOf = (type: 'commit' | 'tag', content: Uint8Array, format: ObjectFormat = 'sha1') =>
  hashObject(type, content, format).hash
const rawHash = (hash: string) => Uint8Array.from(Buffer.from(hash, 'hex'))

async function* chunked(data: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size)
}
async function read(data: Uint8Array, options: Partial<Parameters<typeof readPack>[1]> & { chunk?: number } = {}) {
  const objects: GitObject[] = []
  const { chunk = 7, format = 'sha1', ...rest } = options
  for await (const object of readPack(chunked(data, chunk), { format, ...rest })) objects.push(object)
  return objects.map(({ type, content, hash }) => ({ type, text: Buffer.from(content).toString(), hash }))
}

describe('readPack', () => {
  it.each([1, 13, 1 << 20])('yields commits and tags and passes over the rest, in chunks of %i bytes', async chunk => {
    const objects = await read(
      pack([
        entry('blob', 'b'.repeat(300)),
        entry('commit', 'tree x\n'),
        entry('tree', ''),
        entry('tag', 'object y\n'),
      ]),
      { chunk },
    )
    expect(objects.map(({ type, text }) => [type, text])).toEqual([
      ['commit', 'tree x\n'],
      ['tag', 'object y\n'],
    ])
    expect(objects[0]?.hash).toBe(hashOf('commit', bytes('tree x\n')))
  })

  it.each([100_000, 65_536 * 8])('passes over a file of %i bytes and reads a commit of that size', async size => {
    const noise = randomBytes(size).toString('hex')
    const data = pack([entry('blob', noise), entry('commit', `tree ${noise}`), entry('commit', 'tree z')])
    expect((await read(data, { chunk: 5000 })).map(({ text }) => text.length)).toEqual([noise.length + 5, 6])
  })

  it.each(['sha1', 'sha256'] as const)('resolves deltas against objects before and after them (%s)', async format => {
    const base = bytes('object 1\ntype commit\n')
    const first = encodeEntry({ type: 'tag', content: base })
    const byHash = delta(base, 10, 'by hash')
    const late = bytes('object 2\nlate')
    const data = pack(
      [
        { type: 'tag', content: base },
        { type: 'offsetDelta', content: delta(base, 9, 'by offset'), base: Uint8Array.of(first.length) },
        { type: 'referenceDelta', content: byHash, base: rawHash(hashOf('tag', base, format)) },
        { type: 'referenceDelta', content: delta(late, 9, 'early'), base: rawHash(hashOf('tag', late, format)) },
        {
          type: 'referenceDelta',
          content: delta(bytes('object 2\nearly'), 12, ''),
          base: rawHash(hashOf('tag', bytes('object 2\nearly'), format)),
        },
        { type: 'tag', content: late },
      ],
      { format },
    )
    const objects = await read(data, { format })
    expect(objects.map(({ text }) => text)).toEqual([
      'object 1\ntype commit\n',
      'object 1\nby offset',
      'object 1\ntby hash',
      'object 2\nlate',
      'object 2\nearly',
      'object 2\near',
    ])
    for (const { type, text, hash } of objects) expect(hash).toBe(hashOf(type as 'tag', bytes(text), format))
  })

  it('passes over deltas of files', async () => {
    const blob = bytes('a file of some length')
    const first = encodeEntry({ type: 'blob', content: blob })
    const data = pack([
      { type: 'blob', content: blob },
      { type: 'offsetDelta', content: delta(blob, 5, ''), base: Uint8Array.of(first.length) },
      entry('commit', 'tree x'),
    ])
    expect((await read(data)).map(({ text }) => text)).toEqual(['tree x'])
  })

  it('reads no further than its user does', async () => {
    let taken = 0
    let isClosed = false
    async function* source() {
      try {
        for await (const chunk of chunked(
          pack([entry('commit', 'tree x'), entry('blob', randomBytes(50_000).toString('hex'))]),
          100,
        )) {
          taken += chunk.length
          yield chunk
        }
      } finally {
        isClosed = true
      }
    }
    for await (const _ of readPack(source(), { format: 'sha1' })) break
    expect(taken).toBeLessThan(300)
    expect(isClosed).toBe(true)
  })

  const commit = entry('commit', 'tree x')
  const good = pack([commit])
  it.each([
    ['nothing', new Uint8Array(), 'truncated'],
    ['another format', Buffer.from('KCAP\0\0\0\x02\0\0\0\x01', 'latin1'), 'malformed_response'],
    ['another version', Buffer.from('PACK\0\0\0\x09\0\0\0\x01', 'latin1'), 'malformed_response'],
    ['fewer objects than announced', pack([commit], { count: 2 }), /truncated|malformed_response/],
    ['an object that is cut short', good.subarray(0, 18), 'truncated'],
    ['an object of type 0', Buffer.concat([good.subarray(0, 12), Buffer.of(0x06)]), 'malformed_response'],
    ['an object of type 5', Buffer.concat([good.subarray(0, 12), Buffer.of(0x56)]), 'malformed_response'],
    ['data that is not deflated', pack([{ ...commit, deflated: bytes('not zlib at all') }]), 'malformed_response'],
    ['more data than announced', pack([{ ...commit, deflated: deflateSync('tree xyz') }]), 'malformed_response'],
    ['less data than announced', pack([{ ...commit, deflated: deflateSync('tree') }]), 'malformed_response'],
    ['a size without end', Buffer.concat([good.subarray(0, 12), Buffer.alloc(20, 0xff)]), 'malformed_response'],
    [
      'more data than announced in a large object',
      pack([{ type: 'blob', content: new Uint8Array(100_000), deflated: deflateSync(new Uint8Array(200_000)) }]),
      'malformed_response',
    ],
    [
      'a large object that is not deflated',
      pack([{ type: 'blob', content: new Uint8Array(100_000), deflated: new Uint8Array(100) }]),
      'malformed_response',
    ],
    [
      'a large object that ends early',
      pack([{ type: 'blob', content: new Uint8Array(100_000), deflated: deflateSync(new Uint8Array(99_000)) }]),
      'malformed_response',
    ],
    [
      'a large object that is cut short',
      pack([{ type: 'blob', content: new Uint8Array(200_000), deflated: deflateSync(randomBytes(200_000)) }]).subarray(
        0,
        90_000,
      ),
      'truncated',
    ],
    [
      'a small object that never ends',
      pack([{ type: 'commit', content: bytes('x'), deflated: endless() }]),
      'malformed_response',
    ],
    [
      'a delta that copies beyond its base',
      pack([
        commit,
        {
          type: 'referenceDelta',
          content: Uint8Array.of(6, 9, 0x90, 9),
          base: rawHash(hashOf('commit', commit.content)),
        },
      ]),
      'malformed_response',
    ],
    [
      'a delta for a base of another size',
      pack([
        commit,
        {
          type: 'referenceDelta',
          content: delta(bytes('tree'), 2, ''),
          base: rawHash(hashOf('commit', commit.content)),
        },
      ]),
      'malformed_response',
    ],
    [
      'a delta that announces more than it makes',
      pack([
        commit,
        {
          type: 'referenceDelta',
          content: Uint8Array.of(6, 100, 0x90, 6),
          base: rawHash(hashOf('commit', commit.content)),
        },
      ]),
      'malformed_response',
    ],
    [
      'a delta with the reserved instruction',
      pack([
        commit,
        { type: 'referenceDelta', content: Uint8Array.of(6, 6, 0), base: rawHash(hashOf('commit', commit.content)) },
      ]),
      'malformed_response',
    ],
    [
      'a delta bomb',
      pack([
        commit,
        {
          type: 'referenceDelta',
          content: Uint8Array.of(6, 0x80, 0x80, 0x80, 0x80, 0x10, 0x90, 6),
          base: rawHash(hashOf('commit', commit.content)),
        },
      ]),
      'too_large',
    ],
  ])('refuses %s', async (_, data, code) => {
    await expect(read(data)).rejects.toMatchObject({ code: expect.stringMatching(code) })
  })

  it('bounds one commit, and all that it holds', async () => {
    await expect(read(pack([entry('commit', 'x'.repeat(101))]), { maxObjectBytes: 100 })).rejects.toMatchObject({
      code: 'too_large',
    })
    const many = Array.from({ length: 30 }, (_, index) => entry('commit', `tree ${index}`.padEnd(90)))
    await expect(read(pack(many), { maxHeldBytes: 1000 })).rejects.toMatchObject({ code: 'too_large' })
  })

  it('counts empty objects, of which a pack may have millions', async () => {
    const deflated = deflateSync('')
    const base = rawHash('b'.repeat(40))
    const empty = (type: 'commit' | 'referenceDelta'): Entry => ({ type, content: bytes(''), deflated, base })
    const commits = pack(Array(100_000).fill({ ...empty('commit'), base: bytes('') }))
    await expect(read(commits, { chunk: 65_536 })).rejects.toMatchObject({ code: 'too_large' })
    const deltas = pack([...Array(100_000).fill(empty('referenceDelta')), commit])
    expect(await read(deltas, { chunk: 65_536 })).toHaveLength(1)
  })

  it('lets deltas of unknown bases go where there is no room', async () => {
    const unknown = Array.from({ length: 30 }, (_, index): Entry => {
      const base = bytes(`unknown ${index}`)
      return { type: 'referenceDelta', content: delta(base, 3, 'y'.repeat(90)), base: rawHash(hashOf('commit', base)) }
    })
    const objects = await read(pack([...unknown, commit]), { maxHeldBytes: 2000 })
    expect(objects.map(({ text }) => text)).toEqual(['tree x'])
  })
})

/** A zlib stream of empty blocks. */
function endless(): Uint8Array {
  const blocks = Array.from({ length: 30_000 }, () => [0x00, 0x00, 0x00, 0xff, 0xff])
  return Uint8Array.from([0x78, 0x01, ...blocks.flat()])
}
