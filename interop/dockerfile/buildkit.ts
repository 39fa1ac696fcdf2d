import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Case, ImageConfig, Outcome } from './case.ts'
import { sourceLine } from './source-line.ts'

interface Answer {
  readonly sources?: readonly { identifier: string; attrs?: Record<string, string>; platform?: string }[]
  readonly refused?: string
}

export interface BuildKit {
  /** What BuildKit's frontend fetches. */
  ask(build: Case): Promise<Outcome>
  close(): void
}

/** Milliseconds for one build: an image whose trigger copies from that image keeps BuildKit busy for ever. */
const TIMEOUT_MS = 10_000

/** The program around BuildKit's frontend, started anew where a build does not end. */
export function startBuildKit(program: string): BuildKit {
  let running = startProgram(program)
  return {
    async ask(build) {
      const timer = setTimeout(() => running.kill(), TIMEOUT_MS)
      try {
        return outcomeOf(JSON.parse(await running.ask(JSON.stringify(requestOf(build)))) as Answer)
      } catch (error) {
        if (!running.wasKilled()) throw error
        running = startProgram(program)
        return { refused: `the build does not end within ${TIMEOUT_MS} ms` }
      } finally {
        clearTimeout(timer)
      }
    },
    close: () => running.end(),
  }
}

/** Asks a program line by line. */
function startProgram(program: string) {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = []
  let killed = false
  createInterface({ input: child.stdout }).on('line', line => waiting.shift()?.resolve(line))
  child.on('exit', code => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`the frontend ended with ${code}`))
  })
  return {
    ask: (line: string) =>
      new Promise<string>((resolve, reject) => {
        waiting.push({ resolve, reject })
        child.stdin.write(`${line}\n`)
      }),
    kill() {
      killed = true
      child.kill('SIGKILL')
    },
    wasKilled: () => killed,
    end: () => void child.stdin.end(),
  }
}

function outcomeOf({ sources = [], refused }: Answer): Outcome {
  if (refused !== undefined) return { refused }
  const lines = sources.map(({ identifier, attrs, platform }) => sourceLine(identifier, attrs, platform))
  return { sources: [...new Set(lines)].sort() }
}

function requestOf({ dockerfile, options = {} }: Case): object {
  const opts: Record<string, string> = {}
  for (const [name, value] of Object.entries(options.buildArgs ?? {})) opts[`build-arg:${name}`] = value
  for (const [name, value] of Object.entries(options.contexts ?? {})) opts[`context:${name}`] = value
  if (options.target !== undefined) opts.target = options.target
  if (options.platforms !== undefined) opts.platform = options.platforms.join(',')
  if (options.context !== undefined) opts.context = options.context
  if (options.localDockerfile === true) opts.dockerfilekey = 'dockerfile'
  if (options.sbomGenerator !== undefined) opts['attest:sbom'] = `generator=${options.sbomGenerator}`
  const configs = Object.entries(options.configs ?? {}).map(([ref, config]) => [ref, imageConfig(config)])
  return {
    dockerfile,
    opts,
    buildPlatform: options.buildPlatform ?? 'linux/amd64',
    configs: Object.fromEntries(configs),
    ownDockerignore: options.ownDockerignore ?? false,
  }
}

function imageConfig({ env, onbuild, workingDir }: ImageConfig): object {
  return {
    os: 'linux',
    architecture: 'amd64',
    config: { Env: env, OnBuild: onbuild, WorkingDir: workingDir, Cmd: ['/bin/true'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${'0'.repeat(64)}`] },
  }
}
