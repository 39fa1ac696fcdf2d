import { execFile, spawn, spawnSync } from 'node:child_process'
import { access } from 'node:fs/promises'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** What a program wrote; throws with what it complained of where it fails. */
export async function run(
  program: string,
  args: readonly string[],
  { env = {} }: { readonly env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const { stdout } = await execute(program, args, { env: { ...process.env, ...env }, maxBuffer: 64 * 1024 ** 2 })
  return stdout
}

/** The status that a program ends with, and what it says to standard error. */
export function outcomeOf(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input?: string | Uint8Array,
): { readonly status: number | null; readonly complaint: string } {
  const { status, stderr } = spawnSync(program, args, {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'ignore', 'pipe'],
    ...(input !== undefined && { input }),
  })
  return { status, complaint: stderr?.toString() ?? '' }
}

/** The programs of the list that cannot be started. */
export function missingPrograms(programs: readonly string[]): string[] {
  return programs.filter(program => spawnSync(program, ['--help'], { stdio: 'ignore' }).error !== undefined)
}

/** A server in the foreground with all that it starts; resolves when it listens. */
export async function startServer(
  program: string,
  args: readonly string[],
  at: { readonly port: number } | { readonly socket: string },
): Promise<{ stop(): Promise<void> }> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
  let log = ''
  let ended = false
  child.stderr.on('data', (part: Buffer) => {
    log = (log + part.toString()).slice(-10_000)
  })
  const closed = new Promise<void>(resolve => {
    child.on('error', error => {
      log += String(error)
      ended = true
      resolve()
    })
    child.on('exit', () => {
      ended = true
      resolve()
    })
  })
  for (let attempt = 0; !(await listens(at)); attempt++) {
    if (ended || attempt > 100) throw new Error(`${program} does not listen: ${log}`)
    await delay(50)
  }
  return {
    async stop() {
      if (child.pid !== undefined && !ended) process.kill(-child.pid, 'SIGTERM')
      await closed
    },
  }
}

async function listens(at: { readonly port: number } | { readonly socket: string }): Promise<boolean> {
  if ('socket' in at)
    return access(at.socket).then(
      () => true,
      () => false,
    )
  return new Promise(resolve => {
    const socket = connect(at.port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
