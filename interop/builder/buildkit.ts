import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { buildPeer } from '../peers.mjs'

/** What a program printed, and how it ended. */
export interface Finished {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end, whatever that is. */
export function finish(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly stdin?: string } = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const { stdin, ...rest } = options
    const settings = { ...rest, timeout: 120_000, maxBuffer: 64 * 1024 ** 2 }
    const child = execFile(program, args, settings, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error)
      else resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr })
    })
    child.stdin?.end(stdin ?? '')
  })
}

/** A real buildkitd on a socket of its own, which takes the registries for insecure ones. */
export interface BuildKit {
  /** `unix:///...` */
  readonly address: string
  buildctl(args: readonly string[], options?: { readonly cwd?: string }): Promise<Finished>
  /** Starts again with nothing in its caches. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export async function startBuildKit(directory: string, registries: readonly string[]): Promise<BuildKit> {
  const [daemon, client] = [buildPeer('buildkitd'), buildPeer('buildctl')]
  const root = path.join(directory, 'buildkit')
  const socket = path.join(directory, 'buildkitd.sock')
  const config = path.join(directory, 'buildkitd.toml')
  await writeFile(
    config,
    `${[
      `root = ${JSON.stringify(root)}`,
      `[grpc]\naddress = [${JSON.stringify(`unix://${socket}`)}]`,
      '[worker.oci]\nenabled = true\nbinary = "runc"\nnetworkMode = "host"\ngc = false',
      '[worker.containerd]\nenabled = false',
      ...registries.map(host => `[registry.${JSON.stringify(host)}]\nhttp = true`),
    ].join('\n')}\n`,
  )
  let child: ChildProcess | undefined

  async function start(): Promise<void> {
    await mkdir(root, { recursive: true })
    let log = ''
    const started = spawn(daemon, ['--config', config], { stdio: ['ignore', 'ignore', 'pipe'] })
    started.stderr.on('data', part => {
      log = (log + String(part)).slice(-4000)
    })
    child = started
    for (let attempt = 0; attempt < 400; attempt++) {
      if (started.exitCode !== null) break
      if (await answers(socket)) return
      await setTimeout(50)
    }
    throw new Error(`buildkitd did not start: ${log}`)
  }

  async function stop(): Promise<void> {
    const running = child
    child = undefined
    if (running !== undefined && running.exitCode === null) {
      await new Promise(resolve => {
        running.on('exit', resolve)
        running.kill()
      })
    }
    await rm(root, { recursive: true, force: true })
  }

  await start()
  return {
    address: `unix://${socket}`,
    buildctl: (args, options) => finish(client, ['--addr', `unix://${socket}`, ...args], options),
    async restart() {
      await stop()
      await start()
    },
    stop,
  }
}

function answers(socket: string): Promise<boolean> {
  return new Promise(resolve => {
    const connection = connect(socket)
    connection.on('connect', () => {
      connection.destroy()
      resolve(true)
    })
    connection.on('error', () => resolve(false))
  })
}
