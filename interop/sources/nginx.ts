import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { run, startServer } from './programs.ts'

/** A certificate for localhost, and the authority that issued it. */
export interface LocalTLS {
  readonly key: string
  readonly certificate: string
  /** PEM of the authority. */
  readonly ca: string
}

/** An authority of our own, and a certificate of it. */
export async function makeLocalTLS(directory: string): Promise<LocalTLS> {
  await mkdir(directory, { recursive: true })
  const file = (name: string) => path.join(directory, name)
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const openssl = (...args: string[]) => run('openssl', args)
  const authority = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign']
  await openssl(
    'req',
    '-x509',
    ...newKey,
    '-days',
    '2',
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.pem'),
    '-subj',
    '/CN=Test CA',
    ...authority,
  )
  await openssl('req', ...newKey, '-keyout', file('key.pem'), '-out', file('request.pem'), '-subj', '/CN=localhost')
  await writeFile(file('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
  const signedBy = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial', '-extfile', file('names')]
  await openssl('x509', '-req', '-in', file('request.pem'), '-days', '2', ...signedBy, '-out', file('cert.pem'))
  return { key: file('key.pem'), certificate: file('cert.pem'), ca: await readFile(file('ca.pem'), 'utf8') }
}

/** nginx in the foreground with these server blocks, everything of it in the directory. */
export async function startNginx(directory: string, port: number, servers: string): Promise<{ stop(): Promise<void> }> {
  await mkdir(directory, { recursive: true })
  const temporary = ['client_body', 'fastcgi', 'proxy', 'uwsgi', 'scgi']
  await writeFile(
    path.join(directory, 'nginx.conf'),
    `daemon off; pid ${directory}/pid; error_log stderr notice; user root; worker_processes 1;
events {}
http {
  access_log ${directory}/access.log combined;
  ${temporary.map(name => `${name}_temp_path ${directory}/${name};`).join(' ')}
  ${servers}
}
`,
  )
  return startServer('nginx', ['-c', path.join(directory, 'nginx.conf'), '-p', directory], { port })
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}
