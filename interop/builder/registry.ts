import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'

/** Docker's own registry on loopback, in memory, and the requests in its log. */
export interface LoggedRegistry {
  readonly host: string
  /** `GET /v2/app/manifests/v1`, in the order in which they came; pings and pushes are not among them. */
  readonly log: readonly string[]
  clearLog(): void
  stop(): void
}

export async function startLoggedRegistry(directory: string): Promise<LoggedRegistry> {
  const config = path.join(directory, 'registry.yml')
  await writeFile(config, 'version: 0.1\nlog: {level: info}\nstorage: {inmemory: {}}\nhttp: {addr: "127.0.0.1:0"}\n')
  const child = spawn('docker-registry', ['serve', config], { stdio: ['ignore', 'pipe', 'pipe'] })
  let log: string[] = []
  // the access log goes to standard output, all else to standard error
  createInterface(child.stdout).on('line', line => {
    const request = /"((?:GET|HEAD) \/v2\/[^ "]+)/.exec(line)?.[1]
    if (request !== undefined && !request.endsWith('/v2/')) log.push(request)
  })
  const host = await new Promise<string>((resolve, reject) => {
    createInterface(child.stderr).on('line', line => {
      const port = /listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1]
      if (port !== undefined) resolve(`127.0.0.1:${port}`)
    })
    child.on('error', reject)
    child.on('exit', code => reject(new Error(`docker-registry ended with ${code}`)))
  })
  return {
    host,
    get log() {
      return log
    },
    clearLog() {
      log = []
    },
    stop: () => void child.kill(),
  }
}
