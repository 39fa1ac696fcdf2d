import { readFileSync } from 'node:fs'
import { createRun } from '@source-policy/core'
import { createMutator } from '@source-policy/testkit'
import type { Transport, TransportResponse } from '@source-policy/transport'
import { describe, it } from 'vitest'
import { FUZZ_RUNS, FUZZ_SEED, fuzz } from '../../../test/fuzz.ts'
import { parseDigest } from './digest.ts'
import { githubAttestations } from './github-attestations.ts'
import { describeSource, requestURL } from './identifier.ts'
import { decodeSnappy } from './snappy.ts'

const mutator = (samples: readonly (string | Uint8Array)[], pieces: readonly string[] = []) =>
  createMutator({ samples, seed: FUZZ_SEED, pieces })
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8')

describe(`malformed bytes around HTTP sources, ${FUZZ_RUNS} of each`, () => {
  it('Snappy blocks', async () => {
    const { next } = mutator(
      ['short', 'run', 'text', 'noise'].map(name =>
        readFileSync(new URL(`testdata/snappy/${name}.sn`, import.meta.url)),
      ),
    )
    await fuzz(next, input => decodeSnappy(input, 100_000))
  })

  it('URLs', async () => {
    const { next } = mutator(
      [
        'https://user:p%40ss@example.com:443/a%2fb/c;d?x=1&x=2#f',
        'http://[::1]:80/',
        'https://xn--bcher-kva.example/%zz',
      ],
      ['%', '%00', '..', '/', '\\', '@', ':', '[', ']', '?', '#', '。', '\t', ' ', '0x7f.1', 'ü'],
    )
    await fuzz(next, input => {
      const identifier = textOf(input)
      describeSource({ kind: 'http', identifier, attrs: {} })
      requestURL(identifier)
    })
  })

  it('checksums', async () => {
    const { next } = mutator([`sha256:${'0a'.repeat(32)}`, `sha512:${'0a'.repeat(64)}`], ['sha384:', 'md5:', ':', 'A'])
    await fuzz(next, input => parseDigest(textOf(input)))
  })

  it('answers of GitHub', async () => {
    const { next } = mutator(
      ['{"attestations":[{"bundle":{"mediaType":"x","content":{}}},{"bundle_url":"https://example.com/a.json.sn"}]}'],
      ['null', '{}', '[]', '"bundle_url":', '"bundle":', ',', '\u0000', '1e999', '"https://[/"'],
    )
    const run = createRun()
    const answering = (body: Uint8Array): Transport => {
      const response: TransportResponse = {
        status: 200,
        headers: { get: () => undefined },
        url: 'https://api.github.com/',
        redirected: [],
        decompressed: false,
        body: (async function* () {})(),
        bytes: async () => body,
        text: async () => textOf(body),
        discard: async () => {},
      }
      return { request: async () => response, resolveHost: async () => [], close: async () => {} }
    }
    const query = { repository: 'acme/app', digest: 'sha256:x', predicateType: 'x' }
    await fuzz(next, async input => {
      const options = { transport: answering(input), run, signal: run.signal }
      for await (const stored of githubAttestations(query, options)) if ('error' in stored) throw stored.error
    })
  })
})
