import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readBuildkitConfig } from './buildkit-config.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'buildkitd-'))
})
afterEach(() => rm(directory, { recursive: true }))

async function read(text: string) {
  const file = path.join(directory, 'buildkitd.toml')
  await writeFile(file, text)
  return readBuildkitConfig(file)
}

describe('readBuildkitConfig', () => {
  it('reads mirrors, plain http, unverified hosts and certificates', async () => {
    await mkdir(path.join(directory, 'tls'))
    for (const name of ['ca', 'cert', 'key']) await writeFile(path.join(directory, 'tls', `${name}.pem`), name)
    expect(
      await read(`
        debug = true
        [worker.oci]
          enabled = false
        [registry."docker.io"]
          mirrors = ["mirror.test:5000", "core.harbor.test/proxy.docker.io"]
        [registry."mirror.test:5000"]
          http = true
        [registry."core.harbor.test"]
          insecure = true
          ca = ["tls/ca.pem"]
          [[registry."core.harbor.test".keypair]]
            key = "tls/key.pem"
            cert = "tls/cert.pem"
      `),
    ).toEqual({
      registries: {
        'docker.io': { mirrors: ['mirror.test:5000', 'core.harbor.test/proxy.docker.io'] },
        'mirror.test:5000': { http: true },
        'core.harbor.test': {},
      },
      insecureHosts: ['mirror.test:5000', 'core.harbor.test'],
      hosts: { 'core.harbor.test': { ca: ['ca'], cert: 'cert', key: 'key' } },
    })
  })

  it('reads directories of certificates as builders do, after what is named', async () => {
    for (const name of ['a', 'b']) await mkdir(path.join(directory, name))
    const files = ['named.pem', 'a/2.crt', 'a/1.crt', 'a/x.cert', 'a/x.key', 'a/y.key', 'a/notes.txt', 'b/3.crt']
    for (const name of files) await writeFile(path.join(directory, name), name)
    const { hosts } = await read('[registry."a"]\nca = ["named.pem"]\ntlsconfigdir = ["a", "none", "b"]')
    expect(hosts).toEqual({
      a: { ca: ['named.pem', 'a/1.crt', 'a/2.crt', 'b/3.crt'], cert: 'a/x.cert', key: 'a/x.key' },
    })
    expect((await read('[registry."a"]\ntlsconfigdir = ["none"]')).hosts).toEqual({})
  })

  it.each([
    ['a certificate without its key', ['x.cert']],
    ['several client certificates', ['x.cert', 'x.key', 'y.cert', 'y.key']],
    ['too many files', Array.from({ length: 1001 }, (_, n) => `${n}.crt`)],
  ])('refuses a directory with %s', async (_name, names) => {
    await mkdir(path.join(directory, 'a'))
    for (const name of names) await writeFile(path.join(directory, 'a', name), name)
    await expect(read('[registry."a"]\ntlsconfigdir = ["a"]')).rejects.toMatchObject({ code: 'config_invalid' })
  })

  it('reads a file without registries', async () => {
    expect(await read('')).toEqual({ registries: {}, insecureHosts: [], hosts: {} })
  })

  it.each([
    ['no TOML', '[registry'],
    ['two sections for a host', '[registry."a"]\n[registry."a"]'],
    ['a section that is text', 'registry = "a"'],
    ['a host that is a path', '[registry."a/b"]'],
    ['a mirror that is a URL', '[registry."a"]\nmirrors = ["https://b"]'],
    ['mirrors that are text', '[registry."a"]\nmirrors = "b"'],
    ['http that is text', '[registry."a"]\nhttp = "yes"'],
    ['a certificate that is not there', '[registry."a"]\nca = ["none.pem"]'],
    ['half a keypair', '[[registry."a".keypair]]\nkey = "k"'],
    ['a directory of certificates that is a file', '[registry."a"]\ntlsconfigdir = ["buildkitd.toml"]'],
    [
      'two keypairs',
      '[[registry."a".keypair]]\nkey = "k"\ncert = "c"\n[[registry."a".keypair]]\nkey = "k"\ncert = "c"',
    ],
    ['too much', `#${'x'.repeat(2 ** 20)}`],
  ])('refuses %s', async (_name, text) => {
    await expect(read(text)).rejects.toThrow(expect.objectContaining({ code: 'config_invalid' }))
  })

  it('refuses a file that is not there', async () => {
    await expect(readBuildkitConfig(path.join(directory, 'none'))).rejects.toThrow(
      expect.objectContaining({ code: 'config_invalid' }),
    )
  })
})
