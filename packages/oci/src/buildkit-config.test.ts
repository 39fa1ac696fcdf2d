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
    ['a directory of certificates', '[registry."a"]\ntlsconfigdir = ["/etc"]'],
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
