import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import {
  buildImage,
  buildIndex,
  type HTTPOrigin,
  type Registry,
  startHTTPOrigin,
  startRegistry,
} from '@source-policy/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { regoPolicy, runCli, temporaryDirectory } from './run-cli.ts'

const policy = regoPolicy('allow if input.image.labels.tier == "gold"\n\nallow if input.http.checksum != ""')
const index = buildIndex([
  buildImage({ labels: { tier: 'gold' } }),
  buildImage({ platform: { os: 'linux', architecture: 'arm64' } }),
])

let registry: Registry
let origin: HTTPOrigin
let directory: ReturnType<typeof temporaryDirectory>
beforeEach(async () => {
  registry = await startRegistry({ auth: { kind: 'token' } })
  origin = await startHTTPOrigin({ files: { '/app.tar.gz': 'content' } })
  registry.push('app', index, '1')
  directory = temporaryDirectory({ 'build/Dockerfile.rego': policy })
})
afterEach(async () => {
  await Promise.all([registry.close(), origin.close()])
  directory.remove()
})

const cacheDirectory = () => path.join(directory.path, 'cache')
const entries = () => readdirSync(path.join(cacheDirectory(), 'sha256')).map(name => path.join('sha256', name))
const byTag = () => `FROM ${registry.host}/app:1\n`
const byDigest = () => `FROM ${registry.host}/app:1@${index.digest}\n`

interface Found {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** Content that the registry was asked for, and all that it and the origin were asked for. */
  readonly asked: string[]
  readonly requests: number
}

async function check(dockerfile: string, flags: readonly string[], name = 'build'): Promise<Found> {
  registry.clearLog()
  origin.clearLog()
  directory.write({ [`${name}/Dockerfile`]: dockerfile })
  const network = ['--allow-address', registry.host, '--allow-address', origin.host, '--platform', 'linux/amd64']
  const run = await runCli(['check', ...network, '--format', 'json', ...flags, name], { cwd: directory.path })
  const asked = registry.contentRequests().map(request => request.path.replace(/sha256:[0-9a-f]+/, '<digest>'))
  return { ...run, asked, requests: registry.log.length + origin.log.length }
}

const cached = ['--cache-dir', 'cache']
const indexOf = '/v2/app/manifests/1'
const manifest = '/v2/app/manifests/<digest>'
const blob = '/v2/app/blobs/<digest>'

interface ReportOf {
  readonly outcome: string
  readonly notices: string[]
  readonly sources: {
    readonly kind: string
    readonly digest?: string
    readonly decision: { readonly errors?: { code: string }[] }
  }[]
}
const reportOf = ({ stdout }: Found) => JSON.parse(stdout) as ReportOf

describe('with --cache-dir', () => {
  it('each manifest and blob is fetched once, then tags alone', async () => {
    const cold = await check(byTag(), cached)
    expect({ exitCode: cold.exitCode, asked: cold.asked }).toEqual({ exitCode: 0, asked: [indexOf, manifest, blob] })
    const warm = await check(byTag(), cached)
    expect({ exitCode: warm.exitCode, asked: warm.asked }).toEqual({ exitCode: 0, asked: [indexOf] })
    expect(reportOf(warm).notices).toEqual([])
    expect(entries()).toHaveLength(3)
  })

  it('what a digest names costs no request the second time', async () => {
    await check(byDigest(), cached)
    const { exitCode, requests, stdout } = await check(byDigest(), cached)
    expect({ exitCode, requests }, stdout).toEqual({ exitCode: 0, requests: 0 })
  })

  it('a tag that moved is seen', async () => {
    await check(byTag(), cached)
    registry.push('app', buildImage({ labels: { tier: 'lead' } }), '1')
    const { exitCode, asked } = await check(byTag(), cached)
    expect({ exitCode, asked }).toEqual({ exitCode: 1, asked: [indexOf, blob] })
  })

  it('is offered to eval, too', async () => {
    const argv = ['eval', '--allow-address', registry.host, '--platform', 'linux/amd64', '--policy', 'filename=p.rego']
    const source = `docker-image://${registry.host}/app@${index.digest}`
    directory.write({ 'p.rego': policy })
    const cold = await runCli([...argv, ...cached, source], { cwd: directory.path })
    const offline = await runCli([...argv, ...cached, '--offline', source], { cwd: directory.path })
    expect([cold.exitCode, offline.exitCode]).toEqual([0, 0])
  })
})

