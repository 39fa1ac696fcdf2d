/*
 * The objects of a tag in a repository with 20,000 files and 500 MB of them: bytes on the wire and time, against
 * `git fetch --depth 1 --filter=tree:0` from the same server. Run by `npm run bench:git`; fails beyond the limits.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createRun, type Path } from '@source-policy/core'
import { gitResolver } from '@source-policy/resolver-git'
import { startGitServer } from '@source-policy/testkit'
import { createTransport } from '@source-policy/transport'

const FILES = Number(process.env.BENCH_FILES ?? 20_000)
const FILE_BYTES = 25_000
const ROUNDS = 7
const MAX_WIRE_BYTES = 64_000
const MAX_BYTES_RATIO = 1.2
const MAX_TIME_RATIO = 1

const env = {
  PATH: process.env.PATH ?? '',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
}

async function git(args: readonly string[], write?: (stdin: NodeJS.WritableStream) => Promise<void>): Promise<void> {
  const child = spawn('git', args, { env, stdio: ['pipe', 'ignore', 'inherit'] })
  const closed = once(child, 'close')
  if (write !== undefined) await write(child.stdin)
  child.stdin.end()
  const [status] = await closed
  if (status !== 0) throw new Error(`git ${args.join(' ')} ended with ${status}`)
}

/** One commit of so many files of noise, and an annotated tag of it. */
async function fill(dir: string): Promise<void> {
  await git(['--git-dir', dir, 'fast-import', '--quiet', '--done'], async stdin => {
    const put = async (data: string | Buffer) => {
      if (!stdin.write(data)) await once(stdin, 'drain')
    }
    const who = 'Ada <ada@example.test> 1700000000 +0000'
    await put(`commit refs/heads/main\ncommitter ${who}\ndata 6\nmany\n\n`)
    for (let index = 0; index < FILES; index++) {
      const noise = noiseOf(index)
      await put(`M 644 inline dir${index % 100}/file${index}\ndata ${noise.length}\n`)
      await put(noise)
      await put('\n')
    }
    await put(`tag v1\nfrom refs/heads/main\ntagger ${who}\ndata 4\none\n\ndone\n`)
  })
}

function noiseOf(seed: number): Buffer {
  const blocks: Buffer[] = []
  for (let at = 0; at * 64 < FILE_BYTES; at++) blocks.push(createHash('sha512').update(`${seed}:${at}`).digest())
  return Buffer.concat(blocks).subarray(0, FILE_BYTES)
}

/** Counts what passes in both directions. */
async function startCounter(port: number) {
  let bytes = 0
  const sockets = new Set<Socket>()
  const server = createServer(client => {
    const upstream = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('data', chunk => {
        bytes += chunk.length
      })
      from.on('error', () => to.destroy())
      from.pipe(to)
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    take() {
      const counted = bytes
      bytes = 0
      return counted
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

async function ours(host: string): Promise<number> {
  const transport = createTransport({ allowAddresses: [host] })
  const started = performance.now()
  const resolver = gitResolver({ transport })
  const run = createRun()
  const source = resolver.parse(`git://http://${host}/large.git#refs/tags/v1`, { attrs: {} })
  const fields = ['checksum', 'commit', 'tag'].map((field): Path => ['git', field])
  const { known } = await resolver.resolve(source, fields, { run, signal: run.signal, anonymous: false })
  const ms = performance.now() - started
  await transport.close()
  if (!fields.every(([, field]) => known.some(fact => fact.path[1] === field))) throw new Error('a field is not known')
  return ms
}

async function gits(host: string): Promise<number> {
  const dir = await mkdtemp(path.join(tmpdir(), 'bench-git-fetch-'))
  await git(['init', '--quiet', '--bare', dir])
  await git(['--git-dir', dir, 'remote', 'add', 'origin', `http://${host}/large.git`])
  const started = performance.now()
  await git([
    '--git-dir',
    dir,
    'fetch',
    '--quiet',
    '--depth',
    '1',
    '--filter=tree:0',
    'origin',
    'refs/tags/v1:refs/tags/v1',
  ])
  const ms = performance.now() - started
  await rm(dir, { recursive: true, force: true })
  return ms
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!

const server = await startGitServer()
const counter = await startCounter(server.port)
const host = `127.0.0.1:${counter.port}`
try {
  const repository = await server.createRepository('large')
  await fill(repository.dir)
  const rows: Record<'ours' | 'git', { ms: number; bytes: number }[]> = { ours: [], git: [] }
  await ours(host)
  counter.take()
  for (let round = 0; round < ROUNDS; round++) {
    rows.ours.push({ ms: await ours(host), bytes: counter.take() })
    rows.git.push({ ms: await gits(host), bytes: counter.take() })
  }
  const of = (who: 'ours' | 'git', what: 'ms' | 'bytes') => median(rows[who].map(row => row[what]))
  console.log(`${FILES} files of ${FILE_BYTES} bytes, one tag, median of ${ROUNDS}`)
  for (const who of ['ours', 'git'] as const)
    console.log(`${who}: ${of(who, 'bytes')} bytes on the wire, ${of(who, 'ms').toFixed(1)} ms`)
  const failures = [
    of('ours', 'bytes') > MAX_WIRE_BYTES && `more than ${MAX_WIRE_BYTES} bytes`,
    of('ours', 'bytes') > MAX_BYTES_RATIO * of('git', 'bytes') && `more than ${MAX_BYTES_RATIO} times the bytes of git`,
    of('ours', 'ms') > MAX_TIME_RATIO * of('git', 'ms') && `more than ${MAX_TIME_RATIO} times the time of git`,
  ].filter(failure => failure !== false)
  for (const failure of failures) console.error(failure)
  process.exitCode = failures.length === 0 ? 0 : 1
} finally {
  await counter.stop()
  await server.close()
}
