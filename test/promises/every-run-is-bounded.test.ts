import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createEvaluator, createRun, type Limits, type Resolver } from '@source-policy/core'
import { opaEngine } from '@source-policy/engine-opa'
import { createRegistryClient } from '@source-policy/oci'
import { gitResolver } from '@source-policy/resolver-git'
import { httpResolver } from '@source-policy/resolver-http'
import { imageResolver } from '@source-policy/resolver-image'
import { buildImage, buildIndex, type Registry, rawContent, startRegistry } from '@source-policy/testkit'
import { createTransport } from '@source-policy/transport'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { attempt, DENY, outputOf } from './harness.ts'

/* Promise 6: every run is bounded. What is not known within the bounds is undecided, never allowed. */

/** Milliseconds that anything here may take; bounds are well below, machines may be busy. */
const PATIENCE_MS = 25_000

const asks = `package docker

bad if input.http.checksum == "x"

bad if input.git.commit.message == "x"

bad if input.image.labels.x

decision := {"allow": true} if not bad
`

let registry: Registry
beforeAll(async () => {
  registry = await startRegistry()
})
beforeEach(() => {
  registry.faults.clear()
  registry.clearLog()
})
afterAll(() => registry.close())

async function within<T>(work: Promise<T>): Promise<T> {
  const started = performance.now()
  const result = await work
  expect(performance.now() - started).toBeLessThan(PATIENCE_MS)
  return result
}

describe('a server that never ends', () => {
  let server: Server | undefined
  afterEach(async () => {
    server?.closeAllConnections()
    await new Promise(resolve => (server ? server.close(resolve) : resolve(undefined)))
    server = undefined
  })

  const headOf = { 'content-type': 'application/x-git-upload-pack-advertisement' }
  const packet = (text: string) => (text.length + 4).toString(16).padStart(4, '0') + text
  const advertised = `${packet('# service=git-upload-pack\n')}0000${packet('version 2\n')}${packet('ls-refs\n')}${packet('fetch\n')}0000`
  const head = { 'content-type': 'application/x-git-upload-pack-result' }
  type Answer = (request: { url: string; port: number }) => {
    status?: number
    headers?: Record<string, string>
    first?: string
    part?: string
    everyMs?: number
  }

  it.each<[string, string, Answer]>([
    [
      'redirects elsewhere for ever',
      'http://<host>/0',
      ({ url }) => ({ status: 302, headers: { location: `/${Number(url.slice(1)) + 1}` } }),
    ],
    ['redirects to itself', 'http://<host>/0', ({ url }) => ({ status: 307, headers: { location: url } })],
    ['says nothing', 'http://<host>/0', () => ({ everyMs: 60_000, part: 'x' })],
    ['sends a byte now and then', 'http://<host>/0', () => ({ everyMs: 50, part: 'x' })],
    ['sends as much as it can', 'http://<host>/0', () => ({ part: 'x'.repeat(65536) })],
    ['wants us to wait', 'http://<host>/0', () => ({ status: 503, headers: { 'retry-after': '1' } })],
    ['wants us to wait for a year', 'http://<host>/0', () => ({ status: 429, headers: { 'retry-after': '31536000' } })],
    [
      'challenges for ever',
      'docker-image://<host>/a:1',
      ({ port }) => ({ status: 401, headers: { 'www-authenticate': `Bearer realm="http://127.0.0.1:${port}/token"` } }),
    ],
    [
      'gives tokens that are not good',
      'docker-image://<host>/a:1',
      ({ url, port }) =>
        url.startsWith('/token')
          ? { first: '{"token":"x"}' }
          : { status: 401, headers: { 'www-authenticate': `Bearer realm="http://127.0.0.1:${port}/token"` } },
    ],
    ['has an endless manifest', 'docker-image://<host>/a:1', () => ({ part: '{"schemaVersion":2,'.repeat(4096) })],
    [
      'has an endless token',
      'docker-image://<host>/a:1',
      ({ url, port }) =>
        url.startsWith('/token')
          ? { part: 'x'.repeat(65536) }
          : { status: 401, headers: { 'www-authenticate': `Bearer realm="http://127.0.0.1:${port}/token"` } },
    ],
    [
      'has a long head',
      'docker-image://<host>/a:1',
      () => ({ headers: { 'x-long': 'x'.repeat(15_000), 'x-longer': 'x'.repeat(60_000) } }),
    ],
    [
      'lists refs for ever',
      'git://http://<host>/x.git#main',
      () => ({
        headers: headOf,
        first: `${packet('# service=git-upload-pack\n')}0000`,
        part: packet(`${'1'.repeat(40)} refs/heads/${'x'.repeat(900)}\n`).repeat(60),
      }),
    ],
    [
      'has no end of capabilities',
      'git://http://<host>/x.git#main',
      () => ({
        headers: headOf,
        first: `${packet('# service=git-upload-pack\n')}0000${packet('version 2\n')}`,
        part: packet(`x=${'x'.repeat(900)}\n`).repeat(60),
      }),
    ],
    [
      'has an endless pack',
      `git://http://<host>/x.git#${'1'.repeat(40)}`,
      ({ url }) =>
        url.includes('info/refs')
          ? { headers: headOf, first: advertised }
          : {
              headers: head,
              first: `${packet('packfile\n')}${packet('\x01PACK\0\0\0\x02\0\0\xff\xff')}`,
              part: packet(`\x01${'\0'.repeat(60_000)}`),
            },
    ],
    [
      'has an endless delta',
      `git://http://<host>/x.git#${'1'.repeat(40)}`,
      ({ url }) =>
        url.includes('info/refs')
          ? { headers: headOf, first: advertised }
          : { headers: head, first: packet('packfile\n'), part: packet(`\x02${'progress '.repeat(6_000)}`) },
    ],
  ])('%s', async (_, source, answer) => {
    server = createServer((request, response) => {
      const { port } = server!.address() as AddressInfo
      const { status = 200, headers = {}, first, part, everyMs = 0 } = answer({ url: request.url ?? '', port })
      response.on('error', () => undefined)
      response.writeHead(status, headers)
      if (first !== undefined) response.write(first, 'latin1')
      if (part === undefined) return void response.end()
      const next = () => {
        if (response.destroyed) return
        if (response.write(part, 'latin1')) setTimeout(next, everyMs)
        else response.once('drain', () => setTimeout(next, everyMs))
      }
      setTimeout(next, everyMs)
    })
    await new Promise<void>(resolve => server!.listen(0, '127.0.0.1', resolve))
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const run = await within(
      attempt({
        files: { 'Dockerfile.rego': asks },
        argv: ['eval', source.replace('<host>', host), '--timeout', '1500ms'],
        allow: [host],
      }),
    )
    expect(run.exitCode, outputOf(run)).toBe(3)
  })
})

