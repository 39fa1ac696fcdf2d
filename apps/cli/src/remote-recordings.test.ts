import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { digestOf } from '@source-policy/oci'
import {
  buildArtifact,
  buildImage,
  type GitServer,
  type HTTPOrigin,
  type Registry,
  startGitServer,
  startHTTPOrigin,
  startRegistry,
} from '@source-policy/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { runCli, temporaryDirectory } from './run-cli.ts'

/* Recordings of what is fetched beside facts: build contexts, policies, a Dockerfile. */

let git: GitServer
let origin: HTTPOrigin
let registry: Registry
let repository: string
beforeAll(async () => {
  git = await startGitServer()
  origin = await startHTTPOrigin()
  registry = await startRegistry()
  registry.push('base', buildImage({ labels: { tier: 'gold' } }), '1')
  const served = await git.createRepository('context')
  await served.commit({ files: FILES })
  repository = served.url
})
afterAll(() => Promise.all([git.close(), origin.close(), registry.close()]))

const ALLOW = 'package docker\n\ndecision := {"allow": true}\n'
const POLICY = `package docker

import data.rules.lib

default allow := false

allow if {
	lib.ok
	load_json("settings.json").ok
}

decision := {"allow": allow}
`
const FILES = {
  Dockerfile: 'FROM scratch\nADD https://user:hunter2@example.com/x /\n',
  'Dockerfile.rego': POLICY,
  'rules/lib.rego': 'package rules.lib\n\nok := true\n',
  'settings.json': '{"ok": true}',
}

let directory: ReturnType<typeof temporaryDirectory>
beforeEach(() => {
  directory = temporaryDirectory({ 'allow.rego': ALLOW, 'build/Dockerfile': 'FROM scratch\n' })
  origin.setFile('/Dockerfile', FILES.Dockerfile)
  origin.setFile('/context.tar', tar(FILES))
  origin.setFile('/org.rego', ALLOW)
  origin.faults.clear()
})
afterEach(() => directory.remove())

function tar(files: Readonly<Record<string, string>>): Buffer {
  const packed = temporaryDirectory(files)
  const bytes = execFileSync('tar', ['-C', packed.path, '-cf', '-', '.'])
  packed.remove()
  return bytes
}

function artifact(): string {
  const mediaType = 'application/vnd.cncf.openpolicyagent.policy.layer.v1+rego'
  const files = { 'org.rego': POLICY, 'rules/lib.rego': FILES['rules/lib.rego'], 'settings.json': '{"ok": true}' }
  const pushed = buildArtifact({
    artifactType: 'application/vnd.cncf.openpolicyagent.config.v1+json',
    layers: Object.entries(files).map(([title, text]) => ({
      bytes: Buffer.from(text),
      mediaType,
      annotations: { 'org.opencontainers.image.title': title },
    })),
  })
  registry.push('policies/org', pushed)
  return `oci://${registry.host}/policies/org@${pushed.digest}`
}

function run(...argv: string[]) {
  const addresses = [git, origin, registry].flatMap(({ host }) => ['--allow-address', host])
  const flags = [...addresses, '--insecure-registry', git.host, '--platform', 'linux/amd64', '--format', 'json']
  return runCli(['check', ...flags, ...argv], { cwd: directory.path })
}
const untimed = (text: string) => text.replace(/"durationMs": \d+/g, '"durationMs": 0')
const recorded = () => {
  const folder = path.join(directory.path, 'fixtures')
  return readdirSync(folder).map(name => readFileSync(path.join(folder, name), 'utf8'))
}
const requests = () => origin.log.length + registry.log.length + git.log.length
const own = ['--policy', 'filename=cwd://allow.rego']

describe('a replay', () => {
  it.each<[string, number, () => readonly string[]]>([
    ['a git repository, with its policy and what that reads', 0, () => [repository]],
    ['an archive', 0, () => [`${origin.url}/context.tar`]],
    ['a URL that is a Dockerfile', 0, () => [`${origin.url}/Dockerfile`, ...own]],
    ['a Dockerfile by its URL', 0, () => ['build', '--file', `${origin.url}/Dockerfile`, ...own]],
    ['a context that is not there', 2, () => [`${origin.url}/missing`, ...own]],
    ['a context without a policy', 2, () => [`${origin.url}/Dockerfile`]],
    [
      'a policy by its URL',
      0,
      () => ['build', '--policy', `filename=${origin.url}/org.rego#${digestOf(Buffer.from(ALLOW))}`],
    ],
    ['a policy of a registry, with what it reads', 0, () => ['build', '--policy', `filename=${artifact()}`]],
  ])('of %s has the same report, and makes no request', async (_, exitCode, argv) => {
    const given = argv()
    const first = await run(...given, '--record', 'fixtures')
    expect(first.exitCode, first.stdout + first.stderr).toBe(exitCode)
    const before = requests()
    const second = await run(...given, '--replay', 'fixtures')
    expect(untimed(second.stdout)).toBe(untimed(first.stdout))
    expect({ ...second, stdout: '' }).toEqual({ ...first, stdout: '' })
    expect(requests()).toBe(before)
  })

  it('of many targets has what all of them read', async () => {
    const target = { context: repository }
    const other = { ...target, policy: ['filename=other.rego'] }
    const served = await git.createRepository('targets')
    await served.commit({ files: { ...FILES, 'other.rego': ALLOW } })
    target.context = other.context = served.url
    directory.write({
      'bake.json': JSON.stringify({ group: { default: { targets: ['a', 'b'] } }, target: { a: target, b: other } }),
    })
    const first = await run('--bake', 'bake.json', '--record', 'fixtures')
    expect(first.exitCode, first.stdout).toBe(0)
    expect((await run('--bake', 'bake.json', '--replay', 'fixtures')).stdout).toSatisfy(
      (text: string) => untimed(text) === untimed(first.stdout),
    )
  })

  it('of pins has the digests that no policy asked for', async () => {
    directory.write({ 'build/Dockerfile': `FROM ${registry.host}/base:1\n` })
    const pin = (...flags: string[]) =>
      runCli(['pin', '--allow-address', registry.host, '--platform', 'linux/amd64', ...own, ...flags, 'build'], {
        cwd: directory.path,
      })
    const first = await pin('--record', 'fixtures')
    expect(first.stdout).toContain('@sha256:')
    const before = requests()
    expect(await pin('--replay', 'fixtures')).toEqual(first)
    expect(requests()).toBe(before)
  })

  it.each<[string, () => readonly string[]]>([
    ['a context', () => [repository]],
    ['a file of a context', () => [`${origin.url}/context.tar`, '--file', 'other.Dockerfile']],
    ['a policy', () => ['build', '--policy', `filename=${origin.url}/org.rego#${digestOf(Buffer.from(ALLOW))}`]],
  ])('is broken where %s was not recorded', async (_, argv) => {
    await run(`${origin.url}/context.tar`, '--record', 'fixtures')
    const { exitCode, stdout } = await run(...argv(), '--replay', 'fixtures')
    expect({ exitCode, code: (JSON.parse(stdout) as { error: { code: string } }).error.code }).toEqual({
      exitCode: 2,
      code: 'not_recorded',
    })
  })
})

describe('a recording', () => {
  it('has files as text that can be reviewed, without secrets', async () => {
    await run(repository, '--record', 'fixtures')
    const text = recorded().join('')
    expect(text).toContain('FROM scratch\\nADD https://')
    expect(text).not.toContain('hunter2')
  })
})
