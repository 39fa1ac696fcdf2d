import { chmod, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { startGitServer } from '@source-policy/testkit'
import { freePort, makeLocalTLS, startNginx } from '../nginx.ts'
import { run, startServer } from '../programs.ts'
import type { RunningServer } from '../running-server.ts'

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
  const tls = await makeLocalTLS(directory)
  const port = await freePort()
  const socket = path.join(directory, 'fcgi.sock')
  const fcgiwrap = await startServer('fcgiwrap', ['-c', '2', '-s', `unix:${socket}`], { socket })
  const web = await startNginx(
    directory,
    port,
    `server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${tls.certificate}; ssl_certificate_key ${tls.key};
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
  }`,
  )
  return {
    name: 'nginx over TLS',
    url: repository => `https://localhost:${port}/${repository}`,
    host: `localhost:${port}`,
    port,
    transport: { ca: tls.ca },
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
