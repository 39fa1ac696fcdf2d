import { spawn } from 'node:child_process'
import path from 'node:path'
import { GitError } from './error.ts'
import { sayable } from './pkt-line.ts'

/** The git binary and what it may know of the world. */
export interface GitBinary {
  /** Default: `git`, found in the PATH of `env`. */
  readonly command?: string
  /**
   * PATH, HOME, SSH_AUTH_SOCK, GIT_SSH_COMMAND and GIT_SSH are taken from it, nothing else. Default: the environment of the process.
   */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Milliseconds that one command may take. Default: GIT_TIMEOUT_MS. */
  readonly timeoutMs?: number
}

export interface GitCommand {
  readonly args: readonly string[]
  /** Set besides what is taken from the binary's environment. */
  readonly env: Readonly<Record<string, string>>
  readonly input?: string
  readonly maxBytes: number
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Asked again and again while git runs; true ends it as `too_large`. */
  readonly isTooLarge?: () => Promise<boolean>
}

const inherited = ['PATH', 'HOME', 'SSH_AUTH_SOCK', 'GIT_SSH_COMMAND', 'GIT_SSH'] as const
/** Milliseconds between two looks at what a command has written. */
const WATCH_MS = 200
const MAX_COMPLAINT_BYTES = 16 * 1024

/** What git says, in its own language, where it was refused. */
const complaints: readonly (readonly [RegExp, GitError['code']])[] = [
  [
    /permission denied|authentication failed|host key verification failed|could not read (?:username|password)/i,
    'unauthorized',
  ],
  [/repository .*not (?:found|exported)|does not (?:exist|appear to be a git repository)/i, 'repository_not_found'],
  [/not our ref|couldn't find remote ref/i, 'object_missing'],
]

/** The environment that git is given of the operator's. */
export function inheritedEnv({ env = process.env }: GitBinary): Record<string, string> {
  return Object.fromEntries(inherited.flatMap(name => (env[name] === undefined ? [] : [[name, env[name]]])))
}

/**
 * What a git command prints. There is no shell, and no settings of the machine, the user or a repository but those given.
 * Throws `git_missing`, `git_failed`, `unauthorized`, `repository_not_found`, `object_missing`, `timeout`, `too_large`,
 * or the signal's reason.
 */
export async function runGit(binary: GitBinary, command: GitCommand): Promise<Buffer> {
  const { args, env, input = '', maxBytes, timeoutMs, signal, isTooLarge } = command
  signal.throwIfAborted()
  const what = `git ${args.find(arg => /^[a-z]/.test(arg)) ?? ''}`
  const child = spawn(binary.command ?? 'git', args, {
    env: {
      ...inheritedEnv(binary),
      LC_ALL: 'C',
      GIT_TERMINAL_PROMPT: '0',
      GIT_ASKPASS: 'true',
      SSH_ASKPASS_REQUIRE: 'never',
      ...env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
    // hostile: in a checkout git would take settings, and programs to run, from a repository that somebody put there
    cwd: path.parse(process.cwd()).root,
    // a group of its own, since git leaves the talking to other processes
    detached: true,
    windowsHide: true,
  })
  let failure: unknown
  const end = (reason: unknown) => {
    failure ??= reason
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // it ended by itself, or there are no groups of processes here
      child.kill('SIGKILL')
    }
  }
  const tooLarge = () => new GitError('too_large', `${what}: more than ${maxBytes} bytes`)
  const onAbort = () => end(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  const timer = setTimeout(() => end(new GitError('timeout', `${what}: took longer than ${timeoutMs} ms`)), timeoutMs)
  const watch =
    isTooLarge === undefined
      ? undefined
      : setInterval(() => void isTooLarge().then(over => over && end(tooLarge()), end), WATCH_MS)

  try {
    return await new Promise<Buffer>((resolve, reject) => {
      const output: Buffer[] = []
      let bytes = 0
      let complaint = Buffer.alloc(0)
      child.stdout.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > maxBytes) end(tooLarge())
        else output.push(chunk)
      })
      child.stderr.on('data', (chunk: Buffer) => {
        if (complaint.length < MAX_COMPLAINT_BYTES) complaint = Buffer.concat([complaint, chunk])
      })
      // git may be done before it has read its input
      child.stdin.on('error', () => undefined)
      child.stdin.end(input)
      child.on('error', cause => {
        const code = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'git_missing' : 'git_failed'
        reject(new GitError(code, `${what}: the git binary cannot be run`, { cause }))
      })
      child.on('close', status => {
        if (failure !== undefined) reject(failure)
        else if (status === 0) resolve(Buffer.concat(output))
        else reject(complained(what, status, complaint))
      })
    })
  } finally {
    clearTimeout(timer)
    clearInterval(watch)
    signal.removeEventListener('abort', onAbort)
  }
}

function complained(what: string, status: number | null, complaint: Uint8Array): GitError {
  const text = Buffer.from(complaint).toString('utf8')
  const code = complaints.find(([pattern]) => pattern.test(text))?.[1] ?? 'git_failed'
  return new GitError(code, `${what}: ended with ${status}: ${sayable(complaint)}`)
}
