import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { IO } from './io.ts'
import { main } from './main.ts'

/** What the command did, for tests. */
export interface CliRun {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface CliRunOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly isTTY?: boolean
  readonly signal?: AbortSignal
}

/** Runs the command within this process. */
export async function runCli(argv: readonly string[], options: CliRunOptions): Promise<CliRun> {
  const { cwd, env = {}, stdin = '', isTTY = false, signal = new AbortController().signal } = options
  const written = { stdout: '', stderr: '' }
  const sink = (name: 'stdout' | 'stderr') => ({
    isTTY,
    write(text: string) {
      written[name] += text
    },
  })
  const io: IO = {
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    // nobody's credentials
    env: { HOME: cwd, ...env },
    cwd,
    signal,
    readStdin: async () => Buffer.from(stdin),
  }
  return { exitCode: await main(argv, io), ...written }
}

/** A directory with these files; `remove` takes it away. */
export function temporaryDirectory(files: Readonly<Record<string, string>> = {}): {
  readonly path: string
  write(files: Readonly<Record<string, string>>): void
  remove(): void
} {
  const root = mkdtempSync(path.join(tmpdir(), 'source-policy-'))
  const write = (added: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(added)) {
      mkdirSync(path.dirname(path.join(root, name)), { recursive: true })
      writeFileSync(path.join(root, name), text)
    }
  }
  write(files)
  return { path: root, write, remove: () => rmSync(root, { recursive: true }) }
}

/** A policy in the usual shape around `rules`. */
export function regoPolicy(rules: string): string {
  return `package docker\n\ndefault allow := false\n\nallow if input.local\n\n${rules}\n\ndecision := {"allow": allow, "deny_msg": deny_msg}\n\ndeny_msg contains "none" if false\n`
}
