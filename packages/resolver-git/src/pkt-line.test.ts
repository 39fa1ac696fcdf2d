import { describe, expect, it } from 'vitest'
import { nextOf, readAdvertisement, readListedRefs } from './advertisement.ts'
import { decodePackets, encodePacket, lineOf, type Packet } from './pkt-line.ts'
import { sideBandData } from './side-band.ts'

async function* stream(text: string, size = 3): AsyncGenerator<Uint8Array> {
  const data = Buffer.from(text)
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size)
}
const packets = (text: string) => decodePackets(stream(text))
async function all(text: string): Promise<string[]> {
  const lines: string[] = []
  for await (const packet of packets(text)) lines.push(typeof packet === 'string' ? packet : lineOf(packet))
  return lines
}
const lines = (...texts: string[]) => texts.map(encodePacket).join('')
const hash = 'a'.repeat(40)
const other = 'b'.repeat(40)

describe('decodePackets', () => {
  it('reads lines and marks', async () => {
    expect(await all(`${lines('one\n', 'two')}0001${lines('é')}00020000`)).toEqual([
      'one',
      'two',
      'delimiter',
      'é',
      'response-end',
      'flush',
    ])
  })

  it.each([
    ['0003', 'malformed_response'],
    ['0004', 'malformed_response'],
    ['fff1aaaa', 'malformed_response'],
    ['zzzz', 'malformed_response'],
    [' 005a', 'malformed_response'],
    ['+005a', 'malformed_response'],
    ['00', 'truncated'],
    ['0009ab', 'truncated'],
    ['<html><body>', 'malformed_response'],
    [lines('ERR no such repository'), 'remote_error'],
  ])('refuses %j', async (text, code) => {
    await expect(all(text)).rejects.toMatchObject({ code })
  })

  it('repeats what a server says without its control characters, and not all of it', async () => {
    const said = await all(lines(`ERR \x1b[31mred\r\n${'x'.repeat(2000)}`)).catch((error: Error) => error.message)
    expect(said).not.toContain('\x1b')
    expect(String(said).length).toBeLessThan(600)
  })

  it('gives the source back when nobody reads on', async () => {
    let isClosed = false
    async function* source() {
      try {
        yield* stream(lines('one', 'two'))
      } finally {
        isClosed = true
      }
    }
    for await (const _ of decodePackets(source())) break
    expect(isClosed).toBe(true)
  })
})

describe('readAdvertisement', () => {
  const head = `${lines('# service=git-upload-pack\n')}0000`
  it.each([
    [
      'version 2',
      `${lines('version 2\n', 'ls-refs=unborn\n', 'fetch=shallow filter\n', 'object-format=sha256\n')}0000`,
    ],
    ['version 2 after the name of the service', `${head}${lines('version 2', 'ls-refs', 'object-format=sha256')}0000`],
  ])('reads %s', async (_, text) => {
    expect(await readAdvertisement(packets(text))).toMatchObject({ version: 2, format: 'sha256', refs: [] })
  })

  it('takes no long time for a capability that stands many times', async () => {
    const text = `${lines('version 2\n')}${lines('a=').repeat(200_000)}0000`
    const { capabilities } = await readAdvertisement(packets(text)[Symbol.asyncIterator]())
    expect(capabilities.get('a')).toHaveLength(200_000)
  })

  it('reads version 0 with peeled tags and what HEAD stands for', async () => {
    const text = `${head}${lines(
      `${hash} HEAD\0 shallow symref=HEAD:refs/heads/main side-band-64k\n`,
      `${hash} refs/heads/main\n`,
      `${other} refs/tags/v1\n`,
      `${hash} refs/tags/v1^{}\n`,
      `shallow ${hash}\n`,
    )}0000`
    expect((await readAdvertisement(packets(text))).refs).toEqual([
      { name: 'HEAD', hash, target: 'refs/heads/main' },
      { name: 'refs/heads/main', hash },
      { name: 'refs/tags/v1', hash: other, peeled: hash },
    ])
  })

  it('reads version 0 of an empty repository', async () => {
    const text = `${head}${lines(`${'0'.repeat(40)} capabilities^{}\0 shallow object-format=sha1\n`)}0000`
    expect(await readAdvertisement(packets(text))).toMatchObject({ version: 0, refs: [] })
  })

  it.each([
    ['version 1', `${head}${lines('version 1')}0000`, 'unsupported_protocol'],
    ['no capabilities', `${head}${lines(`${hash} HEAD`)}0000`, 'unsupported_protocol'],
    ['another hash', `${lines('version 2', 'object-format=md5')}0000`, 'unsupported_protocol'],
    ['a hash of another format', `${head}${lines(`${'a'.repeat(64)} HEAD\0x`)}0000`, 'malformed_response'],
    ['a null hash', `${head}${lines(`${'0'.repeat(40)} HEAD\0x`)}0000`, 'malformed_response'],
    ['a line without a name', `${head}${lines(`${hash} HEAD\0x`, hash)}0000`, 'malformed_response'],
    ['no flush after the service', `${lines('# service=git-upload-pack', 'version 2')}0000`, 'malformed_response'],
    ['no flush at the end', lines('version 2'), 'truncated'],
    ['nothing', '', 'truncated'],
    ['a delimiter', `${lines('version 2')}00010000`, 'malformed_response'],
  ])('refuses %s', async (_, text, code) => {
    await expect(readAdvertisement(packets(text))).rejects.toMatchObject({ code })
  })
})

describe('readListedRefs', () => {
  it('reads hashes, peeled hashes and targets', async () => {
    const text = `${lines(
      `${hash} HEAD symref-target:refs/heads/main\n`,
      `${other} refs/tags/v1 peeled:${hash} something-new:1\n`,
    )}0000`
    expect(await readListedRefs(packets(text), 'sha1')).toEqual([
      { name: 'HEAD', hash, target: 'refs/heads/main' },
      { name: 'refs/tags/v1', hash: other, peeled: hash },
    ])
  })

  it.each([
    [lines(`${hash}\n`), 'malformed_response'],
    [lines(`${hash.toUpperCase()} refs/heads/main\n`), 'malformed_response'],
    [lines(`${hash} refs/tags/v1 peeled:xyz\n`), 'malformed_response'],
    [lines(`${hash} refs/heads/main\n`), 'truncated'],
  ])('refuses %j', async (text, code) => {
    await expect(readListedRefs(packets(text), 'sha1')).rejects.toMatchObject({ code })
  })
})

describe('sideBandData', () => {
  const read = async (text: string) => {
    let data = ''
    for await (const chunk of sideBandData(packets(text))) data += Buffer.from(chunk).toString()
    return data
  }
  it('joins the data and drops progress', async () => {
    expect(await read(`${lines('\x01PA', '\x02counting', '\x01CK')}0000`)).toBe('PACK')
  })
  it.each([
    [`${lines('\x01PA', '\x03out of memory')}0000`, 'remote_error'],
    [`${lines('\x04PA')}0000`, 'malformed_response'],
    [lines('\x01PA'), 'truncated'],
    ['0001', 'malformed_response'],
  ])('refuses %j', async (text, code) => {
    await expect(read(text)).rejects.toMatchObject({ code })
  })
})

it('nextOf says that packets ended', async () => {
  await expect(nextOf(packets('')[Symbol.asyncIterator]() as AsyncIterator<Packet>)).rejects.toMatchObject({
    code: 'truncated',
  })
})
