import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** What a program wrote; throws with what it complained of where it fails. */
export async function run(program: string, args: readonly string[], options: { cwd?: string } = {}): Promise<string> {
  const { stdout } = await execute(program, args, { ...options, maxBuffer: 64 * 1024 ** 2 })
  return stdout
}

/** The programs of the list that cannot be started. */
export function missingPrograms(programs: readonly string[]): string[] {
  return programs.filter(program => spawnSync(program, ['--version']).error !== undefined)
}

/** A server in the foreground; resolves with the match of `ready` in what it logs. */
export function startServer(
  program: string,
  args: readonly string[],
  ready: RegExp,
): Promise<{ child: ChildProcess; match: RegExpExecArray }> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  return new Promise((resolve, reject) => {
    let log = ''
    const read = (part: Buffer) => {
      log = (log + part.toString()).slice(-100_000)
      const match = ready.exec(log)
      if (match !== null) resolve({ child, match })
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.on('error', reject)
    child.on('exit', code => reject(new Error(`${program} ended with ${code}: ${log.slice(-2000)}`)))
  })
}
