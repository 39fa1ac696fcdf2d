import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { type BuiltContent, buildImage, buildIndex, type Registry, startRegistry } from '@source-policy/testkit'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { REPORT_SCHEMA } from './report-schema.ts'
import { regoPolicy, runCli, temporaryDirectory } from './run-cli.ts'

const policy = regoPolicy('allow if input.image.labels.tier == "gold"')
const image = buildImage({ labels: { tier: 'gold' } })
const index = buildIndex([image, buildImage({ platform: { os: 'linux', architecture: 'arm64' } })])

let registry: Registry
let mirror: Registry
let directory: ReturnType<typeof temporaryDirectory>
beforeEach(async () => {
  registry = await startRegistry()
  mirror = await startRegistry()
  directory = temporaryDirectory({ 'build/Dockerfile.rego': policy })
})
afterEach(async () => {
  await Promise.all([registry.close(), mirror.close()])
  directory.remove()
})

async function check(dockerfile: string, flags: readonly string[] = []) {
  directory.write({ 'build/Dockerfile': dockerfile })
  const network = ['--allow-address', registry.host, '--allow-address', mirror.host, '--platform', 'linux/amd64']
  const run = await runCli(['check', ...network, '--format', 'json', ...flags, 'build'], { cwd: directory.path })
  const report = JSON.parse(run.stdout) as {
    error?: { code: string }
    sources: { kind: string; identifier: string; digest?: string; servedFrom?: string[] }[]
  }
  const validate = new Ajv2020({ strict: false }).compile(REPORT_SCHEMA)
  expect(validate(report), JSON.stringify(validate.errors)).toBe(true)
  return { ...run, report, image: report.sources.find(({ kind }) => kind === 'image') }
}

describe('with --buildkitd-config', () => {
  const config = ['--buildkitd-config', 'buildkitd.toml']
  const mirrored = (prefix = '') =>
    directory.write({
      'buildkitd.toml': `[registry."docker.io"]\nmirrors = ["${mirror.host}${prefix}"]\n[registry."${registry.host}"]\nmirrors = ["${mirror.host}${prefix}"]\n`,
    })

  it('the mirror is asked that the build will ask, and both names are told', async () => {
    mirrored()
    mirror.push('library/app', index, '1')
    const { exitCode, image, stdout, stderr } = await check('FROM app:1\n', [...config, '--log-level', 'debug'])
    expect(exitCode, stdout).toBe(0)
    expect(image).toMatchObject({
      identifier: 'docker-image://docker.io/library/app:1',
      digest: index.digest,
      servedFrom: [`${mirror.host}/library/app`],
    })
    expect(stderr).toContain(`docker.io/library/app@${index.digest}: read from ${mirror.host}/library/app\n`)
    expect(mirror.log.every(({ path: asked }) => asked.endsWith('?ns=docker.io'))).toBe(true)
  })

  it('a path of the mirror stands before the repository', async () => {
    mirrored('/hub')
    mirror.push('hub/library/app', index, '1')
    const { exitCode, image } = await check('FROM app:1\n', config)
    expect({ exitCode, servedFrom: image?.servedFrom }).toEqual({
      exitCode: 0,
      servedFrom: [`${mirror.host}/hub/library/app`],
    })
  })

  it('the registry itself is asked where the mirror has it not, or fails', async () => {
    mirrored()
    registry.push('app', index, '1')
    mirror.faults.add({ fault: { kind: 'reset' } })
    const { exitCode, image } = await check(`FROM ${registry.host}/app:1\n`, config)
    expect({ exitCode, servedFrom: image?.servedFrom }).toEqual({ exitCode: 0, servedFrom: [`${registry.host}/app`] })
  })

  it('is found by no other way than its path', async () => {
    mirrored()
    registry.push('app', index, '1')
    const text = readFileSync(path.join(directory.path, 'buildkitd.toml'), 'utf8')
    directory.write({
      'build/buildkitd.toml': text,
      '.config/buildkit/buildkitd.toml': text,
      'etc/buildkit/buildkitd.toml': text,
    })
    const { exitCode } = await check(`FROM ${registry.host}/app:1\n`)
    expect({ exitCode, mirror: mirror.log.length }).toEqual({ exitCode: 0, mirror: 0 })
  })

  it('a mirror on a private address is asked only where that is allowed', async () => {
    mirrored()
    directory.write({ 'build/Dockerfile': `FROM ${registry.host}/app:1\n` })
    registry.push('app', index, '1')
    const flags = ['--allow-address', registry.host, '--platform', 'linux/amd64', ...config]
    const { exitCode } = await runCli(['check', ...flags, 'build'], { cwd: directory.path })
    expect({ exitCode, mirror: mirror.log.length }).toEqual({ exitCode: 0, mirror: 0 })
  })

  it.each([
    ['is not there', undefined],
    ['is no TOML', '[registry'],
    ['says what is not understood', '[registry."a"]\nmirrors = "b"'],
  ])('nothing is decided where it %s', async (_, text) => {
    if (text !== undefined) directory.write({ 'buildkitd.toml': text })
    const { exitCode, report } = await check('FROM app:1\n', config)
    expect({ exitCode, code: report.error?.code }).toEqual({ exitCode: 2, code: 'config_invalid' })
  })
})

