import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
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
  tokens(): number
  stop(): Promise<void>
}

/** Docker's registry in each of its ways of authentication, with the files that it needs in `directory`. */
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
      tokens: () => 0,
      ...about,
      async stop() {
        const ended = new Promise(resolve => child.once('exit', resolve))
        child.removeAllListeners('exit')
        child.kill()
        await Promise.race([ended, new Promise(resolve => setTimeout(resolve, 200))])
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
  ]
}
