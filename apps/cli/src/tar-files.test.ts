import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { tarFiles } from './tar-files.ts'

interface Fields {
  readonly name: string
  readonly content?: string
  readonly type?: string
  readonly target?: string
  /** Bytes anywhere in the header, its sum aside. */
  readonly at?: Readonly<Record<number, string>>
  readonly sum?: 'signed' | 'base256'
}

/** An entry as BuildKit's reader takes it; of the oldest kind, without a magic. */
function entry({ name, content = '', type = '0', target = '', at = {}, sum }: Fields): Buffer {
  const body = Buffer.from(content)
  const header = Buffer.alloc(512)
  const fields = { 0: name, 100: '0000644', 108: '0000000', 116: '0000000', 136: '00000000000', 156: type, 157: target }
  const size = body.length.toString(8).padStart(11, '0')
  for (const [offset, text] of Object.entries({ ...fields, 124: size, ...at })) header.write(text, Number(offset))
  header.fill(' ', 148, 156)
  const total = header.reduce((all, byte) => all + (sum === 'signed' && byte > 127 ? byte - 256 : byte), 0)
  if (sum === 'base256') header.writeUIntBE(total, header.write('\0\0\0', 148) + 148, 5)
  else header.write(`${total.toString(8).padStart(6, '0')}\0`, 148)
  if (sum === 'base256') header[148] = 0x80
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)])
}

const archive = (...entries: Fields[]) => Buffer.concat([...entries.map(entry), Buffer.alloc(1024)])
const good: Fields = { name: 'Dockerfile', content: 'FROM good\n' }
const evil: Fields = { name: 'Dockerfile', content: 'FROM evil\n' }
const record = (text: string) => `${text.length + 4} ${text}\n`

async function dockerfileOf(bytes: Buffer): Promise<string | undefined> {
  const files = await tarFiles(bytes, 'the context')
  if (files === undefined) return 'no archive'
  const found = await files.read('Dockerfile', { maxBytes: 1024 })
  return found && Buffer.from(found).toString()
}

describe('archives that BuildKit unpacks', () => {
  it.each<[string, Buffer]>([
    ['without a magic', archive(good)],
    ['with ./ and slashes', archive({ name: './', type: '5' }, { ...good, name: './/Dockerfile' })],
    ['compressed', gzipSync(archive(good))],
    [
      'a link',
      archive({ name: 'a/b', content: 'FROM good\n' }, { name: 'Dockerfile', type: '2', target: '../../a/b' }),
    ],
    [
      'another name',
      archive({ name: 'a/b', content: 'FROM good\n' }, { name: 'Dockerfile', type: '1', target: 'a/b' }),
    ],
    [
      'a comment for all entries',
      archive({ name: 'pax_global_header', type: 'g', content: record('comment=x') }, good),
    ],
    ['a long name', archive({ name: 'a' }, { name: 'x', type: 'L', content: 'Dockerfile\0' }, { ...good, name: 'x' })],
    ['a name of POSIX', archive({ name: 'a' }, { name: 'x', type: 'x', content: record('path=Dockerfile') }, good)],
  ])('%s', async (_, bytes) => {
    expect(await dockerfileOf(bytes)).toBe('FROM good\n')
  })

  it.each([
    ['a Dockerfile', Buffer.from(`FROM good\n${'#'.repeat(600)}`)],
    ['a Dockerfile with a magic', Buffer.from(`FROM good\n#${'ustar'.repeat(200)}`)],
  ])('not %s', async (_, bytes) => {
    expect(await dockerfileOf(bytes)).toBe('no archive')
  })
})

it('a frame of zstd that is to be skipped is no Dockerfile', async () => {
  const bytes = Buffer.from('P*M\x18\n\0\0\0FROM evil\n')
  await expect(dockerfileOf(bytes)).rejects.toMatchObject({ code: 'archive_unsupported' })
})

