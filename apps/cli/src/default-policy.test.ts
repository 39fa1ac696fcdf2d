import { buildImage, type Registry, startRegistry } from '@source-policy/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli, temporaryDirectory } from './run-cli.ts'

let registry: Registry
const directory = temporaryDirectory({
  'Dockerfile.rego': 'package docker\n\ndecision := {"allow": true}',
  'deny.rego': 'package docker\n\ndecision := {"allow": false, "deny_msg": ["second"]}',
})
beforeAll(async () => {
  registry = await startRegistry()
  registry.push('docker/dockerfile', buildImage(), '1.21.0')
  directory.write({ 'buildkitd.toml': `[registry."docker.io"]\nmirrors = ["${registry.host}"]` })
})
afterAll(async () => {
  await registry.close()
  directory.remove()
})

const run = (argv: string[], env: Record<string, string> = {}) =>
  runCli(
    [
      'eval',
      '--platform',
      'linux/amd64',
      '--allow-address',
      registry.host,
      '--buildkitd-config',
      'buildkitd.toml',
      ...argv,
    ],
    { cwd: directory.path, env },
  )

describe('the default policy of docker buildx', () => {
  const unsigned = 'docker-image://docker/dockerfile:1.21.0'
  const message = 'a verified docker-github-builder signature is required for 1.21.0 tag'

  it.each<[string, string[], Record<string, string>]>([
    ['by its flag', ['--default-policy'], {}],
    ['by the variable of docker buildx', [], { BUILDX_DEFAULT_POLICY: '1' }],
    ['before others', ['--default-policy', '--policy', 'filename=deny.rego'], {}],
  ])('is asked %s', async (_name, flags, env) => {
    const { exitCode, stderr } = await run([...flags, unsigned], env)
    expect(exitCode).toBe(1)
    expect(stderr).toContain(message)
    expect(stderr).not.toContain('second')
  })

  it.each<[string, string[], Record<string, string>]>([
    ['unless it is wanted', [], {}],
    ['where the variable says no', [], { BUILDX_DEFAULT_POLICY: 'false' }],
    ['where policies are disabled', ['--default-policy', '--policy', 'disabled=true', '--allow-no-policy'], {}],
  ])('is not asked %s', async (_name, flags, env) => {
    expect((await run([...flags, unsigned], env)).exitCode).toBe(0)
  })

  it('leaves the others to decide what it allows', async () => {
    const flags = ['--default-policy', '--policy', 'filename=deny.rego', 'docker-image://alpine:3.22']
    expect(await run(flags)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('second') })
  })

  it('is a policy where there is no other', async () => {
    const flags = ['--default-policy', '--no-context-policy', '--offline', 'docker-image://docker/dockerfile:1.20.0']
    expect(await run(flags)).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  })

  it('is wanted or not', async () => {
    const { exitCode, stderr } = await run([unsigned], { BUILDX_DEFAULT_POLICY: 'maybe' })
    expect(exitCode).toBe(2)
    expect(stderr).toContain('BUILDX_DEFAULT_POLICY')
  })
})
