import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { buildImage, buildIndex, type Registry, startRegistry } from '@source-policy/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { runCli, temporaryDirectory } from './run-cli.ts'

let registry: Registry
const image = buildImage({
  labels: { tier: 'gold' },
  env: ['NAME=tool'],
  onBuild: ['ADD https://user:hunter2@example.com/x /'],
})

beforeAll(async () => {
  registry = await startRegistry()
  registry.push('app', buildIndex([image]), '1')
})
afterAll(() => registry.close())

let directory: ReturnType<typeof temporaryDirectory>
beforeEach(() => {
  directory = temporaryDirectory({
    Dockerfile: `FROM ${registry.host}/app:1\nADD https://$NAME.example.com/x /\n`,
    'Dockerfile.rego': policy,
  })
})
afterEach(() => directory.remove())

const policy = `package docker

default allow := false

allow if input.local
allow if input.http
allow if {
	input.image.labels.tier == "gold"
	time.now_ns() > 0
	rand.intn("x", 1000000) >= 0
}

decision := {"allow": allow, "deny_msg": [sprintf("at %d, %d", [time.now_ns(), rand.intn("x", 1000000)])]}
`

const run = (...argv: string[]) =>
  runCli([...argv, '--allow-address', registry.host, '--platform', 'linux/amd64', '--format', 'json'], {
    cwd: directory.path,
  })
const untimed = (text: string) => text.replace(/"durationMs": \d+/g, '"durationMs": 0')
const recorded = () => readdirSync(path.join(directory.path, 'fixtures')).sort()

describe('a replay', () => {
  it.each([
    ['check', ['check', '.']],
    ['eval', ['eval', 'docker-image://{host}/app:1']],
    ['a denial', ['eval', 'https://example.com/x', '--policy', 'filename=deny.rego']],
    ['what could not be had', ['eval', 'docker-image://{host}/none:1']],
    ['inspection', ['eval', '--print', '--fields', 'image.labels,image.env', 'docker-image://{host}/app:1']],
  ])('of %s has the same report, timings apart, and makes no request', async (_, given) => {
    directory.write({ 'deny.rego': policy.replace('allow if input.http\n', '') })
    const argv = given.map(arg => arg.replace('{host}', registry.host))
    const first = await run(...argv, '--record', 'fixtures')
    registry.clearLog()
    const second = await run(...argv, '--replay', 'fixtures')
    expect(untimed(second.stdout)).toBe(untimed(first.stdout))
    expect({ ...second, stdout: '' }).toEqual({ ...first, stdout: '' })
    expect(registry.log).toEqual([])
  })

  it('leaves undecided what was not recorded', async () => {
    await run('eval', `docker-image://${registry.host}/app:1`, '--record', 'fixtures')
    const other = await run('eval', `docker-image://${registry.host}/app:2`, '--replay', 'fixtures')
    expect(other.exitCode).toBe(3)
    expect(other.stdout).toContain('"code": "not_recorded"')
  })

  it('is of one recording only', async () => {
    const { exitCode } = await run('check', '.', '--record', 'a', '--replay', 'b')
    expect(exitCode).toBe(2)
  })
})

describe('a recording', () => {
  it('has a file for each source, without secrets, and is replaced by the next', async () => {
    await run('check', '.', '--record', 'fixtures')
    const files = recorded()
    expect(files.map(name => name.replace(/-[0-9a-f]{8}\.json$/, ''))).toContain('run.json')
    expect(files.filter(name => name.startsWith('image-'))).toHaveLength(1)
    const texts = files.map(name => readFileSync(path.join(directory.path, 'fixtures', name), 'utf8'))
    expect(texts.join('')).not.toContain('hunter2')
    await run('eval', `docker-image://${registry.host}/app:1`, '--record', 'fixtures')
    expect(recorded().filter(name => name.startsWith('image-'))).toHaveLength(1)
  })

  it('is not written among other files', async () => {
    directory.write({ 'fixtures/mine.txt': 'x' })
    const { exitCode } = await run('check', '.', '--record', 'fixtures')
    expect({ exitCode, files: recorded() }).toEqual({ exitCode: 2, files: ['mine.txt'] })
  })

  it.each([
    ['a run that is no JSON', 'run.json', '{', 2],
    ['a run of another version', 'run.json', '{"version": 2}', 2],
    [
      'a run that names a file elsewhere',
      'run.json',
      '{"version":1,"time":"1","seed":1,"usage":{"requests":0,"bytes":0,"hosts":0},"notices":[],"sources":["../x.json"]}',
      2,
    ],
    [
      'a run that names a file that is not there',
      'run.json',
      '{"version":1,"time":"1","seed":1,"usage":{"requests":0,"bytes":0,"hosts":0},"notices":[],"sources":["x.json"]}',
      2,
    ],
    ['a source that is cut off', 'image-', '{"version": 1,', 2],
  ])('is refused: %s', async (_, name, text, expected) => {
    await run('eval', `docker-image://${registry.host}/app:1`, '--record', 'fixtures')
    const file = recorded().find(other => other.startsWith(name)) ?? name
    writeFileSync(path.join(directory.path, 'fixtures', file), text)
    const { exitCode } = await run('eval', `docker-image://${registry.host}/app:1`, '--replay', 'fixtures')
    expect(exitCode).toBe(expected)
  })

  it('that is not there is refused', async () => {
    expect((await run('check', '.', '--replay', 'none')).exitCode).toBe(2)
  })
})
