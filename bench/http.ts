/*
 * The checksum of a 2 GiB file over loopback, against hashing the same bytes in memory; and how far resident memory grows.
 * A small file comes first, so that loading the client does not count. Run by `npm run bench:http`; fails beyond the limits.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createRun } from '@source-policy/core'
import { httpResolver } from '@source-policy/resolver-http'
import { startHTTPOrigin } from '@source-policy/testkit'
import { createTransport } from '@source-policy/transport'

const FILE_BYTES = 2 * 1024 ** 3
const FIRST_BYTES = 64 * 1024
const ROUNDS = 3
const MAX_RATIO = 3
const MAX_GROWTH_BYTES = 20 * 1024 ** 2
const pattern = Buffer.alloc(64 * 1024, 'source-policy ')

async function serve(): Promise<void> {
  const files = Object.fromEntries(
    [FILE_BYTES, FIRST_BYTES].map(bytes => [`/${bytes}`, { body: { pattern, bytes }, etag: '"x"' }] as const),
  )
  const origin = await startHTTPOrigin({ files })
  process.send?.({ host: origin.host })
}

function hashAlone(bytes: number): string {
  const hash = createHash('sha256')
  for (let left = bytes; left > 0; left -= pattern.length) hash.update(pattern)
  return `sha256:${hash.digest('hex')}`
}

async function download(host: string, bytes: number): Promise<unknown> {
  const transport = createTransport({ allowAddresses: [host] })
  const resolver = httpResolver({ transport })
  const run = createRun()
  const source = resolver.parse(`http://${host}/${bytes}`, { attrs: {} })
  const context = { run, signal: run.signal, anonymous: false }
  const facts = await resolver.resolve(source, [['http', 'checksum']], context)
  await transport.close()
  return facts.known[0]?.value
}

async function timed<T>(action: () => T | Promise<T>): Promise<{ ms: number; value: T }> {
  const start = performance.now()
  const value = await action()
  return { ms: performance.now() - start, value }
}

/** Bytes by which resident memory exceeds what it was before, at its highest. */
async function growth(action: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage.rss()
  let highest = before
  const timer = setInterval(() => {
    highest = Math.max(highest, process.memoryUsage.rss())
  }, 10)
  await action()
  clearInterval(timer)
  return highest - before
}

const mib = (bytes: number) => (bytes / 1024 ** 2).toFixed(1)
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

async function measure(server: ChildProcess): Promise<void> {
  const [{ host }] = (await once(server, 'message')) as [{ host: string }]
  const expected = hashAlone(FILE_BYTES)
  const first = await growth(() => download(host, FIRST_BYTES))
  const alone: number[] = []
  const streamed: number[] = []
  const growths: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    alone.push((await timed(() => hashAlone(FILE_BYTES))).ms)
    const { ms, value } = await timed(async () => {
      let result: unknown
      growths.push(
        await growth(async () => {
          result = await download(host, FILE_BYTES)
        }),
      )
      return result
    })
    if (value !== expected) throw new Error(`expected ${expected}, got ${String(value)}`)
    streamed.push(ms)
  }
  const ratio = median(streamed) / median(alone)
  const grown = Math.max(...growths)
  console.log(`hashing 2 GiB alone:        ${median(alone).toFixed(0)} ms`)
  console.log(`checksum over loopback:     ${median(streamed).toFixed(0)} ms`)
  console.log(`ratio:                      ${ratio.toFixed(2)} (at most ${MAX_RATIO})`)
  console.log(`resident memory, 64 KiB:    +${mib(first)} MiB`)
  console.log(`resident memory, 2 GiB:     +${mib(grown)} MiB (at most ${mib(MAX_GROWTH_BYTES)})`)
  if (ratio > MAX_RATIO || grown > MAX_GROWTH_BYTES) process.exitCode = 1
}

if (process.argv[2] === 'serve') {
  await serve()
} else {
  const server = fork(fileURLToPath(import.meta.url), ['serve'])
  try {
    await measure(server)
  } finally {
    server.kill()
  }
}
