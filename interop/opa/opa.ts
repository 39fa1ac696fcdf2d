import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { buildPeer } from '../peers.mjs'

export interface Problem {
  readonly code: string
  readonly message: string
  readonly text: string
}

/** What the real OPA found. Lines are kept as texts: their numbers have digits that doubles have not. */
export interface OPA {
  ask(request: object): Promise<string>
  close(): void
}

/** Starts the real OPA, v1.14.1; answers come in the order of the questions. */
export function startOPA(): OPA {
  const peer = spawn(buildPeer('opa'), { stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = []
  createInterface({ input: peer.stdout }).on('line', line => waiting.shift()?.resolve(line))
  peer.on('exit', code => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`opa ended with ${code}`))
  })
  return {
    ask: request =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject })
        peer.stdin.write(`${JSON.stringify(request)}\n`)
      }),
    close: () => peer.stdin.end(),
  }
}
