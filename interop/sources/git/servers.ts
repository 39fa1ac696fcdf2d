import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import type { GitBinary } from '@source-policy/resolver-git'
import { startGitServer } from '@source-policy/testkit'
import type { TransportOptions } from '@source-policy/transport'
import { run, startServer } from '../programs.ts'

/** A server over the repositories, and how it is reached. */
export interface RunningServer {
  readonly name: string
  /** The URL of a repository. */
  url(repository: string): string
  readonly host: string
  readonly port: number
  readonly transport?: TransportOptions
  readonly git?: GitBinary
  stop(): Promise<void>
}

/** One after the other: `git http-backend` in four ways, nginx over TLS, sshd, git's own daemon, and no server at all. */
export async function startServers(root: string, directory: string): Promise<RunningServer[]> {
  return [
    await backend('http-backend v2', root, {}),
    await backend('http-backend v0', root, { protocol: 0 }),
    await backend('http-backend without filter', root, { filter: false }),
    await backend('http-backend with password', root, { auth: { username: 'ada', password: 'p@ss' } }),
    await nginx(root, path.join(directory, 'nginx')),
    await sshd(root, path.join(directory, 'sshd')),
    await daemon(root),
    { name: 'directory', url: name => `file://${root}/${name}`, host: '', port: 0, stop: async () => undefined },
  ]
}

async function backend(
  name: string,
  root: string,
  options: Parameters<typeof startGitServer>[0],
): Promise<RunningServer> {
  const server = await startGitServer({ root, ...options })
  const user =
    options?.auth === undefined ? '' : `${options.auth.username}:${encodeURIComponent(options.auth.password)}@`
  return {
    name,
    url: repository => `http://${user}${server.host}/${repository}`,
    host: server.host,
    port: server.port,
    stop: () => server.close(),
  }
}

async function nginx(root: string, directory: string): Promise<RunningServer> {
  await mkdir(directory)
  const [port, socket, key, ca] = [
    await freePort(),
    ...['fcgi.sock', 'key.pem', 'cert.pem'].map(name => path.join(directory, name)),
  ] as const
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  await run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-keyout',
    key!,
    '-out',
    ca!,
    ...subject,
  ])
  await writeFile(
    path.join(directory, 'nginx.conf'),
    `daemon off; pid ${directory}/pid; error_log stderr notice; user root; worker_processes 1;
events {}
http {
  access_log off;
  client_body_temp_path ${directory}/body; fastcgi_temp_path ${directory}/fastcgi; proxy_temp_path ${directory}/proxy;
  uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${ca}; ssl_certificate_key ${key};
    location / {
      fastcgi_pass unix:${socket};
      fastcgi_param SCRIPT_FILENAME /usr/lib/git-core/git-http-backend;
      fastcgi_param GIT_PROJECT_ROOT ${root};
      fastcgi_param GIT_HTTP_EXPORT_ALL 1;
      fastcgi_param GIT_CONFIG_NOSYSTEM 1;
      fastcgi_param GIT_PROTOCOL $http_git_protocol;
      fastcgi_param PATH_INFO $uri;
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length;
    }
  }
}
`,
  )
  const fcgiwrap = await startServer('fcgiwrap', ['-c', '2', '-s', `unix:${socket}`], { socket: socket! })
  const web = await startServer('nginx', ['-c', path.join(directory, 'nginx.conf'), '-p', directory], { port })
  const { readFile } = await import('node:fs/promises')
  return {
    name: 'nginx over TLS',
    url: repository => `https://localhost:${port}/${repository}`,
    host: `localhost:${port}`,
    port,
    transport: { ca: await readFile(ca!, 'utf8') },
    async stop() {
      await web.stop()
      await fcgiwrap.stop()
    },
  }
}

async function sshd(root: string, directory: string): Promise<RunningServer> {
  await mkdir(directory, { mode: 0o700 })
  await mkdir('/run/sshd', { recursive: true })
  const port = await freePort()
  const file = (name: string) => path.join(directory, name)
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file('host')])
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file('user')])
  await writeFile(file('authorized_keys'), await run('cat', [file('user.pub')]), { mode: 0o600 })
  await writeFile(file('known_hosts'), `[localhost]:${port} ${await run('cat', [file('host.pub')])}`)
  await writeFile(
    file('config'),
    `Port ${port}
ListenAddress 127.0.0.1
HostKey ${file('host')}
AuthorizedKeysFile ${file('authorized_keys')}
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
AcceptEnv GIT_PROTOCOL
`,
  )
  await chmod(file('user'), 0o600)
  const server = await startServer('/usr/sbin/sshd', ['-D', '-e', '-f', file('config')], { port })
  const options = [
    '-F',
    '/dev/null',
    '-i',
    file('user'),
    '-o',
    'IdentitiesOnly=yes',
    '-o',
    `UserKnownHostsFile=${file('known_hosts')}`,
  ]
  const command = ['ssh', ...options, '-o', 'StrictHostKeyChecking=yes'].join(' ')
  const user = (await run('id', ['-un'])).trim()
  return {
    name: 'sshd',
    url: repository => `ssh://${user}@localhost:${port}${root}/${repository}`,
    host: `localhost:${port}`,
    port,
    git: { env: { ...process.env, GIT_SSH_COMMAND: command } },
    stop: server.stop,
  }
}

async function daemon(root: string): Promise<RunningServer> {
  const port = await freePort()
  const args = [
    'daemon',
    '--reuseaddr',
    '--listen=127.0.0.1',
    `--port=${port}`,
    `--base-path=${root}`,
    '--export-all',
    root,
  ]
  const server = await startServer('git', args, { port })
  return {
    name: 'git daemon',
    url: repository => `git://localhost:${port}/${repository}`,
    host: `localhost:${port}`,
    port,
    stop: server.stop,
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}