describe('content that has no bottom', () => {
  const indexOf = (depth: number): ReturnType<typeof buildIndex> =>
    depth === 0 ? buildIndex([buildImage()]) : buildIndex([{ ...indexOf(depth - 1) }])
  const withoutPlatforms = (count: number) =>
    buildIndex(Array.from({ length: count }, (_, index) => ({ ...buildIndex([buildImage({ user: String(index) })]) })))

  it.each<[string, () => ReturnType<typeof rawContent>]>([
    ['indexes within indexes', () => indexOf(20)],
    ['many indexes', () => withoutPlatforms(60)],
    [
      'deep JSON',
      () =>
        rawContent(
          `{"schemaVersion":2,"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
          'application/vnd.oci.image.index.v1+json',
        ),
    ],
    [
      'many descriptors',
      () =>
        rawContent(
          `{"schemaVersion":2,"manifests":[${Array(20_000).fill('{"mediaType":"a","size":1,"digest":"sha256:00"}').join()}]}`,
          'application/vnd.oci.image.index.v1+json',
        ),
    ],
    [
      'a manifest of 5 MB',
      () =>
        rawContent(`{"schemaVersion":2,"x":"${'x'.repeat(5_000_000)}"}`, 'application/vnd.oci.image.manifest.v1+json'),
    ],
    ['a config of 9 MB', () => buildImage({ labels: { a: 'x'.repeat(9_000_000) } })],
    [
      'a config of many members',
      () =>
        buildImage({
          rawConfig: `{"config":{"Labels":{${Array.from({ length: 100_000 }, (_, index) => `"${index}":1`).join()}}}}`,
        }),
    ],
  ])('%s', async (_, build) => {
    registry.push('deep', build(), '1')
    const run = await within(
      attempt({
        files: { 'Dockerfile.rego': asks },
        argv: ['eval', `docker-image://${registry.host}/deep:1`],
        allow: [registry.host],
      }),
    )
    expect(run.exitCode, outputOf(run).slice(0, 2_000)).toBe(3)
    expect(registry.log.length).toBeLessThan(100)
  })
})

const doubling = Array.from({ length: 60 }, (_, index) => `ARG A${index + 1}=$A${index}$A${index}`).join('\n')
const many = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n')

