import { readFileSync } from 'node:fs'
import { type HTTPOrigin, startHTTPOrigin } from '@source-policy/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { regoPolicy, runCli, temporaryDirectory } from './run-cli.ts'

const pem = (name: string) =>
  readFileSync(new URL(`../../../packages/transport/src/testdata/tls/${name}`, import.meta.url), 'utf8')
const tls = { cert: pem('localhost.crt'), key: pem('localhost.key'), clientCA: pem('ca.crt') }

let origin: HTTPOrigin
let host: string
let directory: ReturnType<typeof temporaryDirectory>
beforeEach(async () => {
  origin = await startHTTPOrigin({ tls, files: { '/app.tar.gz': 'content' } })
  host = `localhost:${origin.port}`
  directory = temporaryDirectory({
    'build/Dockerfile.rego': regoPolicy('allow if input.http.checksum != ""'),
    'build/Dockerfile': `FROM scratch\nADD https://${host}/app.tar.gz /\n`,
    'ca.crt': pem('ca.crt'),
    'client.crt': pem('client.crt'),
    'client.key': pem('client.key'),
    'both.pem': pem('client.crt') + pem('client.key'),
    'other.key': pem('other.key'),
  })
})
afterEach(async () => {
  await origin.close()
  directory.remove()
})

async function check(...flags: string[]) {
  const network = ['--allow-address', host, '--ca', 'ca.crt', '--timeout', '20s']
  const run = await runCli(['check', ...network, '--format', 'json', ...flags, 'build'], { cwd: directory.path })
  return { exitCode: run.exitCode, error: (JSON.parse(run.stdout) as { error?: { code: string } }).error?.code, run }
}

describe('--client-cert', () => {
  it.each([
    ['two files', 'cert=client.crt,key=client.key'],
    ['one file', 'cert=both.pem'],
  ])('shows its host a certificate of %s', async (_, files) => {
    const { exitCode, run } = await check('--client-cert', `host=${host},${files}`)
    expect(exitCode, run.stdout).toBe(0)
  })

  it('shows it to no other host', async () => {
    expect((await check()).exitCode).toBe(3)
    expect((await check('--client-cert', 'host=example.com,cert=both.pem')).exitCode).toBe(3)
    expect(origin.log).toEqual([])
  })

  it('goes with what a buildkitd.toml says of the host, and before its keypair', async () => {
    directory.write({
      'buildkitd.toml': `[registry."${host}"]\nca = ["ca.crt"]\n[[registry."${host}".keypair]]\ncert = "localhost.crt"\nkey = "localhost.key"\n`,
      'localhost.crt': pem('expired.crt'),
      'localhost.key': pem('localhost.key'),
    })
    const builder = ['--buildkitd-config', 'buildkitd.toml']
    expect((await check(...builder, '--client-cert', `host=${host},cert=both.pem`)).exitCode).toBe(0)
    expect((await check(...builder)).exitCode).not.toBe(0)
  })

  it('may come from a directory that a buildkitd.toml names', async () => {
    directory.write({
      'buildkitd.toml': `[registry."${host}"]\ntlsconfigdir = ["certs"]\n`,
      'certs/ca.crt': pem('ca.crt'),
      'certs/client.cert': pem('client.crt'),
      'certs/client.key': pem('client.key'),
    })
    const network = ['--allow-address', host, '--buildkitd-config', 'buildkitd.toml', '--timeout', '20s']
    const { exitCode, stdout } = await runCli(['check', ...network, 'build'], { cwd: directory.path })
    expect(exitCode, stdout).toBe(0)
  })

  it.each([
    ['nothing', '', 'usage'],
    ['no host', 'cert=both.pem', 'usage'],
    ['no certificate', 'host=example.com', 'usage'],
    ['what is no host', 'host=a b,cert=both.pem', 'usage'],
    ['a host twice', 'host=a,host=b,cert=both.pem', 'usage'],
    ['another word', 'host=a,cert=both.pem,password=x', 'usage'],
    ['no such file', 'host=a,cert=missing.pem', 'unreadable_file'],
    ['a file without a key', 'host=a,cert=client.crt', 'unreadable_file'],
    ['a key of something else', 'host=a,cert=client.crt,key=other.key', 'unreadable_file'],
  ])('is refused with %s', async (_, value, code) => {
    const { exitCode, error } = await check('--client-cert', value)
    expect({ exitCode, error }).toEqual({ exitCode: 2, error: code })
    expect(origin.log).toEqual([])
  })
})
