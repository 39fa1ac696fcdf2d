import { buildAttestation, buildImage, buildIndex, createMutator } from '@source-policy/testkit'
import { describe, expect, it } from 'vitest'
import { parseChallenges } from './challenge.ts'
import { parseDigest } from './digest.ts'
import { decodeDocument } from './document.ts'
import { decodeImageConfig } from './image-config.ts'
import { parsePlatform } from './platform.ts'
import { purlToReference } from './purl.ts'
import { formatReference, parseReference } from './reference.ts'
import { listTar } from './tar.ts'

const ROUNDS = 3_000
const TIME_LIMIT_MS = 20_000

const image = buildImage({ labels: { a: 'b' }, env: ['A=1'], volumes: ['/x'], user: 'u' })
const digest = `sha256:${'ab'.repeat(32)}`
const jsonPieces = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  'null',
  '-1',
  '1e999',
  '"size":',
  '"mediaType":',
  '\\u0000',
  '"manifests":[]',
  '"config":{}',
]
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

interface Subject {
  readonly samples: readonly (string | Uint8Array)[]
  readonly pieces: readonly string[]
  /** Reads it, and where it can be printed reads that again. */
  readonly read: (bytes: Uint8Array) => void
}

const subjects: Readonly<Record<string, Subject>> = {
  'manifests and indexes': {
    samples: [image.bytes, buildIndex([image, buildAttestation(image, [])]).bytes],
    pieces: jsonPieces,
    read: bytes => decodeDocument(bytes, { what: 'fuzz' }),
  },
  configs: {
    samples: [image.blobs[0]!.bytes],
    pieces: [...jsonPieces, '"Labels":', '"created":"'],
    read: bytes => decodeImageConfig(bytes, { what: 'fuzz' }),
  },
  references: {
    samples: [`docker.io/library/alpine:3.22@${digest}`, '[::1]:5000/a/b__c:x', 'LOCAL/a', 'a.b-c/d'],
    pieces: ['/', ':', '@', '.', '__', '-', '[', ']', 'sha512:', 'localhost'],
    read: bytes => {
      const reference = parseReference(textOf(bytes))
      expect(parseReference(formatReference(reference))).toEqual(reference)
    },
  },
  digests: { samples: [digest], pieces: ['sha512:', ':'], read: bytes => parseDigest(textOf(bytes)) },
  platforms: {
    samples: ['linux/arm64/v8', 'windows(10.0.17763+win32k)/amd64', 'arm'],
    pieces: ['/', '(', ')', '+', '%', '%2f', 'v9.5'],
    read: bytes => parsePlatform(textOf(bytes)),
  },
  'package URLs': {
    samples: [`pkg:docker/ghcr.io/foo/bar@v2?platform=linux%2Famd64&digest=${digest}#x`],
    pieces: ['%', '%40', '?', '&', '#', '@', '=', 'pkg:'],
    read: bytes => {
      const { reference } = purlToReference(textOf(bytes))
      expect(formatReference(parseReference(reference))).toBe(reference)
    },
  },
  challenges: {
    samples: [
      'Bearer realm="https://a/token",service="b",scope="repository:a:pull"',
      'Basic realm="x", Negotiate YQ==',
    ],
    pieces: ['"', '\\', ',', '=', ' ', 'realm=', 'Bearer '],
    read: bytes => parseChallenges(textOf(bytes)),
  },
}

describe.each(Object.entries(subjects))('%s', (_name, { samples, pieces, read }) => {
  it('are read or refused with a code, whatever they are', () => {
    const mutator = createMutator({ samples, pieces, seed: 7 })
    const started = performance.now()
    let refused = 0
    for (let round = 0; round < ROUNDS; round++) {
      const input = mutator.next()
      try {
        read(input)
      } catch (error) {
        refused++
        const { name, code } = error as { name: string; code: unknown }
        expect([name, typeof code, textOf(input)]).toEqual([name, 'string', textOf(input)])
        expect(['OciError', 'CoreError']).toContain(name)
      }
    }
    expect(refused).toBeGreaterThan(0)
    expect(performance.now() - started).toBeLessThan(TIME_LIMIT_MS)
  })
})

describe('tar archives', () => {
  it('are listed or refused with a code, whatever they are', async () => {
    const header = Buffer.alloc(512)
    header.write('index.json', 0)
    header.write('00000000003\0', 124)
    header.write('0ustar\u000000', 156)
    header.fill(' ', 148, 156)
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    const sample = Buffer.concat([header, Buffer.from('abc'), Buffer.alloc(509), Buffer.alloc(1024)])
    const mutator = createMutator({ samples: [sample], pieces: [header], seed: 7, maxBytes: 16 * 1024 })
    for (let round = 0; round < 300; round++) {
      const bytes = Buffer.from(mutator.next())
      const read = (offset: number, length: number) => bytes.subarray(offset, offset + length)
      const listed = await listTar({ size: bytes.length, read }, 'fuzz').catch((error: unknown) => ({ error }))
      if ('error' in listed) expect(listed.error).toMatchObject({ code: 'layout_invalid' })
      else
        for (const entry of listed.files.values()) expect(entry.offset + entry.size).toBeLessThanOrEqual(bytes.length)
    }
  })
})
