import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { denyingPolicy, wronglyAllowed } from '../denying.ts'
import { proxyFaults, startFaultProxy } from '../fault-proxy.ts'
import { outcomeOf, run } from '../programs.ts'
import type { RunningServer } from '../running-server.ts'
import type { Tally } from '../tally.ts'
import { type HTTPServers, PASSWORD, startHTTPServers, USER } from './servers.ts'
import { openHTTPSource } from './source.ts'

/** Milliseconds after which a source behind a faulty connection must have been given up. */
const MAX_FAULT_MS = 20_000
const FAULTY_AFTER_BYTES = [0, 40, 400, 100_000] as const

/** HTTP sources from nginx: content as curl gets it and the file has it, signatures as gpg judges them. */
export async function compareHTTP(tally: Tally, directory: string): Promise<void> {
  const servers = await startHTTPServers(path.join(directory, 'http'))
  try {
    for (const server of [servers.plain, servers.secure]) {
      console.log(`http, ${server.name}: ${await compareContent(tally, server, servers)} sources compared`)
      console.log(`http, ${server.name}: ${await spoilConnections(tally, server, servers)} failing connections`)
    }
    await compareSignatures(tally, servers, directory)
  } finally {
    await servers.stop()
  }
}

interface Expected {
  readonly place: string
  /** Of `files`; undefined where there is no content. */
  readonly file?: string
  readonly from?: string
  readonly code?: string
}

async function compareContent(tally: Tally, server: RunningServer, { files, plain, secure }: HTTPServers) {
  const before = tally.count
  const rows: Expected[] = [
    ...Object.keys(files).map(file => ({ place: encodeURI(file), file })),
    { place: 'gzip/text.html', file: 'text.html' },
    { place: 'whole/large.bin', file: 'large.bin' },
    { place: 'small.txt?x=1#fragment', file: 'small.txt' },
    { place: 'found', file: 'small.txt', from: server.url('small.txt') },
    { place: 'moved', file: 'small.txt', from: server.url('small.txt') },
    { place: 'kept', file: 'large.bin', from: server.url('large.bin') },
    { place: 'elsewhere', file: 'small.txt', from: secure.url('small.txt') },
    server === secure
      ? { place: 'downgrade', code: 'redirect_forbidden' }
      : { place: 'downgrade', file: 'small.txt', from: plain.url('small.txt') },
    { place: 'loop', code: 'too_many_redirects' },
    { place: 'missing', code: 'not_found' },
    { place: 'gone', code: 'not_found' },
    { place: 'busy', code: 'unexpected_status' },
    { place: 'silent', code: 'connection_failed' },
    { place: 'forbidden/x', code: 'unauthorized' },
    { place: 'secret/small.txt', code: 'unauthorized' },
  ]
  for (const { place, file, from, code } of rows) {
    const source = openHTTPSource(server, server.url(place))
    const found = await source.checksum()
    await source.close()
    const content = file === undefined ? undefined : files[file]!
    const value = content && `sha256:${digestOf('sha256', content)}`
    const problems = [
      ...(found.value === value ? [] : [`checksum ${String(found.value ?? found.code)}, expected ${value}`]),
      ...(found.from === from ? [] : [`read from ${found.from} instead of ${from}`]),
      ...(found.code === code ? [] : [`${found.code} instead of ${code}`]),
      ...(content !== undefined && !(await byCurl(server, place)).equals(content) ? ['curl got other content'] : []),
    ]
    tally.compare(`${server.name} /${place}`, problems)
  }
  await compareGiven(tally, server, files)
  return tally.count - before
}

/** What goes along with a source: checksums of ADD, secrets. */
async function compareGiven(tally: Tally, server: RunningServer, files: HTTPServers['files']): Promise<void> {
  for (const algorithm of ['sha256', 'sha384', 'sha512'] as const) {
    const right = `${algorithm}:${digestOf(algorithm, files['large.bin']!)}`
    const wrong = `${algorithm}:${digestOf(algorithm, files['small.txt']!)}`
    for (const [given, expected] of [
      [right, right],
      [wrong, 'checksum_mismatch'],
    ] as const) {
      const source = openHTTPSource(server, server.url('large.bin'), { attrs: { 'http.checksum': given } })
      const { value, code } = await source.checksum()
      await source.close()
      tally.compare(
        `${server.name} --checksum ${given.slice(0, 12)}`,
        value === expected || code === expected ? [] : [String(value ?? code)],
      )
    }
  }
  const basic = (password: string) => `Basic ${Buffer.from(`${USER}:${password}`).toString('base64')}`
  const value = `sha256:${digestOf('sha256', files['small.txt']!)}`
  const userinfo = `${USER}:${encodeURIComponent(PASSWORD)}@`
  for (const [name, url, authorization, expected] of [
    ['secret', server.url('secret/small.txt'), basic(PASSWORD), value],
    ['wrong secret', server.url('secret/small.txt'), basic('x'), 'unauthorized'],
    ['userinfo', server.url('secret/small.txt').replace('//', `//${userinfo}`), undefined, value],
  ] as const) {
    const attrs = authorization === undefined ? {} : { 'http.authheadersecret': 'token' }
    const source = openHTTPSource(server, url, { attrs, ...(authorization && { authorization }) })
    const found = await source.checksum()
    await source.close()
    tally.compare(
      `${server.name} with ${name}`,
      found.value === expected || found.code === expected ? [] : [JSON.stringify(found)],
    )
  }
}