describe('archives that hold another Dockerfile for another reader', () => {
  const invalid = 'layout_invalid'
  const unsupported = 'archive_unsupported'
  it.each<[string, string, Fields[]]>([
    [invalid, 'a name through ..', [good, { name: 'x/', type: '5' }, { ...evil, name: 'x/../Dockerfile' }]],
    [invalid, 'a name that leads out', [good, { ...evil, name: 'x/../../Dockerfile' }]],
    [invalid, 'a name that stands twice', [good, evil]],
    [invalid, 'a directory of the same name', [good, { name: 'Dockerfile/', type: '5' }]],
    [
      invalid,
      'a file beneath a link',
      [
        { ...good, name: 'e/Dockerfile' },
        { name: 'd', type: '2', target: 'e' },
        { ...evil, name: 'd/Dockerfile' },
      ],
    ],
    [invalid, 'a file that is called like a directory', [{ ...evil, name: 'Dockerfile/' }]],
    [invalid, 'a directory with content', [good, { name: 'd/', type: '5', at: { 124: '00000001000' } }, evil]],
    [invalid, 'a file of a foreign type', [{ ...evil, type: '7' }]],
    [invalid, 'a sparse file', [{ ...evil, type: 'S' }]],
    [
      invalid,
      'a sparse file of POSIX',
      [{ name: 'a' }, { name: 'x', type: 'x', content: record('GNU.sparse.name=Dockerfile') }, good],
    ],
    [
      invalid,
      'two longer names',
      [
        { name: 'a' },
        { name: 'x', type: 'L', content: 'Dockerfile\0' },
        { name: 'x', type: 'x', content: record('path=other') },
        { ...evil, name: 'x' },
      ],
    ],
    [invalid, 'a longer name that is none', [{ name: 'a' }, { name: 'x', type: 'x', content: record('path=') }, evil]],
    [invalid, 'times of GNU in the place of a directory', [{ ...evil, at: { 257: 'ustar  ', 345: '00000000000' } }]],
    [
      unsupported,
      'another name of a link',
      [
        { ...good, name: 's/g' },
        { ...evil, name: 'g' },
        { name: 's/l', type: '2', target: 'g' },
        { name: 'Dockerfile', type: '1', target: 's/l' },
      ],
    ],
    [
      unsupported,
      'a first entry that BuildKit does not see whole',
      [{ name: 'FROM evil\n#', type: 'L', content: 'x' }, good],
    ],
    [
      unsupported,
      'long words about all entries',
      [{ name: 'FROM evil\n#', type: 'g', content: record(`comment=${'x'.repeat(900)}`).replace(/^\d+/, '913') }, good],
    ],
    [unsupported, 'a first entry whose numbers are none', [{ name: 'FROM evil\n#', at: { 100: 'octal?' } }, good]],
    [unsupported, 'a first entry with a number in two parts', [{ name: 'FROM evil\n#', at: { 100: '06 644' } }, good]],
    [
      unsupported,
      'a first entry with a number after zeros',
      [{ name: 'FROM evil\n#', at: { 100: '\0\0octal?' } }, good],
    ],
    [
      unsupported,
      'a first entry of a time too late',
      [{ name: 'FROM evil\n#', at: { 136: '\u00e9'.repeat(6) } }, good],
    ],
    [
      unsupported,
      'a first entry of a device that is none',
      [{ name: 'FROM evil\n#', at: { 257: 'ustar\u000000', 329: 'device' } }, good],
    ],
    [invalid, 'no words about all entries', [{ name: '#', type: 'g', content: '\nFROM evil\nRUN <<EOF\n' }, good]],
    [unsupported, 'a sum in base 256', [{ name: 'FROM good\n#', sum: 'base256' }, evil]],
    [unsupported, 'a sum of signed bytes', [{ name: 'FROM good\n#\u00e9', sum: 'signed' }, evil]],
  ])('%s: %s', async (code, _, entries) => {
    await expect(dockerfileOf(archive(...entries))).rejects.toMatchObject({ code })
  })
})
