import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type RunningRegistry, writeLogin } from './registries.ts'

const COMMAND = fileURLToPath(new URL('../../apps/cli/dist/source-policy.js', import.meta.url))

/** Images with the label of a tier, and what a build has of its own. */
const POLICY = `package docker

default allow := false

allow if input.local

allow if input.image.labels["org.example.tier"] == "gold"

decision := {"allow": allow}
`

export interface FoundByCommand {
  readonly exitCode: number
  readonly outcome: string
  /** Of the image. */
  readonly digest: string | undefined
  /** Why the image is undecided. */
  readonly codes: readonly string[]
  readonly requests: number
}

/** `source-policy check` of a Dockerfile with one image, as it is built, in a process of its own. */
export async function checkByCommand(options: {
  readonly registry: RunningRegistry
  readonly repository: string
  readonly platform: string
  readonly directory: string
  /** Whether what `docker login` leaves is there. */
  readonly login: boolean
}): Promise<FoundByCommand> {
  const { registry, repository, platform, directory, login } = options
  const context = path.join(directory, 'build')
  await mkdir(context, { recursive: true })
  await writeFile(path.join(context, 'Dockerfile'), `FROM ${registry.host}/${repository}:v1\n`)
  await writeFile(path.join(context, 'Dockerfile.rego'), POLICY)
  await writeLogin(directory, registry)
  const hosts = [registry.host, ...registry.helpers].flatMap(host => ['--allow-address', host])
  const ca = registry.certificates === undefined ? [] : ['--ca', path.join(registry.certificates, 'ca.crt')]
  const scheme = registry.http ? [] : ['--buildkitd-config', path.join(directory, 'buildkitd.toml')]
  await writeFile(path.join(directory, 'buildkitd.toml'), `[registry."${registry.host}"]\nhttp = ${registry.http}\n`)
  const argv = ['check', ...hosts, ...ca, ...scheme, '--platform', platform, '--format', 'json', context]
  const { exitCode, stdout, stderr } = await new Promise<{ exitCode: number; stdout: string; stderr: string }>(
    resolve => {
      const env = { PATH: process.env.PATH ?? '', DOCKER_CONFIG: login ? directory : path.join(directory, 'none') }
      execFile(process.execPath, [COMMAND, ...argv], { env, cwd: directory }, (error, out, err) =>
        resolve({ exitCode: error === null ? 0 : Number(error.code ?? 1), stdout: out, stderr: err }),
      )
    },
  )
  if (!stdout.startsWith('{')) throw new Error(`source-policy ${argv.join(' ')}: ${exitCode}: ${stderr}`)
  const { outcome, sources, usage } = JSON.parse(stdout) as {
    outcome: string
    sources: { kind: string; digest?: string; decision: { errors?: { code: string }[] } }[]
    usage?: { requests: number }
  }
  const image = sources.find(({ kind }) => kind === 'image')
  const codes = (image?.decision.errors ?? []).map(({ code }) => code)
  return { exitCode, outcome, digest: image?.digest, codes, requests: usage?.requests ?? 0 }
}
