import { createHash } from 'node:crypto'
import {
  buildImage,
  buildIndex,
  type HTTPOrigin,
  type Registry,
  startHTTPOrigin,
  startRegistry,
} from '@source-policy/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { regoPolicy, runCli, temporaryDirectory } from './run-cli.ts'

/* How many requests a decision costs, by the logs of the servers; pings, token requests and challenges apart. */

let registry: Registry
let origin: HTTPOrigin
const directory = temporaryDirectory()
const image = buildImage({ labels: { tier: 'gold' } })

beforeAll(async () => {
  registry = await startRegistry({ auth: { kind: 'token' } })
  origin = await startHTTPOrigin({ files: { '/app.tar.gz': 'content' } })
  registry.push('app', buildIndex([image, buildImage({ platform: { os: 'linux', architecture: 'arm64' } })]), '1')
})
beforeEach(() => {
  registry.clearLog()
  origin.clearLog()
})
afterAll(async () => {
  await Promise.all([registry.close(), origin.close()])
  directory.remove()
})

async function evaluate(rules: string, source: string) {
  directory.write({ 'Dockerfile.rego': regoPolicy(rules) })
  const flags = ['--allow-address', registry.host, '--allow-address', origin.host, '--platform', 'linux/amd64']
  return runCli(['eval', ...flags, source], { cwd: directory.path })
}

async function check(rules: string, dockerfile: string) {
  directory.write({ 'Dockerfile.rego': regoPolicy(rules), Dockerfile: dockerfile })
  const flags = ['--allow-address', registry.host, '--allow-address', origin.host, '--platform', 'linux/amd64']
  return runCli(['check', ...flags, '--format', 'json'], { cwd: directory.path })
}

const contentRequests = () => registry.contentRequests().map(({ path }) => path.replace(/sha256:[0-9a-f]+/, '<digest>'))

const indexRequest = '/v2/app/manifests/1'
const throughIndex = [indexRequest, '/v2/app/manifests/<digest>', '/v2/app/blobs/<digest>']

describe('one image', () => {
  it.each([
    ['its repository', 'allow if endswith(input.image.repo, "/app")', []],
    [
      'its repository, in a policy that mentions labels',
      'allow if endswith(input.image.repo, "/app")\n\nallow if input.image.labels.tier == "gold"',
      [],
    ],
    [
      'labels that another condition of the body makes needless',
      'allow if {\n\tinput.image.labels.tier == "gold"\n\tinput.image.tag == "2"\n}\n\nallow if input.image.tag == "1"',
      [],
    ],
    ['the checksum of its tag', 'allow if startswith(input.image.checksum, "sha256:")', [indexRequest]],
    ['its labels, through the index', 'allow if input.image.labels.tier == "gold"', throughIndex],
    [
      'its labels and its checksum',
      'allow if {\n\tinput.image.labels.tier == "gold"\n\tinput.image.checksum != ""\n}',
      throughIndex,
    ],
    [
      'its labels and then everything else of the config',
      'allow if {\n\tinput.image.labels.tier == "gold"\n\tnot input.image.user\n\tnot input.image.env\n}',
      throughIndex,
    ],
  ])('decided by %s', async (_, rules, requests) => {
    const { exitCode, stderr } = await evaluate(rules, `docker-image://${registry.host}/app:1`)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(contentRequests()).toEqual(requests)
  })
})

describe('a Dockerfile', () => {
  const labels = 'allow if input.image.labels.tier == "gold"\n\nallow if input.http.checksum != ""'

  it('asks once for an image, however often it is used', async () => {
    const from = `FROM ${registry.host}/app:1`
    const dockerfile = `${from} AS a\n${from} AS b\nCOPY --from=a / /\nCOPY --from=${registry.host}/app:1 / /x\n`
    const { exitCode, stdout } = await check(labels, dockerfile)
    expect(exitCode, stdout).toBe(0)
    expect(contentRequests()).toEqual(throughIndex)
    const { sources, usage } = JSON.parse(stdout) as {
      sources: { kind: string; places: { line: number }[] }[]
      usage: { requests: number }
    }
    const images = sources.filter(({ kind }) => kind === 'image')
    expect(images.map(({ places }) => places.map(({ line }) => line))).toEqual([[1, 2, 4]])
    expect(usage.requests).toBe(registry.log.length)
    expect(registry.log.length).toBeGreaterThan(contentRequests().length)
  })

  it('asks no further for a second name of the same image', async () => {
    registry.push('app', buildIndex([image]), 'one')
    registry.push('app', buildIndex([image]), 'two')
    const { exitCode, stdout } = await check(
      labels,
      `FROM ${registry.host}/app:one AS a\nFROM ${registry.host}/app:two\nCOPY --from=a / /\n`,
    )
    expect(exitCode, stdout).toBe(0)
    const [manifests, blobs] = ['/manifests/<', '/blobs/<'].map(part => contentRequests().filter(p => p.includes(part)))
    expect({ manifests: manifests?.length, blobs: blobs?.length, all: contentRequests().length }).toEqual({
      manifests: 1,
      blobs: 1,
      all: 4,
    })
  })

  it('downloads a URL once', async () => {
    const add = `ADD ${origin.url}/app.tar.gz /`
    const { exitCode, stdout } = await check(labels, `FROM scratch\n${add}a\n${add}b\n`)
    expect(exitCode, stdout).toBe(0)
    expect(origin.log.length).toBe(1)
  })

  it('does not look into a base image that is denied', async () => {
    const { exitCode } = await check('allow if input.image.repo == "other"', `FROM ${registry.host}/app:1\n`)
    expect({ exitCode, requests: contentRequests() }).toEqual({ exitCode: 1, requests: [] })
  })
})

