import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'

/** A program that speaks JSON lines: one answer for each request, in order. */
export interface Peer {
  readonly name: string
  ask<T>(request: object): Promise<T>
  close(): void
}

const cache = path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'source-policy', 'peers')

/** Starts a peer that `npm run peers` built. */
export function startPeer(name: string): Peer {
  const file = path.join(cache, name)
  if (!existsSync(file)) throw new Error(`no peer ${file}: build it with npm run peers`)
  const child = spawn(file, { stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting: ((line: string) => void)[] = []
  createInterface({ input: child.stdout }).on('line', line => waiting.shift()?.(line))
  child.on('exit', code => {
    for (const answer of waiting) answer(JSON.stringify({ error: `ended with ${code}` }))
  })
  return {
    name,
    async ask<T>(request: object) {
      const line = await new Promise<string>(resolve => {
        waiting.push(resolve)
        child.stdin.write(`${JSON.stringify(request)}\n`)
      })
      const answer = JSON.parse(line) as T & { error?: string }
      if (answer.error !== undefined) throw new Error(`${name}: ${answer.error}`)
      return answer
    },
    close: () => child.stdin.end(),
  }
}
