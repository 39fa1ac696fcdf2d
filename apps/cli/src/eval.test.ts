import { symlinkSync } from 'node:fs'
import path from 'node:path'
import { buildImage, type Registry, startRegistry } from '@source-policy/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { conformanceJSON, hasConformance } from '../../../test/conformance.ts'
import { parseEvalSource } from './eval-source.ts'
import { runCli, temporaryDirectory } from './run-cli.ts'

let registry: Registry
const directory = temporaryDirectory({
  'Dockerfile.rego': `package docker

default allow := false

allow if input.image.repo == "busybox"

deny_msg contains "not busybox" if input.image
deny_msg contains "\u001b[31mnever" if input.http

decision := {"allow": allow, "deny_msg": deny_msg}
`,
  'sub/app.Dockerfile.rego':
    'package docker\n\ndecision := {"allow": input.env == {"filename": "app.Dockerfile", "depth": 0}}',
  'org.rego':
    'package docker\n\ndefault allow := false\n\nallow if input.http.host == "example.com"\n\ndecision := {"allow": allow}',
})
beforeAll(async () => {
  registry = await startRegistry()
  registry.push('app', buildImage({ labels: { b: '\u202e', a: '1' }, env: ['A=1'] }), '1')
})
afterAll(async () => {
  await registry.close()
  directory.remove()
})

const run = (...argv: string[]) =>
  runCli(['eval', '--allow-address', registry.host, '--platform', 'linux/amd64', ...argv], { cwd: directory.path })

describe('a verdict', () => {
  it('says nothing where the source is allowed', async () => {
    expect(await run('docker-image://busybox:latest')).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  })

  it.each([
    ['docker-image://alpine', 'error: policy denied: not busybox\n'],
    ['git://github.com/moby/buildkit.git', 'error: policy denied\n'],
    ['https://example.com/x', 'error: policy denied: \\u{1b}[31mnever\n'],
    ['.', 'error: policy denied\n'],
  ])('%s: %s', async (source, stderr) => {
    expect(await run(source)).toEqual({ exitCode: 1, stdout: '', stderr })
  })

  it('tells what it lacked and why', async () => {
    directory.write({ 'labels.rego': 'package docker\n\ndecision := {"allow": input.image.labels.a == "1"}' })
    const flags = ['--no-context-policy', '--policy', 'filename=labels.rego']
    expect((await run(...flags, `docker-image://${registry.host}/app:1`)).exitCode).toBe(0)
    const { exitCode, stderr } = await run(...flags, `docker-image://${registry.host}/app:2`)
    expect(exitCode).toBe(3)
    expect(stderr).toMatch(/^error: undecided: needs input\.image\.labels\nerror: GET http\S+ expected 200, got 404/)
  })

  it.each([
    [0, ['-f', 'sub/app.Dockerfile', 'docker-image://alpine']],
    [0, ['--filename', 'sub/app.Dockerfile', 'docker-image://alpine']],
    [2, ['-f', 'missing', 'docker-image://alpine']],
    [2, ['-f', '../Dockerfile', 'docker-image://alpine']],
    [1, ['--policy', 'filename=org.rego', 'docker-image://busybox']],
    [0, ['--policy', 'reset=true,filename=org.rego', 'https://example.com/x']],
    [2, ['--platform', 'linux/arm64', 'docker-image://busybox']],
    [2, ['--fields', 'image.labels', 'docker-image://busybox']],
    [2, []],
    [2, ['missing/path']],
    [2, ['docker-image://UPPER']],
    [2, ['oci-layout://x']],
  ])('%i: %j', async (exitCode, argv) => {
    const { stdout, stderr, ...rest } = await run(...argv)
    expect(rest, stdout + stderr).toEqual({ exitCode })
  })

  it('follows --file out of the working directory, and no link out of where that leads', async () => {
    const cwd = path.join(directory.path, 'sub')
    symlinkSync(path.join(cwd, 'app.Dockerfile.rego'), path.join(directory.path, 'inner.rego'))
    symlinkSync('/etc/passwd', path.join(directory.path, 'outer.rego'))
    const decide = async (file: string) =>
      (await runCli(['eval', '-f', file, 'docker-image://busybox'], { cwd })).exitCode
    expect(await decide('../Dockerfile')).toBe(0)
    expect(await decide(path.join(directory.path, 'Dockerfile'))).toBe(0)
    // another name than the policy expects
    expect(await decide('../inner')).toBe(1)
    const { exitCode, stderr } = await runCli(['eval', '-f', '../outer', 'docker-image://busybox'], { cwd })
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('lies outside of')])
  })

  it('reads a policy from standard input', async () => {
    const stdin = 'package docker\n\ndecision := {"allow": input.env.filename == "stdin"}'
    const { exitCode } = await runCli(['eval', '-f', '-', 'docker-image://alpine'], { cwd: directory.path, stdin })
    expect(exitCode).toBe(0)
  })
})