async function spoilConnections(tally: Tally, server: RunningServer, servers: HTTPServers): Promise<number> {
  const before = tally.count
  const content = servers.files['large.bin']!
  const value = `sha256:${digestOf('sha256', content)}`
  const policy = await denyingPolicy(`input.http.checksum == "${value}"`)
  for (const fault of proxyFaults) {
    for (const afterBytes of FAULTY_AFTER_BYTES) {
      const spoilt = await startFaultProxy(server, fault, afterBytes)
      const started = performance.now()
      // in the clear one byte is as good as another, but not where the source names what it wants
      const source = openHTTPSource(spoilt, spoilt.url('large.bin'), { attrs: { 'http.checksum': value } })
      const found = await source.checksum()
      const problems = await wronglyAllowed(policy, source.source, source.resolver, source.run)
      await source.close()
      await spoilt.stop()
      const took = Math.round(performance.now() - started)
      if (took > MAX_FAULT_MS) problems.push(`took ${took} ms`)
      if (found.value !== undefined && found.value !== value) problems.push(`believed ${String(found.value)}`)
      if (found.value === undefined && found.code === undefined) problems.push('took for absent')
      tally.compare(spoilt.name, problems)
    }
  }
  await resumeOnce(tally, server, servers)
  return tally.count - before
}

/** A connection that breaks once is taken up where it broke. */
async function resumeOnce(tally: Tally, server: RunningServer, { files, log }: HTTPServers): Promise<void> {
  const flaky = await startFaultProxy(server, 'reset', 1_000_000, { connections: 1 })
  const source = openHTTPSource(flaky, flaky.url('large.bin'))
  const found = await source.checksum()
  await source.close()
  await flaky.stop()
  const problems = found.value === `sha256:${digestOf('sha256', files['large.bin']!)}` ? [] : [JSON.stringify(found)]
  if ((await log()).filter(line => line !== '').at(-1) !== 'GET /large.bin 206') problems.push('was not resumed')
  tally.compare(`${server.name} resumed`, problems)
}

async function compareSignatures(tally: Tally, { plain, files }: HTTPServers, directory: string): Promise<void> {
  const home = path.join(directory, 'gh')
  await run('mkdir', ['-m700', home])
  const gpg = (...args: string[]) =>
    run('gpg', ['--batch', '--quiet', '--no-tty', '--passphrase', '', ...args], { env: { GNUPGHOME: home } })
  try {
    for (const [algorithm, hash] of [
      ['ed25519', 'SHA256'],
      ['rsa3072', 'SHA384'],
      ['nistp256', 'SHA512'],
    ] as const) {
      await gpg('--quick-gen-key', `${algorithm}@example.test`, algorithm, 'sign', 'never')
      for (const armor of [['--armor'], []]) {
        const [keys, content, signature] = ['keys', 'content', 'signature'].map(name =>
          path.join(directory, `${algorithm}${armor.join('')}.${name}`),
        ) as [string, string, string]
        await writeFile(content, files['large.bin']!)
        await gpg(...armor, '--output', keys, '--export', `${algorithm}@example.test`)
        const as = ['--local-user', `${algorithm}@example.test`, '--digest-algo', hash]
        await gpg(...armor, ...as, '--output', signature, '--detach-sign', content)
        for (const file of ['large.bin', 'small.txt']) {
          const source = openHTTPSource(plain, plain.url(file))
          const ours = await source.isSigned(signature, keys)
          await source.close()
          await writeFile(content, files[file]!)
          const { status } = outcomeOf('gpg', ['--batch', '--verify', signature, content], { GNUPGHOME: home })
          const problems = ours === (status === 0) ? [] : [`${ours}, gpg ends with ${status}`]
          tally.compare(`${file} signed by ${algorithm}, ${hash}${armor.join('')}`, problems)
        }
      }
    }
  } finally {
    await run('gpgconf', ['--kill', 'gpg-agent'], { env: { GNUPGHOME: home } }).catch(() => undefined)
  }
}

function digestOf(algorithm: 'sha256' | 'sha384' | 'sha512', content: Uint8Array): string {
  return createHash(algorithm).update(content).digest('hex')
}

async function byCurl(server: RunningServer, place: string): Promise<Buffer> {
  const { readFile, mkdtemp, rm } = await import('node:fs/promises')
  const directory = await mkdtemp('/tmp/sp-curl-')
  try {
    const ca = path.join(directory, 'ca.pem')
    await writeFile(ca, String(server.transport?.ca))
    const output = path.join(directory, 'content')
    await run('curl', ['-fsSL', '--compressed', '--cacert', ca, '-o', output, server.url(place)], {
      env: { CURL_CA_BUNDLE: ca, SSL_CERT_FILE: ca },
    })
    return await readFile(output).catch(() => Buffer.alloc(0))
  } finally {
    await rm(directory, { recursive: true })
  }
}
