import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { buildPeer } from '../../interop/peers.mjs'

/** A program that speaks JSON lines: one answer for each request, in order. */
export interface Peer {
  readonly name: string
  ask<T>(request: object): Promise<T>
  close(): void
}

/** Starts a peer, building it where that was not done yet. */
export function startPeer(name: string): Peer {
  const child = spawn(buildPeer(name), { stdio: ['pipe', 'pipe', 'inherit'] })
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
