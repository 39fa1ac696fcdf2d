import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { buildPeer } from '../peers.mjs'
import { run, startServer } from './programs.ts'
import { startTokenServer } from './token-server.ts'

export const USER = 'alice'
export const PASSWORD = 's3cret'

/** A registry that is ready, and how our client and other tools have to talk to it. */
export interface RunningRegistry {
  readonly mode: string
  readonly host: string
  readonly http: boolean
  readonly needsLogin: boolean
  /** PEM of the authority of its certificate. */
  readonly ca?: string
  /** A directory with `ca.crt`, as other tools want it. */
  readonly certificates?: string
  /** Further hosts that it sends its clients to. */
  readonly helpers: readonly string[]
  /** Repositories begin with it. */
  readonly prefix: string
  /** Formats of images that it takes. */
  readonly formats: readonly ('oci' | 'v2s2')[]
  tokens(): number
  stop(): Promise<void>
}

/** What `docker login` would leave in `directory`. */
export async function writeLogin(directory: string, { host }: RunningRegistry): Promise<void> {
  const auth = Buffer.from(`${USER}:${PASSWORD}`).toString('base64')
  await writeFile(path.join(directory, 'config.json'), JSON.stringify({ auths: { [host]: { auth } } }))
}

/** Docker's registry in each of its ways of authentication, and zot, with the files that they need in `directory`. */
export async function startRegistries(directory: string): Promise<RunningRegistry[]> {
  const file = (name: string) => path.join(directory, name)
  const openssl = (...args: string[]) => run('openssl', args, { cwd: directory })
  const newKey = ['-newkey', 'rsa:2048', '-nodes']
  await openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'tok.key',
    '-out',
    'tok.crt',
    '-subj',
    '/CN=test-issuer',
    '-days',
    '2',
  )
  await openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=Test CA', '-days', '2')
  await openssl('req', ...newKey, '-keyout', 'srv.key', '-out', 'srv.csr', '-subj', '/CN=localhost')
  await writeFile(file('srv.ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
  const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'srv.ext', '-days', '2']
  await openssl('x509', '-req', '-in', 'srv.csr', ...signed, '-out', 'srv.crt')
  await writeFile(file('htpasswd'), await run('htpasswd', ['-Bbn', USER, PASSWORD]))
  const ca = await readFile(file('ca.crt'), 'utf8')
  // other tools take every key in it for a client's
  const certificates = file('certificates')
  await mkdir(certificates)
  await writeFile(path.join(certificates, 'ca.crt'), ca)

  const start = async (
    mode: string,
    config: string,
    about: Partial<RunningRegistry> = {},
  ): Promise<RunningRegistry> => {
    const name = file(`${mode.replaceAll(' ', '-')}.yml`)
    await writeFile(
      name,
      `version: 0.1\nlog: {level: info, accesslog: {disabled: true}}\nstorage: {inmemory: {}}\n${config}\n`,
    )
    const { child, match } = await startServer('docker-registry', ['serve', name], /listening on 127\.0\.0\.1:(\d+)/)
    return {
      mode,
      host: `127.0.0.1:${match[1]}`,
      http: true,
      needsLogin: false,
      helpers: [],
      prefix: 'public',
      formats: ['oci', 'v2s2'],
      tokens: () => 0,
      ...about,
      async stop() {
        await end(child)
        await about.stop?.()
      },
    }
  }

  const tokenRegistry = async (mode: string, prefix: string, ttlSeconds: number) => {
    const key = await readFile(file('tok.key'), 'utf8')
    const certificate = (await readFile(file('tok.crt'), 'utf8')).replace(/-----[^-]+-----|\s/g, '')
    const tokenServer = await startTokenServer({ key, certificate, user: USER, password: PASSWORD, ttlSeconds })
    const realm = `{realm: "http://${tokenServer.host}/token", service: test-registry, issuer: test-issuer, rootcertbundle: ${file('tok.crt')}}`
    return start(mode, `http: {addr: "127.0.0.1:0"}\nauth: {token: ${realm}}`, {
      prefix,
      needsLogin: prefix !== 'public',
      helpers: [tokenServer.host],
      tokens: () => tokenServer.requests,
      stop: () => tokenServer.close(),
    })
  }

  const plain = 'http: {addr: "127.0.0.1:0"}'
  const tls = `http: {addr: "127.0.0.1:0", tls: {certificate: ${file('srv.crt')}, key: ${file('srv.key')}}}`
  return [
    await start('anonymous', plain),
    await start('htpasswd', `${plain}\nauth: {htpasswd: {realm: test, path: ${file('htpasswd')}}}`, {
      needsLogin: true,
    }),
    await tokenRegistry('token, public', 'public', 60),
    await tokenRegistry('token, login, 1 s', 'private', 1),
    await start('TLS', tls, { http: false, ca, certificates }),
    await startZot('zot, anonymous', directory),
    await startZot('zot, htpasswd', directory, file('htpasswd')),
  ]
}

/** zot, with htpasswd where a file of users is given; this version takes no images in Docker's formats. */
async function startZot(mode: string, directory: string, users?: string): Promise<RunningRegistry> {
  const port = await freePort()
  const name = path.join(directory, mode.replaceAll(/\W+/g, '-'))
  const auth = users === undefined ? {} : { auth: { htpasswd: { path: users } } }
  const config = {
    distSpecVersion: '1.0.1',
    storage: { rootDirectory: name, dedupe: false, gc: false },
    http: { address: '127.0.0.1', port: String(port), ...auth },
    log: { level: 'info' },
  }
  await writeFile(`${name}.json`, JSON.stringify(config))
  const { child } = await startServer(buildPeer('zot'), ['serve', `${name}.json`], /./)
  const host = `127.0.0.1:${port}`
  await answers(`http://${host}/v2/`)
  return {
    mode,
    host,
    http: true,
    needsLogin: users !== undefined,
    helpers: [],
    prefix: 'public',
    formats: ['oci'],
    tokens: () => 0,
    stop: () => end(child),
  }
}

/** A port that nobody uses yet: zot does not choose one itself. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Waits until something answers there, whatever it says; throws after ten seconds. */
async function answers(url: string): Promise<void> {
  for (let attempts = 0; ; attempts++) {
    const answer = await fetch(url).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer !== undefined) return
    if (attempts === 100) throw new Error(`nothing answers at ${url}`)
    await setTimeout(100)
  }
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.removeAllListeners('exit')
  child.kill()
  await Promise.race([ended, setTimeout(1000)])
}