describe('a Dockerfile', () => {
  it.each<[string, string, readonly number[]]>([
    ['of which each line doubles the one before', `ARG A0=aaaaaaaa\n${doubling}\nFROM $A60\n`, [2]],
    ['with many stages', `${many(3_000, index => `FROM scratch AS s${index}`)}\nFROM s2999\nCOPY . /\n`, [1, 2]],
    [
      'with stages that all build on each other',
      `FROM scratch AS s0\n${many(3_000, index => `FROM s${index} AS s${index + 1}\nCOPY --from=s${index} / /`)}\n`,
      [1, 2],
    ],
    ['with more stages than there may be', `${many(20_000, index => `FROM scratch AS s${index}`)}\n`, [1, 2]],
    ['with many sources', `FROM scratch\n${many(3_000, index => `ADD https://a${index}.example.com/x /`)}\n`, [1, 3]],
    ['with many variables', `FROM scratch\n${many(5_000, index => `ARG V${index}=${index}`)}\nCOPY . /\n`, [1, 2]],
    [
      'with a pattern that is hard to match',
      `ARG A=${'a'.repeat(20_000)}\nFROM \${A//${'a*'.repeat(30)}b/x}\n`,
      [1, 2],
    ],
    ['with a long line', `FROM scratch\nRUN ${'x'.repeat(1_000_000)}\n`, [1, 2]],
    ['with a heredoc without end', `FROM scratch\nRUN <<EOF\n${'x\n'.repeat(100_000)}`, [2]],
    ['with deep braces', `FROM ${'${A:-'.repeat(5_000)}x${'}'.repeat(5_000)}\n`, [2]],
    ['with brackets of JSON', `FROM scratch\nCOPY ${'['.repeat(50_000)}\n`, [1, 2]],
    ['that is large', `FROM scratch\n${'# x\n'.repeat(2_000_000)}`, [1, 2]],
  ])('%s', async (_, Dockerfile, exitCodes) => {
    const run = await within(
      attempt({ files: { Dockerfile, 'Dockerfile.rego': DENY }, argv: ['check', '--timeout', '20s'] }),
    )
    expect(exitCodes, outputOf(run).slice(0, 2_000)).toContain(run.exitCode)
  })
})

describe('a policy', () => {
  it.each([
    [
      'loops over loops',
      'x := [a | some a in numbers.range(1, 3000); some b in numbers.range(1, 3000); some c in numbers.range(1, 3000); a + b + c == 0]',
    ],
    ['makes a long range', 'x := count(numbers.range(1, 1000000000))'],
    [
      'doubles text',
      `s0 := "aaaaaaaa"\n\n${many(40, index => `s${index + 1} := concat("", [s${index}, s${index}])\n`)}\nx := count(s40)`,
    ],
    [
      'doubles lists',
      `s0 := [1, 2]\n\n${many(40, index => `s${index + 1} := array.concat(s${index}, s${index})\n`)}\nx := count(s40)`,
    ],
    ['pads', 'x := sprintf("%999999999d", [1])'],
    [
      'replaces again and again',
      `s0 := "aaaaaaaa"\n\n${many(40, index => `s${index + 1} := replace(s${index}, "a", "aa")\n`)}\nx := s40`,
    ],
    [
      'matches what is hard to match',
      `x := regex.match("(a*)*(a*)*(a*)*b", concat("", [a | some _ in numbers.range(1, 100000); a := "a"]))`,
    ],
    ['nests', `s0 := []\n\n${many(600, index => `s${index + 1} := [s${index}]\n`)}\nx := json.marshal(s600)`],
    ['shifts', 'x := bits.lsh(1, 1000000000)'],
    ['multiplies', `s0 := 99999999999\n\n${many(60, index => `s${index + 1} := s${index} * s${index}\n`)}\nx := s60`],
    [
      'walks a product',
      'x := [p | some a in numbers.range(1, 2000); some b in numbers.range(1, 2000); p := sprintf("%d-%d", [a, b])]',
    ],
    ['is deep', `x := ${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['is wide', `x := [${'1,'.repeat(1_000_000)}1]`],
    [
      'unmarshals a bomb',
      `x := yaml.unmarshal("a: &a [x,x,x,x,x,x,x,x,x]\\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\\nh: [*g,*g,*g,*g,*g,*g,*g,*g,*g]")`,
    ],
  ])('that %s does not allow by it', async (_, rules) => {
    const rego = `package docker\n\n${rules}\n\ndecision := {"allow": false, "deny_msg": [json.marshal(x)]}\n`
    const run = await within(
      attempt({
        files: { Dockerfile: 'FROM scratch\nCOPY . /\n', 'Dockerfile.rego': rego },
        argv: ['check', '--timeout', '2s'],
      }),
    )
    expect([1, 2, 3], outputOf(run).slice(0, 2_000)).toContain(run.exitCode)
  })

  it('that loops for many sources ends with the time of the run', async () => {
    const Dockerfile = `FROM scratch\n${many(200, index => `ADD https://a${index}.example.com/x /`)}\n`
    const loops =
      'package docker\n\nx := [a | some a in numbers.range(1, 9000); some b in numbers.range(1, 9000); a + b == 0]\n\ndecision := {"allow": count(x) == 0}\n'
    const run = await within(
      attempt({ files: { Dockerfile, 'Dockerfile.rego': loops }, argv: ['check', '--timeout', '2s'] }),
    )
    expect(run.exitCode).toBe(3)
  })

  it('that asks without end is undecided', async () => {
    const { evaluate } = await decider(
      'package docker\n\ndecision := {"allow": true} if load_json(sprintf("%v.json", [rand.intn("x", 100000)]))',
      {
        maxRounds: 3,
      },
    )
    expect((await evaluate('local://x')).decision.kind).not.toBe('allow')
  })
})

async function decider(rego: string, limits: Partial<Limits>, more: readonly Resolver[] = []) {
  const transport = createTransport({ allowAddresses: ['127.0.0.0/8'], retries: 0 })
  const policy = await opaEngine().load({
    name: 'p',
    files: [{ path: 'p.rego', text: rego }],
    root: { read: async () => undefined },
    origin: 'context',
  })
  const images = createRegistryClient({ transport })
  const resolvers = [
    ...more,
    httpResolver({ transport }),
    gitResolver({ transport }),
    imageResolver({ registry: images }),
  ]
  const run = createRun({ limits })
  const { evaluate } = createEvaluator({ policies: [policy], resolvers })
  const platform = { os: 'linux', architecture: 'amd64' }
  return { run, evaluate: (source: string) => evaluate(source, { run, platform }) }
}

describe('a budget that is spent', () => {
  it.each<[string, Partial<Limits>]>([
    ['requests', { maxRequests: 2 }],
    ['bytes', { maxBytes: 300 }],
    ['hosts', { maxHosts: 0 }],
    ['sources', { maxSources: 0 }],
    ['rounds', { maxRounds: 1 }],
    ['evaluation steps', { maxEvaluationSteps: 1 }],
    ['time of the run', { timeoutMs: 1 }],
    ['time of an evaluation', { evaluationTimeoutMs: 0 }],
  ])('leaves the source undecided: %s', async (_, limits) => {
    registry.push('base', buildIndex([buildImage()]), '1')
    const slow = 'x := [a | some a in numbers.range(1, 5000); a > 5000]\n\n'
    const { evaluate } = await decider(
      asks.replace('bad if', `${slow}bad if`).replace('if not bad', 'if {\n\tnot bad\n\tx == []\n}'),
      limits,
    )
    const { decision } = await evaluate(`docker-image://${registry.host}/base:1`)
    expect(decision.kind).toBe('undecided')
  })

  it('holds for all sources of a run together', async () => {
    registry.push('base', buildImage(), '1')
    registry.push('other', buildImage({ user: 'x' }), '1')
    const { evaluate } = await decider(asks, { maxRequests: 3 })
    const first = await evaluate(`docker-image://${registry.host}/base:1`)
    const second = await evaluate(`docker-image://${registry.host}/other:1`)
    expect([first.decision.kind, second.decision.kind]).toEqual(['allow', 'undecided'])
    expect(registry.log.length).toBeLessThanOrEqual(3)
  })

  it('ends provenance that names ever new materials', async () => {
    const endless: Resolver = {
      kind: 'made',
      schemes: ['made'],
      parse: (identifier, { attrs }) => ({ kind: 'made', identifier, attrs }),
      describe: () => ({ input: { image: {} }, unknown: [['image', 'provenance']] }),
      resolve: async ({ identifier }) => ({
        known: [{ path: ['image', 'provenance'], value: { materials: [{}] }, basis: 'server' }],
        absent: [],
        unavailable: [],
        children: [{ path: ['image', 'provenance', 'materials', 0], identifier: `${identifier}1` }],
      }),
    }
    const rego = `package docker\n\ndeep if ${'input.image.provenance.materials[0].'.slice(0, -1)}${'.image.provenance.materials[0]'.repeat(40)}\n\ndecision := {"allow": true} if not deep\n`
    for (const limits of [{}, { maxRounds: 200 }, { maxSources: 5 }, { maxDepth: 2 }]) {
      const { evaluate } = await decider(rego, limits, [endless])
      expect((await evaluate('made://1')).decision.kind).toBe('undecided')
    }
  })
})
