import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { freePort, makeLocalTLS, startNginx } from '../nginx.ts'
import type { RunningServer } from '../running-server.ts'

export const USER = 'ada'
export const PASSWORD = 'p@ss'

export interface HTTPServers {
  readonly plain: RunningServer
  readonly secure: RunningServer
  /** Content of each file by its path. */
  readonly files: Readonly<Record<string, Buffer>>
  /** The requests that nginx answered: method, path, status, a line each. */
  log(): Promise<string[]>
  stop(): Promise<void>
}

/** nginx with files and everything that servers do with them, in the clear and over TLS. */
export async function startHTTPServers(directory: string): Promise<HTTPServers> {
  const root = path.join(directory, 'files')
  await mkdir(root, { recursive: true })
  const files: Record<string, Buffer> = {
    'small.txt': Buffer.from('hello\n'),
    'empty.bin': Buffer.alloc(0),
    'large.bin': randomBytes(3_000_000),
    'a b+c;d.txt': Buffer.from('a name that is encoded\n'),
    'ünal.txt': Buffer.from('a name beyond ASCII\n'),
    'text.html': Buffer.from('<p>compressed on the way</p>\n'.repeat(500)),
  }
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(root, name), content)
  const tls = await makeLocalTLS(directory)
  const password = createHash('sha1').update(PASSWORD).digest('base64')
  await writeFile(path.join(directory, 'htpasswd'), `${USER}:{SHA}${password}\n`)
  const [port, securePort] = [await freePort(), await freePort()]
  const [plain, secure] = [`http://localhost:${port}`, `https://localhost:${securePort}`]
  const places = `
    root ${root};
    location /found { return 302 /small.txt; }
    location /moved { return 301 /found; }
    location /kept { return 307 /large.bin; }
    location /elsewhere { return 302 ${secure}/small.txt; }
    location /downgrade { return 302 ${plain}/small.txt; }
    location /loop { return 302 /loop; }
    location /gone { return 410; }
    location /busy { return 503; }
    location /silent { return 444; }
    location /slow/ { alias ${root}/; limit_rate 20k; }
    location /whole/ { alias ${root}/; max_ranges 0; }
    location /secret/ { alias ${root}/; auth_basic "x"; auth_basic_user_file ${directory}/htpasswd; }
    location /forbidden/ { deny all; }
    location /gzip/ { alias ${root}/; gzip on; gzip_min_length 1; gzip_proxied any; }`
  const nginx = await startNginx(
    path.join(directory, 'nginx'),
    port,
    `server { listen 127.0.0.1:${port}; ${places} }
  server { listen 127.0.0.1:${securePort} ssl; ssl_certificate ${tls.certificate}; ssl_certificate_key ${tls.key}; ${places} }`,
  )
  const server = (name: string, base: string, at: number): RunningServer => ({
    name,
    url: file => `${base}/${file}`,
    host: `localhost:${at}`,
    port: at,
    transport: { ca: tls.ca },
    stop: async () => undefined,
  })
  return {
    plain: server('nginx', plain, port),
    secure: server('nginx over TLS', secure, securePort),
    files,
    async log() {
      const text = await readFile(path.join(directory, 'nginx/access.log'), 'utf8')
      return text.split('\n').map(line => / "(\S+ \S+) HTTP\/1\.[01]" (\d+) /.exec(line)?.slice(1).join(' ') ?? '')
    },
    stop: () => nginx.stop(),
  }
}
