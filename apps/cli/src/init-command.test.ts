import { readFileSync } from 'node:fs'
import path from 'node:path'
import { buildImage, type Registry, startRegistry } from '@source-policy/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { runCli, temporaryDirectory } from './run-cli.ts'

let registry: Registry
beforeAll(async () => {
  registry = await startRegistry()
  registry.push('base', buildImage(), '1')
  registry.push('tools', buildImage(), '2')
})
afterAll(() => registry.close())

let directory: ReturnType<typeof temporaryDirectory> | undefined
afterEach(() => directory?.remove())

const start = (files: Readonly<Record<string, string>>) => {
  directory = temporaryDirectory(files)
  const { path: cwd } = directory
  return (...argv: string[]) => runCli(argv, { cwd })
}

const textOf = (name: string) => readFileSync(path.join(directory!.path, name), 'utf8')

describe('init', () => {
  it.each([
    ['nothing but a stage', 'FROM scratch\nCOPY . /\n'],
    ['an image', 'FROM {host}/base:1\n'],
    [
      'images, a repository and a download',
      'FROM {host}/base:1 AS a\nFROM {host}/tools:2\nADD https://github.com/moby/buildkit.git#v0.1 /b\nADD https://example.com/a/b.tgz?x=1 /\nCOPY --from=a / /\n',
    ],
    ['a git repository by SSH', 'FROM scratch\nADD git@github.com:moby/buildkit.git#v1 /b\n'],
    [
      'credentials',
      'FROM scratch\nADD https://user:hunter2@example.com/x /\nADD https://user:hunter2@example.com/r.git#v1 /r\n',
    ],
  ])('of %s passes check, test and lint', async (_, dockerfile) => {
    const run = start({ Dockerfile: dockerfile.replaceAll('{host}', registry.host) })
    const flags = ['--allow-address', registry.host, '--platform', 'linux/amd64']
    const written = await run('init')
    expect(written).toMatchObject({ exitCode: 0, stderr: '' })
    expect(written.stdout).toMatch(/^wrote Dockerfile\.rego and Dockerfile_test\.rego for /)
    const check = await run('check', ...flags)
    expect({ exitCode: check.exitCode, stdout: check.exitCode === 0 ? '' : check.stdout }).toEqual({
      exitCode: 0,
      stdout: '',
    })
    const test = await run('test', '--coverage')
    expect({ exitCode: test.exitCode, stdout: test.exitCode === 0 ? '' : test.stdout }).toEqual({
      exitCode: 0,
      stdout: '',
    })
    expect(await run('lint')).toMatchObject({ exitCode: 0, stdout: '0 problems in 1 policy\n' })
    expect(textOf('Dockerfile.rego') + textOf('Dockerfile_test.rego')).not.toContain('hunter2')
  })

  it('denies everything else', async () => {
    const run = start({ Dockerfile: 'FROM alpine:3.22\n' })
    await run('init')
    const { exitCode, stderr } = await run('eval', 'docker-image://busybox')
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: 'error: policy denied: image docker.io/library/busybox:latest is not listed\n',
    })
  })

  it('writes beside the Dockerfile of --file', async () => {
    const run = start({ 'deploy/app.Dockerfile': 'FROM alpine\n' })
    expect((await run('init', '-f', 'deploy/app.Dockerfile')).stdout).toContain('deploy/app.Dockerfile.rego')
    expect(textOf('deploy/app.Dockerfile.rego')).toContain('"docker.io/library/alpine"')
    expect((await run('test', '-f', 'app.Dockerfile')).exitCode).toBe(0)
  })

  it('writes over nothing without --force', async () => {
    const run = start({ Dockerfile: 'FROM alpine\n', 'Dockerfile.rego': 'mine' })
    expect((await run('init')).exitCode).toBe(2)
    expect(textOf('Dockerfile.rego')).toBe('mine')
    expect((await run('init', '--force')).exitCode).toBe(0)
    expect(textOf('Dockerfile.rego')).not.toBe('mine')
  })

  it('writes nothing at all where one of its files is there', async () => {
    const run = start({ Dockerfile: 'FROM alpine\n', 'Dockerfile_test.rego': 'mine' })
    expect((await run('init')).exitCode).toBe(2)
    expect(() => textOf('Dockerfile.rego')).toThrow()
  })

  it.each([
    ['no Dockerfile', {}, []],
    ['a Dockerfile that is none', { Dockerfile: 'FROM\n' }, []],
    ['a Dockerfile on standard input', { Dockerfile: 'FROM scratch\n' }, ['-f', '-']],
    ['a remote context', {}, ['https://github.com/moby/buildkit.git']],
  ])('2: %s', async (_, files, argv) => {
    expect((await start(files as Record<string, string>)('init', ...argv)).exitCode).toBe(2)
  })
})