describe('a named context that is an OCI layout', () => {
  const REF_NAME = 'org.opencontainers.image.ref.name'

  function writeLayout(content: BuiltContent): void {
    const root = 'build/layout'
    const store = (one: BuiltContent): void => {
      for (const { digest, bytes } of [one, ...one.blobs]) {
        directory.write({ [`${root}/blobs/${digest.replace(':', '/')}`]: Buffer.from(bytes).toString() })
      }
      for (const child of one.children) store(child)
    }
    store(content)
    const manifests = [{ ...content.descriptor, annotations: { [REF_NAME]: 'v1' } }]
    directory.write({
      [`${root}/oci-layout`]: '{"imageLayoutVersion":"1.0.0"}',
      [`${root}/index.json`]: JSON.stringify({ schemaVersion: 2, manifests }),
    })
  }

  const pack = () => {
    const layout = path.join(directory.path, 'build', 'layout')
    execFileSync('tar', ['-cf', path.join(directory.path, 'layout.tar'), '-C', layout, '.'])
  }

  it.each([
    ['by its digest', () => `oci-layout://build/layout@${index.digest}`],
    ['by its tag', () => 'oci-layout://build/layout:v1'],
    ['by its only image', () => 'oci-layout://build/layout'],
    ['as an absolute path', () => `oci-layout://${path.join(directory.path, 'build', 'layout')}@${index.digest}`],
    ['in an archive by its digest', () => `oci-layout://layout.tar@${index.digest}`],
    ['in an archive by its tag', () => 'oci-layout://layout.tar:v1'],
  ])('%s is decided without any request', async (_, value) => {
    writeLayout(index)
    pack()
    const flags = ['--offline', '--build-context', `base=${value()}`]
    const { exitCode, stdout, report, image } = await check('FROM base\n', flags)
    expect(exitCode, stdout).toBe(0)
    expect(report).toMatchObject({ usage: { requests: 0 } })
    expect(image).toMatchObject({
      identifier: `oci-layout://docker.io/library/base@${index.digest}`,
      digest: index.digest,
    })
  })

  it('is asked for the triggers of its image', async () => {
    writeLayout(buildImage({ labels: { tier: 'gold' }, onBuild: ['ADD https://triggers.example.com/x.tgz /'] }))
    const { report } = await check('FROM base\n', ['--offline', '--build-context', 'base=oci-layout://build/layout:v1'])
    expect(report.sources.map(({ identifier }) => identifier)).toContain('https://triggers.example.com/x.tgz')
  })

  it('is undecided where its content is not what its digest says', async () => {
    writeLayout(image)
    const config = image.blobs[0]!
    const altered = Buffer.from(config.bytes).toString().replace('gold', 'bold')
    directory.write({ [`build/layout/blobs/${config.digest.replace(':', '/')}`]: altered })
    const { exitCode } = await check('FROM base\n', ['--build-context', 'base=oci-layout://build/layout:v1'])
    expect(exitCode).toBe(3)
  })

  it.each([
    ['of no layout', 'oci-layout://build@sha256:'.padEnd(90, '0'), 3],
    ['without a path', 'oci-layout://', 2],
    ['of a tag that is not there', 'oci-layout://build/layout:v2', 2],
    ['of a digest that is none', 'oci-layout://build/layout@sha256:00', 2],
  ])('%s is refused', async (_, value, expected) => {
    writeLayout(image)
    const { exitCode } = await check('FROM base\n', ['--build-context', `base=${value}`])
    expect(exitCode).toBe(expected)
  })
})