describe('--print', () => {
  const input = async (...argv: string[]) => {
    const { stdout, ...rest } = await run('--print', ...argv)
    return { ...rest, input: JSON.parse(stdout) as { image?: Record<string, unknown> } }
  }

  it('shows what is known without asking anybody', async () => {
    registry.clearLog()
    const { exitCode, stderr, input: shown } = await input(`docker-image://${registry.host}/app:1`)
    expect(exitCode).toBe(0)
    expect(shown).toEqual({
      image: {
        ref: `${registry.host}/app:1`,
        host: registry.host,
        repo: `${registry.host}/app`,
        fullRepo: `${registry.host}/app`,
        tag: '1',
        platform: 'linux/amd64',
        os: 'linux',
        arch: 'amd64',
      },
    })
    expect(stderr).toMatch(/^info: unresolved fields: image\.checksum, image\.labels, /)
    expect(registry.log).toEqual([])
  })

  it('fetches the fields that are asked for, and what comes along', async () => {
    const {
      exitCode,
      stderr,
      input: shown,
    } = await input('--fields', 'image.labels', `docker-image://${registry.host}/app:1`)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(shown.image).toMatchObject({ labels: { a: '1', b: '\u202e' }, env: ['A=1'] })
  })

  it('warns of fields that there are not', async () => {
    const { exitCode, stderr } = await run('--print', '--fields', 'image.labels.a,image.x,[', 'docker-image://alpine')
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: 'warn: invalid fields: [, image.labels.a, image.x\n' })
  })

  it('is undecided where a field cannot be had', async () => {
    const { exitCode, stderr } = await run('--print', '--fields', 'image.env', `docker-image://${registry.host}/app:2`)
    expect(exitCode).toBe(3)
    expect(stderr).toMatch(/^warn: image\.env: GET \S+.*404.*\ninfo: unresolved fields: image\.env\n$/)
  })

  it('prints foreign text as text', async () => {
    const { stdout } = await run('--print', '--fields', 'image.labels', `docker-image://${registry.host}/app:1`)
    expect(stdout).not.toContain('\u202e')
  })
})

describe('the source', () => {
  const parse = (text: string) => parseEvalSource(text, directory.path)

  it.each([
    ['docker-image://alpine', 'docker-image://docker.io/library/alpine:latest'],
    ['docker-image://ghcr.io/a/b:1', 'docker-image://ghcr.io/a/b:1'],
    ['https://example.com/x.tgz', 'https://example.com/x.tgz'],
    ['sub', 'local://context'],
    ['git://github.com/moby/buildkit#v1', 'git://github.com/moby/buildkit#v1'],
  ])('%s is %s', async (text, identifier) => expect(await parse(text)).toEqual({ identifier, attrs: {} }))

  const data = hasConformance
    ? conformanceJSON<{ git_context_detect: { git: object; not_git: string[]; error: object } }>(
        'vectors',
        'buildx.json',
      ).git_context_detect
    : { git: {}, not_git: [], error: {} }
  const overHTTP = (text: string) => /^https?:/.test(text)

  it.each(Object.keys(data.git).filter(overHTTP))('%s is git', async text => {
    expect(await parse(text)).toEqual({ identifier: `git://${text}`, attrs: { 'git.fullurl': text } })
  })

  it.each(data.not_git.filter(overHTTP))('%s is a download', async text => {
    expect(await parse(text)).toEqual({ identifier: text, attrs: {} })
  })

  it.each(Object.keys(data.error).filter(overHTTP))('%s is refused', async text => {
    await expect(parse(text)).rejects.toMatchObject({ code: 'invalid_git_url' })
  })
})

describe('schema', () => {
  it.each(['input', 'decision', 'report'])('%s', async name => {
    const { exitCode, stdout } = await runCli(['schema', name], { cwd: directory.path })
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
    })
  })

  it('is none of anything else', async () => {
    expect((await runCli(['schema', 'nothing'], { cwd: directory.path })).exitCode).toBe(2)
  })
})

it.each([['--version'], ['--help'], ['check', '--help']])('%s exits 0', async (...argv) => {
  const { exitCode, stdout, stderr } = await runCli(argv, { cwd: directory.path })
  expect({ exitCode, stderr, isShown: stdout.length > 0 }).toEqual({ exitCode: 0, stderr: '', isShown: true })
})
