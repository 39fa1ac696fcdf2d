import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type ServerAnswer, sendAnswer } from './answer.ts'
import { createFaults, type Faults } from './faults.ts'
import { createGitRepository, type GitRepository, type GitRepositoryOptions, gitEnv } from './git-repository.ts'

export interface GitServerOptions {
  /** Default: 2. With 0 the server does not know later versions. */
  readonly protocol?: 0 | 2
  /** Whether fetches may leave out trees and files. Default: true. */
  readonly filter?: boolean
  /** Asked from all requests. Default: none. */
  readonly auth?: { readonly username: string; readonly password: string }
  /** Directory of repositories that are there already, and stay. Default: a new one, removed by `close`. */
  readonly root?: string
}

/** A request that came, and what was answered. */
export interface GitRequest {
  readonly method: string
  /** With its query, as it came. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** The body as Latin-1 text. */
  readonly body: string
  /** Undefined where no answer was sent. */
  readonly status: number | undefined
  /** Of the whole answer, however much of it was taken. */
  readonly answerBytes: number
}

export interface ServedRepository extends GitRepository {
  /** `http://127.0.0.1:port/name.git` */
  readonly url: string
}

/** Smart HTTP on loopback by the real `git http-backend`. */
export interface GitServer {
  /** `http://127.0.0.1:port`, without a slash at its end. */
  readonly url: string
  /** `127.0.0.1:port` */
  readonly host: string
  readonly port: number
  /** In the order in which they came. */
  readonly log: readonly GitRequest[]
  clearLog(): void
  readonly faults: Faults
  /** Directory of the repositories. */
  readonly root: string
  /** Home of the git that runs here. */
  readonly home: string
  /** A new repository at `/<name>.git`. */
  createRepository(
    name: string,
    options?: Pick<GitRepositoryOptions, 'objectFormat' | 'defaultBranch'>,
  ): Promise<ServedRepository>
  close(): Promise<void>
}

/** A git server without repositories. Needs git in the PATH. */
export async function startGitServer(options: GitServerOptions = {}): Promise<GitServer> {
  const base = await mkdtemp(path.join(tmpdir(), 'git-server-'))
  const root = options.root ?? path.join(base, 'repositories')
  const home = path.join(base, 'home')
  await Promise.all([mkdir(root, { recursive: true }), mkdir(home)])
  const faults = createFaults()
  const log: GitRequest[] = []

  const answerOf = async (request: IncomingMessage, body: Buffer): Promise<ServerAnswer> => {
    const { auth } = options
    if (auth !== undefined && request.headers.authorization !== basic(auth)) {
      return { status: 401, headers: { 'www-authenticate': 'Basic realm="git"' }, body: 'authentication required' }
    }
    return runBackend(request, body, { ...options, root, home })
  }

  const server = createServer((request, response) => {
    void (async () => {
      const { method = '', url = '' } = request
      const body = await readBody(request)
      const answer = await answerOf(request, body)
      const entry = {
        method,
        path: url,
        headers: request.headers as Record<string, string>,
        body: body.toString('latin1'),
        status: undefined as number | undefined,
        answerBytes: Buffer.byteLength((answer.body ?? '') as Uint8Array),
      }
      log.push(entry)
      entry.status = await sendAnswer(response, answer, faults.take({ method, path: url }))
    })().catch(() => response.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const host = `127.0.0.1:${port}`
  const url = `http://${host}`

  return {
    url,
    host,
    port,
    log,
    clearLog() {
      log.length = 0
    },
    faults,
    root,
    home,
    async createRepository(name, repository = {}) {
      const made = await createGitRepository({ dir: path.join(root, `${name}.git`), home, ...repository })
      return { ...made, url: `${url}/${name}.git` }
    },
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
      await rm(base, { recursive: true, force: true })
    },
  }
}

function basic({ username, password }: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** One request by CGI: RFC 3875. */
async function runBackend(
  { method = '', url = '', headers }: IncomingMessage,
  body: Buffer,
  {
    root,
    home,
    protocol = 2,
    filter = true,
  }: { readonly root: string; readonly home: string } & Pick<GitServerOptions, 'protocol' | 'filter'>,
): Promise<ServerAnswer> {
  const [rawPath = '', query = ''] = url.split('?')
  const version = headers['git-protocol']
  const env = {
    ...gitEnv(home),
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    REQUEST_METHOD: method,
    PATH_INFO: decodeURIComponent(rawPath),
    QUERY_STRING: query,
    CONTENT_TYPE: headers['content-type'] ?? '',
    CONTENT_LENGTH: String(body.length),
    ...(headers['content-encoding'] === undefined ? {} : { HTTP_CONTENT_ENCODING: headers['content-encoding'] }),
    ...(protocol === 2 && version !== undefined ? { GIT_PROTOCOL: String(version) } : {}),
    GIT_CONFIG_COUNT: '2',
    GIT_CONFIG_KEY_0: 'uploadpack.allowFilter',
    GIT_CONFIG_VALUE_0: String(filter),
    GIT_CONFIG_KEY_1: 'protocol.version',
    GIT_CONFIG_VALUE_1: String(protocol),
  }
  const output = await new Promise<Buffer>((resolve, reject) => {
    const child = spawn('git', ['http-backend'], { env, stdio: ['pipe', 'pipe', 'ignore'] })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    // the backend may answer without having read the body
    child.stdin.on('error', () => undefined)
    child.on('error', reject)
    child.on('close', () => resolve(Buffer.concat(chunks)))
    child.stdin.end(body)
  })
  const end = output.indexOf('\r\n\r\n')
  if (end === -1) return { status: 500, body: 'git http-backend sent no header' }
  const lines = output.toString('latin1', 0, end).split('\r\n')
  const answered = Object.fromEntries(
    lines.map(line => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const { status = '200', ...rest } = answered
  return { status: Number.parseInt(status, 10), headers: rest, body: output.subarray(end + 4) }
}
