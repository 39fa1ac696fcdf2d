import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CredentialHelper, runCredentialHelper } from './credential-helper.ts'
import { dockerCredentials } from './docker-config.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const { signal } = new AbortController()

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'docker-config-'))
})
afterEach(() => rm(directory, { recursive: true }))

async function credentials(config: unknown, env: Record<string, string> = {}, helper?: CredentialHelper) {
  const text = typeof config === 'string' ? config : JSON.stringify(config)
  if (config !== undefined) await writeFile(path.join(directory, 'config.json'), text)
  return dockerCredentials({ env: { DOCKER_CONFIG: directory, ...env }, ...(helper && { helper }) })
}

describe('config.json', () => {
  it.each<[string, Record<string, unknown>, string, unknown]>([
    ['a user', { 'ghcr.io': { auth: base64('al:pa:ss') } }, 'ghcr.io', { username: 'al', password: 'pa:ss' }],
    ['a port', { 'localhost:5000': { auth: base64('a:b') } }, 'localhost:5000', { username: 'a', password: 'b' }],
    ['a URL', { 'https://ghcr.io/v2/': { auth: base64('a:b') } }, 'ghcr.io', { username: 'a', password: 'b' }],
    [
      'Docker Hub',
      { 'https://index.docker.io/v1/': { auth: base64('a:b') } },
      'docker.io',
      { username: 'a', password: 'b' },
    ],
    ['a padded password', { 'x.io': { auth: base64('a:b\0\0') } }, 'x.io', { username: 'a', password: 'b' }],
    ['separate members', { 'x.io': { username: 'a', password: 'b' } }, 'x.io', { username: 'a', password: 'b' }],
    ['an identity token', { 'x.io': { auth: base64('a:'), identitytoken: 't' } }, 'x.io', { identityToken: 't' }],
    ['a registry token', { 'x.io': { registrytoken: 't' } }, 'x.io', { registryToken: 't' }],
    [
      'the exact host',
      { 'https://x.io/v1/': { auth: base64('a:b') }, 'x.io': { auth: base64('c:d') } },
      'x.io',
      { username: 'c', password: 'd' },
    ],
    ['an empty entry', { 'x.io': {} }, 'x.io', undefined],
    ['another host', { 'x.io': { auth: base64('a:b') } }, 'evil.x.io', undefined],
    ['another port', { 'x.io': { auth: base64('a:b') } }, 'x.io:444', undefined],
  ])('gives credentials for %s', async (_name, auths, registry, expected) => {
    expect(await (await credentials({ auths }))(registry, { signal })).toEqual(expected)
  })

  it('may be missing', async () => {
    expect(await (await credentials(undefined))('x.io', { signal })).toBeUndefined()
  })

  it.each([
    ['no JSON', '{"auths":{"x.io":{"auth":"c2VjcmV0"'],
    ['an entry that is text', { auths: { 'x.io': 'secret' } }],
    ['an auth without colon', { auths: { 'x.io': { auth: base64('secret') } } }],
    ['a helper that is a list', { credHelpers: { 'x.io': ['secret'] } }],
    ['two configs', '{"auths":{},"auths":{"x.io":{"auth":"secret"}}}'],
    ['too much', `${' '.repeat(2 ** 20)}{}`],
  ])('is refused with %s, and not shown', async (_name, config) => {
    const read = (await credentials(config))('x.io', { signal })
    await expect(read).rejects.toThrow(expect.objectContaining({ code: 'credentials_invalid' }))
    const error = await read.catch((thrown: unknown) => thrown)
    expect(inspect(error, { depth: 9 })).not.toMatch(/secret|c2VjcmV0/)
  })
})

describe('DOCKER_AUTH_CONFIG', () => {
  it('goes before the file, which stands in for what it lacks', async () => {
    const env = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { 'x.io': { auth: base64('env:1') } } }) }
    const read = await credentials(
      { auths: { 'x.io': { auth: base64('file:1') }, 'y.io': { auth: base64('file:2') } } },
      env,
    )
    expect(await read('x.io', { signal })).toEqual({ username: 'env', password: '1' })
    expect(await read('y.io', { signal })).toEqual({ username: 'file', password: '2' })
  })
})

describe('credential helpers', () => {
  const asked: string[] = []
  const helper: CredentialHelper = async (name, server) => {
    asked.push(`${name} ${server}`)
    return name === 'empty' ? undefined : { username: name, password: 'p' }
  }
  beforeEach(() => {
    asked.length = 0
  })

  it('are asked by the name that Docker gives the server', async () => {
    const read = await credentials(
      { credHelpers: { 'gcr.io': 'gcloud' }, credsStore: 'desktop', auths: {} },
      {},
      helper,
    )
    expect(await read('gcr.io', { signal })).toEqual({ username: 'gcloud', password: 'p' })
    await read('docker.io', { signal })
    await read('x.io:5000', { signal })
    expect(asked).toEqual(['gcloud gcr.io', 'desktop https://index.docker.io/v1/', 'desktop x.io:5000'])
  })

  it('replace the entries of the file', async () => {
    const read = await credentials({ credsStore: 'empty', auths: { 'x.io': { auth: base64('a:b') } } }, {}, helper)
    expect(await read('x.io', { signal })).toBeUndefined()
  })
})

describe.skipIf(process.platform === 'win32')('runCredentialHelper', () => {
  let before: string | undefined
  beforeEach(() => {
    before = process.env.PATH
    process.env.PATH = `${directory}${path.delimiter}${before}`
  })
  afterEach(() => {
    process.env.PATH = before
  })

  async function install(script: string): Promise<void> {
    const file = path.join(directory, 'docker-credential-test')
    await writeFile(file, `#!/bin/sh\n${script}\n`)
    await chmod(file, 0o755)
  }

  it('hands over the server and reads the answer', async () => {
    await install(`read server; printf '{"ServerURL":"%s","Username":"%s","Secret":"%s"}' "$server" "$1" "$server"`)
    expect(await runCredentialHelper('test', 'x.io; id', signal)).toEqual({ username: 'get', password: 'x.io; id' })
  })

  it('reads an identity token', async () => {
    await install(`echo '{"Username":"<token>","Secret":"t"}'`)
    expect(await runCredentialHelper('test', 'x.io', signal)).toEqual({ identityToken: 't' })
  })

  it('takes "not found" for none', async () => {
    await install(`echo 'credentials not found in native keychain'; exit 1`)
    expect(await runCredentialHelper('test', 'x.io', signal)).toBeUndefined()
  })

  it.each([
    ['fails', 'test', 'echo s3cret; exit 3'],
    ['writes no JSON', 'test', 'echo s3cret'],
    ['writes no secret', 'test', `echo '{"Username":"s3cret"}'`],
    ['writes too much', 'test', 'yes s3cret'],
    ['is not there', 'nosuch', 'exit 0'],
    ['is a path', '../test', 'exit 0'],
    ['is empty', '', 'exit 0'],
  ])('refuses a helper that %s, and does not show what it wrote', async (_name, name, script) => {
    await install(script)
    const read = runCredentialHelper(name, 'x.io', signal)
    await expect(read).rejects.toThrow(expect.objectContaining({ code: 'credentials_invalid' }))
    await expect(read).rejects.not.toThrow('s3cret')
  })

  it('ends with the signal', async () => {
    await install('exec sleep 30')
    const controller = new AbortController()
    const read = runCredentialHelper('test', 'x.io', controller.signal)
    setTimeout(() => controller.abort(new Error('enough')), 30)
    await expect(read).rejects.toThrow('enough')
  })
})
