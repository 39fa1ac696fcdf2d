import { readFileSync } from 'node:fs'
import { deflateSync } from 'node:zlib'
import { createMutator } from '@source-policy/testkit'
import { describe, it } from 'vitest'
import { FUZZ_RUNS, FUZZ_SEED, fuzz } from '../../../test/fuzz.ts'
import { readAdvertisement, readListedRefs } from './advertisement.ts'
import { applyDelta } from './delta.ts'
import { hashObject } from './git-hash.ts'
import { readGitSource } from './git-source.ts'
import { commitInput, pointeeOf, tagInput } from './object.ts'
import { readPack } from './pack.ts'
import { decodePackets, encodePacket } from './pkt-line.ts'
import { packData } from './upload-pack.ts'

const hash = 'a'.repeat(40)
const fixture = (name: string) => Uint8Array.from(readFileSync(new URL(`testdata/${name}`, import.meta.url)))
const lines = (...texts: string[]) => texts.map(encodePacket).join('')

async function* stream(data: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += 500) yield data.subarray(at, at + 500)
}
async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

const commit = Buffer.from(fixture('sha1/openpgp-ed25519.commit'))
const entry = (type: number, content: Uint8Array, base = Buffer.of()) => {
  const head = [(type << 4) | (content.length & 0x0f) | (content.length > 15 ? 0x80 : 0)]
  if (content.length > 15) head.push((content.length >> 4) & 0x7f)
  return Buffer.concat([Buffer.from(head), base, deflateSync(content)])
}
const small = Buffer.from(`tree ${hash}\n`)
const packed = Buffer.concat([
  Buffer.from('PACK\0\0\0\x02\0\0\0\x05', 'latin1'),
  entry(1, small),
  entry(3, Buffer.alloc(200)),
  entry(6, Buffer.from([small.length, 5, 0x90, 5]), Buffer.of(10)),
  entry(7, Buffer.from([3, 3, 0x90, 3]), Buffer.alloc(20, 7)),
  entry(4, Buffer.from(`object ${hash}\n`)),
  Buffer.alloc(20),
])
const band = Buffer.concat([
  Buffer.from(lines('shallow-info\n', `shallow ${hash}\n`)),
  Buffer.from('0001'),
  Buffer.from(lines('packfile\n')),
  Buffer.from((packed.length + 5).toString(16).padStart(4, '0')),
  Buffer.of(1),
  packed,
  Buffer.from('0000'),
])

describe(`malformed bytes of git, ${FUZZ_RUNS} of each`, () => {
  const pieces = [
    '0000',
    '0001',
    '0004',
    'fff0',
    hash,
    '\0',
    '\n',
    'refs/heads/',
    '^{}',
    'ERR ',
    'PACK',
    '0'.repeat(40),
  ]
  const mutator = (samples: readonly (string | Uint8Array)[]) => createMutator({ samples, seed: FUZZ_SEED, pieces })

  it('advertisements', async () => {
    const { next } = mutator([
      `${lines('version 2\n', 'agent=git/2\n', 'ls-refs=unborn\n', 'fetch=shallow filter\n', 'object-format=sha1\n')}0000`,
      `${lines('# service=git-upload-pack\n')}0000${lines(`${hash} HEAD\0side-band-64k symref=HEAD:refs/heads/m\n`, `${hash} refs/tags/v1\n`, `${hash} refs/tags/v1^{}\n`)}0000`,
    ])
    await fuzz(next, input => readAdvertisement(decodePackets(stream(input))))
  })

  it('listings', async () => {
    const { next } = mutator([
      `${lines(`${hash} HEAD symref-target:refs/heads/main\n`, `${hash} refs/tags/v1 peeled:${hash}\n`)}0000`,
    ])
    await fuzz(next, input => readListedRefs(decodePackets(stream(input)), 'sha1'))
  })

  it('packs', async () => {
    const { next } = mutator([packed])
    await fuzz(next, input => drain(readPack(stream(input), { format: 'sha1' })))
  })

  it('packs in packets', async () => {
    const { next } = mutator([band])
    const advertisement = { version: 2, capabilities: new Map(), format: 'sha1', refs: [] } as const
    await fuzz(next, input =>
      drain(readPack(packData(decodePackets(stream(input)), advertisement), { format: 'sha1' })),
    )
  })

  it('deltas', async () => {
    const base = Buffer.alloc(300, 'base ')
    const { next } = mutator([
      Uint8Array.from([0xac, 2, 10, 0x90, 5, 5, 1, 2, 3, 4, 5]),
      Uint8Array.from([0xac, 2, 0x80, 2, 0x80]),
    ])
    await fuzz(next, input => applyDelta(base, input, 1_000_000))
  })

  it('commits and tags', async () => {
    const samples = [
      'openpgp-ed25519.commit',
      'ssh-rsa.commit',
      'openpgp-ed25519.tag',
      'ssh-ed25519.tag',
      'unsigned.commit',
    ]
    const { next } = createMutator({
      samples: samples.map(name => fixture(`sha1/${name}`)),
      seed: FUZZ_SEED,
      pieces: [...pieces, 'gpgsig ', ' ', '-----BEGIN PGP SIGNATURE-----\n', '<', '>', ' +0000', '\xff', 'object '],
    })
    await fuzz(next, input => {
      const isTag = Buffer.from(input.subarray(0, 7)).toString() === 'object '
      const object = hashObject(isTag ? 'tag' : 'commit', input, 'sha1')
      if (isTag) {
        tagInput(object)
        pointeeOf(object)
      } else commitInput(object)
    })
  })

  it('identifiers', async () => {
    const { next } = createMutator({
      samples: [
        `git://github.com/a/b.git#refs/tags/v1:dir`,
        `git://git@h:a/b#${hash}`,
        'git://https://u:p@[::1]:8443/x',
        commit,
      ],
      seed: FUZZ_SEED,
      pieces: ['%00', '%zz', '://', '@', ':', '#', '?', '[', ']', '-', '..', '\n', 'ssh://', 'ext::', 'é'],
    })
    await fuzz(next, input => readGitSource({ identifier: Buffer.from(input).toString('utf8'), attrs: {} }))
  })
})