describe('a context behind a URL', () => {
  const DOCKERFILE = 'FROM scratch\nCOPY a /\n'
  beforeEach(() => {
    origin.faults.clear()
    origin.setFile('/context', DOCKERFILE)
  })

  const build = (rules: string, ...flags: string[]) => {
    directory.write({ 'org.rego': regoPolicy(rules) })
    const argv = ['check', '--allow-address', origin.host, '--format', 'json', '--policy', 'filename=cwd://org.rego']
    return runCli([...argv, ...flags], { cwd: directory.path })
  }
  const checksum = `sha256:${createHash('sha256').update(DOCKERFILE).digest('hex')}`

  it.each([
    ['its URL alone', 'allow if input.http.host'],
    ['its checksum', `allow if input.http.checksum == "${checksum}"`],
  ])('is downloaded once where policies decide by %s', async (_, rules) => {
    const { exitCode, stdout } = await build(rules, `${origin.url}/context`)
    expect(exitCode, stdout).toBe(0)
    expect(origin.log).toHaveLength(1)
  })

  it('is what was decided, though it changes meanwhile', async () => {
    origin.faults.add({
      match: () => {
        setImmediate(() => origin.setFile('/context', 'FROM evil\n'))
        return false
      },
      fault: { kind: 'refuse' },
    })
    const { exitCode, stdout } = await build(`allow if input.http.checksum == "${checksum}"`, `${origin.url}/context`)
    expect(exitCode, stdout).toBe(0)
    expect(stdout).not.toContain('evil')
  })

  it('is downloaded once for all targets', async () => {
    const target = { context: `${origin.url}/context` }
    directory.write({
      'bake.json': JSON.stringify({ group: { default: { targets: ['a', 'b'] } }, target: { a: target, b: target } }),
    })
    const { exitCode, stdout } = await build('allow if input.http.checksum', '--bake', 'bake.json')
    expect(exitCode, stdout).toBe(0)
    expect(origin.log).toHaveLength(1)
  })

  it.each([
    ['its URL', 'allow if input.http.host == "example.com"', 1, 0],
    ['its checksum', 'allow if input.http.checksum == "sha256:00"', 1, 1],
  ])('is not looked into where it is denied by %s', async (_, rules, exitCode, requests) => {
    const run = await build(rules, `${origin.url}/context`)
    expect({ exitCode: run.exitCode, requests: origin.log.length }).toEqual({ exitCode, requests })
    expect(run.stdout).not.toContain('local://')
  })

  it('is asked for with the secret for its host', async () => {
    origin.setFile('/context', { body: DOCKERFILE, authorization: 'Bearer hunter2' })
    const secret = ['--secret', 'id=HTTP_AUTH_TOKEN_127.0.0.1,src=token']
    directory.write({ token: 'hunter2' })
    expect((await build('allow if input.http', `${origin.url}/context`)).exitCode).toBe(2)
    const { exitCode, stdout } = await build('allow if input.http', ...secret, `${origin.url}/context`)
    expect(exitCode, stdout).toBe(0)
    expect(stdout).not.toContain('hunter2')
  })
})

it('uses what docker login keeps, and shows nothing of it', async () => {
  const closed = await startRegistry({ auth: { kind: 'token', users: { ann: 'hunter2' }, anonymousPull: () => false } })
  closed.push('app', image, '1')
  directory.write({ 'Dockerfile.rego': regoPolicy('allow if input.image.labels.tier == "gold"') })
  const argv = ['eval', '--log-level', 'debug', '--allow-address', closed.host, `docker-image://${closed.host}/app:1`]
  const auth = Buffer.from('ann:hunter2').toString('base64')
  const DOCKER_AUTH_CONFIG = JSON.stringify({ auths: { [closed.host]: { auth } } })
  const without = await runCli(argv, { cwd: directory.path })
  const { exitCode, stdout, stderr } = await runCli(argv, { cwd: directory.path, env: { DOCKER_AUTH_CONFIG } })
  await closed.close()
  expect({ without: without.exitCode, with: exitCode }).toEqual({ without: 3, with: 0 })
  expect(stdout + stderr).not.toMatch(new RegExp(`hunter2|${auth}|[Bb]earer`))
})