describe('with --offline', () => {
  it('what a digest names is decided from the cache, without any request', async () => {
    await check(byDigest(), cached)
    const found = await check(byDigest(), [...cached, '--offline'])
    expect({ exitCode: found.exitCode, requests: found.requests }, found.stdout).toEqual({ exitCode: 0, requests: 0 })
    expect(reportOf(found).sources.find(({ kind }) => kind === 'image')?.digest).toBe(index.digest)
  })

  it.each([
    ['a tag', byTag],
    ['a URL', () => `FROM scratch\nADD ${origin.url}/app.tar.gz /\n`],
    ['a git repository', () => `FROM scratch\nADD ${origin.url}/app.git#main /src\n`],
    ['git over SSH', () => 'FROM scratch\nADD git@localhost:app.git#main /src\n'],
  ])('%s is undecided, without any request', async (_, dockerfile) => {
    directory.write({ 'build/Dockerfile.rego': `${policy}\nallow if input.git.commitChecksum != ""\n` })
    await check(dockerfile(), cached)
    const found = await check(dockerfile(), [...cached, '--offline'])
    expect({ exitCode: found.exitCode, requests: found.requests }, found.stdout).toEqual({ exitCode: 3, requests: 0 })
    const codes = reportOf(found).sources.flatMap(({ decision }) => (decision.errors ?? []).map(({ code }) => code))
    expect(codes).toEqual(['offline'])
  })

  it.each([
    ['its labels', policy],
    ['names alone', regoPolicy('allow if input.image.repo')],
  ])('a tag that was remembered is decided under a policy about %s', async (_, rego) => {
    directory.write({ 'build/Dockerfile.rego': rego })
    const remembering = [...cached, '--remember-tags']
    const never = await check(byTag(), [...remembering, '--offline'])
    expect({ exitCode: never.exitCode, requests: never.requests }).toEqual({ exitCode: 3, requests: 0 })
    expect(never.stdout).toContain('never remembered')
    await check(byTag(), remembering)
    const found = await check(byTag(), [...remembering, '--offline'])
    expect({ exitCode: found.exitCode, requests: found.requests }, found.stdout).toEqual({ exitCode: 0, requests: 0 })
    const untold = await check(byTag(), [...cached, '--offline'])
    expect({ exitCode: untold.exitCode, requests: untold.requests }).toEqual({ exitCode: 3, requests: 0 })
    expect(untold.stdout).toContain('name its digest, or remember tags while online')
  })

  it('tags are remembered nowhere without a cache', async () => {
    const { exitCode, requests } = await check(byTag(), ['--remember-tags'])
    expect({ exitCode, requests }).toEqual({ exitCode: 2, requests: 0 })
  })

  it('and no cache, nothing is known', async () => {
    const { exitCode, requests } = await check(byDigest(), ['--offline'])
    expect({ exitCode, requests }).toEqual({ exitCode: 3, requests: 0 })
  })

  it('a policy that needs no fact decides all the same', async () => {
    directory.write({ 'build/Dockerfile.rego': regoPolicy('allow if input.http.host') })
    const { exitCode, requests } = await check('FROM scratch\nADD https://example.com/x /\n', ['--offline'])
    expect({ exitCode, requests }).toEqual({ exitCode: 0, requests: 0 })
  })
})

describe('an entry in which one byte was altered', () => {
  it.each([
    ['of the index', () => index.digest],
    ['of the manifest', () => index.children[0]?.digest],
    ['of the config', () => index.children[0]?.blobs[0]?.digest],
  ])('%s is noticed, told, and never used', async (_, digestOf) => {
    await check(byDigest(), cached)
    const digest = digestOf() ?? ''
    const file = path.join(cacheDirectory(), 'sha256', digest.slice('sha256:'.length))
    const kept = readFileSync(file)
    for (const offset of [0, kept.length >> 1, kept.length - 1]) {
      const altered = Buffer.from(kept)
      altered[offset] = altered[offset]! ^ 0x01
      writeFileSync(file, altered)
      const offline = await check(byDigest(), [...cached, '--offline'])
      expect({ exitCode: offline.exitCode, requests: offline.requests }).toEqual({ exitCode: 3, requests: 0 })
      expect(reportOf(offline).notices.join()).toContain(digest)
      expect(offline.stderr).toContain(digest)

      writeFileSync(file, altered)
      const online = await check(byDigest(), cached)
      expect({ exitCode: online.exitCode, asked: online.asked.length }).toEqual({ exitCode: 0, asked: 1 })
      expect(reportOf(online).notices).toHaveLength(1)
      expect(readFileSync(file).equals(kept)).toBe(true)
    }
  })
})

describe('a cache that whoever wrote the build could have filled', () => {
  it.each([
    ['in the context', 'build/cache', []],
    ['that is the context', 'build', []],
    ['in a named context', 'other/cache', ['--build-context', 'other=other']],
    ['that a link leads to the context', 'link/cache', []],
  ])('%s is refused', async (_, cacheDir, flags) => {
    mkdirSync(path.join(directory.path, 'other'))
    symlinkSync(path.join(directory.path, 'build'), path.join(directory.path, 'link'))
    const found = await check(byTag(), ['--cache-dir', cacheDir, ...flags])
    expect({ exitCode: found.exitCode, requests: found.requests }).toEqual({ exitCode: 2, requests: 0 })
    expect(JSON.parse(found.stdout)).toMatchObject({ error: { code: 'usage' } })
  })

  it('is not used because it is there', async () => {
    mkdirSync(path.join(directory.path, 'build', '.cache'))
    await check(byTag(), [])
    expect(readdirSync(path.join(directory.path, 'build')).sort()).toEqual(['.cache', 'Dockerfile', 'Dockerfile.rego'])
  })
})
