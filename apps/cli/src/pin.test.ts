import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { digestOf } from '@source-policy/oci'
import {
  buildImage,
  buildIndex,
  type GitServer,
  type HTTPOrigin,
  type Registry,
  startGitServer,
  startHTTPOrigin,
  startRegistry,
} from '@source-policy/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { BuildKitPolicy } from './pin/closed-policy.ts'
import { applyStatically } from './pin/testing/static-policy.ts'
import { regoPolicy, runCli, temporaryDirectory } from './run-cli.ts'

type Files = Readonly<Record<string, string>>

const ALLOW = 'package docker\n\ndefault allow := true\n\ndecision := {"allow": allow}\n'
const DENY = 'package docker\n\ndecision := {"allow": false, "deny_msg": ["never"]}\n'
const amd64 = buildImage({ labels: { a: 'b' } })
const arm64 = buildImage({ platform: { os: 'linux', architecture: 'arm64' } })
const index = buildIndex([amd64, arm64])
const FILE = 'content of a file'
const checksum = digestOf(Buffer.from(FILE))

let registry: Registry
let origin: HTTPOrigin
let git: GitServer
let repository: string
let commit: string
beforeAll(async () => {
  registry = await startRegistry()
  origin = await startHTTPOrigin({ files: { '/x': FILE, '/y': FILE } })
  git = await startGitServer()
  const served = await git.createRepository('r')
  commit = await served.commit({ files: { 'sub/f': 'x' } })
  await served.tag('v1', { target: commit, message: 'annotated' })
  repository = served.url
})
beforeEach(() => {
  registry.push('multi', index, '1')
  registry.push('single', amd64, '1')
  registry.push('docker/dockerfile', amd64, '1')
})
afterAll(async () => {
  await registry.close()
  await origin.close()
  await git.close()
})

interface Run {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** Files as they were afterwards. */
  read(file: string): string | undefined
}

async function run(
  argv: readonly string[],
  files: Files,
  { prepare, ...options }: { stdin?: string; prepare?: (root: string) => void } = {},
): Promise<Run> {
  const directory = temporaryDirectory(files)
  prepare?.(directory.path)
  const addresses = [registry, origin, git].flatMap(({ host }) => ['--allow-address', host])
  const [command = '', ...flags] = argv
  const all = [command, ...addresses, '--insecure-registry', git.host, '--platform', 'linux/amd64', ...flags]
  const ended = await runCli(all, { cwd: directory.path, ...options })
  const contents = new Map<string, string>()
  for (const file of [...Object.keys(files), 'sources.json']) {
    const whole = path.join(directory.path, file)
    if (existsSync(whole)) contents.set(file, readFileSync(whole, 'utf8'))
  }
  directory.remove()
  return { ...ended, read: file => contents.get(file) }
}

const everything = () => `FROM ${registry.host}/multi:1 AS base
COPY --from=${registry.host}/single:1 / /single
RUN --mount=type=bind,from=${registry.host}/single:1,target=/x true
ADD ${origin.url}/x /x
ADD ${repository}#v1:sub /sub
COPY . /
`

describe('pin', () => {
  it('prints a policy that allows what was decided and nothing else', async () => {
    const { exitCode, stdout, stderr } = await run(['pin'], { Dockerfile: everything(), 'Dockerfile.rego': ALLOW })
    expect(exitCode, stderr).toBe(0)
    const policy = JSON.parse(stdout) as BuildKitPolicy
    const under = (identifier: string, attrs = {}) => applyStatically(policy, { identifier, attrs })
    const multi = `docker-image://${registry.host}/multi:1`
    // that of the index: it holds for each platform
    expect(under(multi)?.identifier).toBe(`${multi}@${index.digest}`)
    expect(under(`${multi}@${index.digest}`)?.identifier).toBe(`${multi}@${index.digest}`)
    expect(under(`docker-image://${registry.host}/single:1`)?.identifier).toContain(`@${amd64.digest}`)
    expect(under(`${origin.url}/x`)?.attrs).toEqual({ 'http.checksum': checksum })
    const fullurl = { 'git.fullurl': repository }
    expect(under(`git://${git.host}/r.git#v1:sub`, fullurl)).toEqual({
      identifier: `git://${git.host}/r.git#${commit}:sub`,
      attrs: { ...fullurl, 'git.checksum': commit },
    })
    for (const name of ['local://context', 'local://dockerfile']) expect(under(name)?.identifier).toBe(name)
    for (const name of [`docker-image://${registry.host}/other:1`, `${origin.url}/y`, 'local://other']) {
      expect(under(name)).toBeUndefined()
    }
  })

  it('asks again for nothing that a policy asked for', async () => {
    registry.clearLog()
    const rules = regoPolicy('allow if input.image.checksum')
    const { exitCode } = await run(['pin'], { Dockerfile: `FROM ${registry.host}/multi:1\n`, 'Dockerfile.rego': rules })
    expect(exitCode).toBe(0)
    const asked = registry.contentRequests().map(({ method, path }) => `${method} ${path}`)
    expect(asked).toEqual([...new Set(asked)])
  })

  it('follows pins of policies, and named contexts', async () => {
    const pinned = buildImage({ labels: { pinned: 'yes' } })
    registry.push('multi', pinned)
    const repo = `${registry.host}/multi`
    const rules = regoPolicy(
      `allow if {\n\tinput.image.repo == "${repo}"\n\tpin_image(input.image, "${pinned.digest}")\n}\n\nallow if input.image.repo != "${repo}"`,
    )
    const flags = ['--build-context', `lib=docker-image://${registry.host}/single:1`, '--build-context', 'dir=.']
    const { exitCode, stdout, stderr } = await run(['pin', ...flags], {
      Dockerfile: `FROM ${repo}:1\nCOPY --from=lib / /\nCOPY --from=dir / /\n`,
      'Dockerfile.rego': rules,
    })
    expect(exitCode, stderr).toBe(0)
    const policy = JSON.parse(stdout) as BuildKitPolicy
    const under = (identifier: string) => applyStatically(policy, { identifier, attrs: {} })?.identifier
    expect(under(`docker-image://${repo}:1`)).toContain(`@${pinned.digest}`)
    expect(under(`docker-image://${registry.host}/single:1`)).toContain(`@${amd64.digest}`)
    expect(under('local://dir')).toBe('local://dir')
  })

  it('writes nothing where something is not allowed', async () => {
    const files = { Dockerfile: everything(), 'Dockerfile.rego': DENY }
    const printed = await run(['pin'], files)
    expect({ exitCode: printed.exitCode, stdout: printed.stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(printed.stderr).toContain('never')
    const written = await run(['pin', '-o', 'sources.json'], files)
    expect({ exitCode: written.exitCode, file: written.read('sources.json') }).toEqual({ exitCode: 1, file: undefined })
    const undecided = await run(['pin'], {
      Dockerfile: '# syntax=example.com/f:1\nFROM scratch\n',
      'Dockerfile.rego': ALLOW,
    })
    expect({ exitCode: undecided.exitCode, stdout: undecided.stdout }).toEqual({ exitCode: 3, stdout: '' })
  })

  it('stands in a file beside a report', async () => {
    const files = { Dockerfile: everything(), 'Dockerfile.rego': ALLOW }
    const { exitCode, stdout, read } = await run(['check', '--pin-file', 'sources.json'], files)
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^allowed: /m)
    expect(read('sources.json')).toBe((await run(['pin'], files)).stdout)
    const denied = await run(['check', '--pin-file', 'sources.json'], { ...files, 'Dockerfile.rego': DENY })
    expect({ exitCode: denied.exitCode, file: denied.read('sources.json') }).toEqual({ exitCode: 1, file: undefined })
  })

  it('covers all targets of a bake file', async () => {
    const bake = { target: { default: { contexts: { b: 'target:b' } }, b: { dockerfile: 'b.Dockerfile' } } }
    const { exitCode, stdout, stderr } = await run(['pin', '--bake', 'docker-bake.json'], {
      'docker-bake.json': JSON.stringify(bake),
      Dockerfile: 'FROM b\n',
      'b.Dockerfile': `FROM ${registry.host}/multi:1\n`,
      'Dockerfile.rego': ALLOW,
      'b.Dockerfile.rego': ALLOW,
    })
    expect(exitCode, stderr).toBe(0)
    expect(stdout).toContain(index.digest)
  })

  it('does not repeat a secret', async () => {
    const secret = `FROM scratch\nADD ${origin.url.replace('//', '//user:hunter2@')}/x /\n`
    const { exitCode, stdout, stderr } = await run(['pin'], { Dockerfile: secret, 'Dockerfile.rego': ALLOW })
    expect(exitCode).toBe(2)
    expect(stdout + stderr).not.toContain('hunter2')
  })
})

describe('pin --rewrite', () => {
  it('puts digests and commits where the names stand, so that the next check finds the same', async () => {
    const files = { Dockerfile: everything(), 'Dockerfile.rego': ALLOW }
    const { exitCode, stdout, stderr, read } = await run(['pin', '--rewrite'], files)
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 0, stdout: '' })
    const rewritten = read('Dockerfile') ?? ''
    expect(rewritten).toBe(
      `FROM ${registry.host}/multi:1@${index.digest} AS base
COPY --from=${registry.host}/single:1@${amd64.digest} / /single
RUN --mount=type=bind,from=${registry.host}/single:1@${amd64.digest},target=/x true
ADD --checksum=${checksum} ${origin.url}/x /x
ADD ${repository}#${commit}:sub /sub
COPY . /
`,
    )
    expect(stderr).toContain(`Dockerfile:4:1: ADD -> ADD --checksum=${checksum}`)
    const again = await run(['pin', '--rewrite'], { ...files, Dockerfile: rewritten })
    expect({ exitCode: again.exitCode, stderr: again.stderr, text: again.read('Dockerfile') }).toEqual({
      exitCode: 0,
      stderr: '',
      text: rewritten,
    })
    // the tag has moved: the check is still of what was pinned
    registry.push('multi', buildImage({ labels: { moved: 'yes' } }), '1')
    const checked = await run(['check', '--format', 'json'], {
      Dockerfile: rewritten,
      'Dockerfile.rego': regoPolicy(
        `allow if input.image.checksum\n\nallow if input.http.checksum == "${checksum}"\n\nallow if input.git.commitChecksum == "${commit}"`,
      ),
    })
    expect(checked.exitCode, checked.stdout).toBe(0)
    expect(checked.stdout).toContain(index.digest)
  })

  it('changes nothing where not all can be pinned, and says where', async () => {
    const text = `ARG V=1\nFROM ${registry.host}/multi:$V\nCOPY --from=${registry.host}/single:1 / /\n`
    const { exitCode, stderr, read } = await run(['pin', '--rewrite'], { Dockerfile: text, 'Dockerfile.rego': ALLOW })
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/^error: Dockerfile:2:6: \S+\/multi:1: "\S+\$V" does not spell it out$/m)
    expect(read('Dockerfile')).toBe(text)
  })

  it('changes nothing where something is not allowed', async () => {
    const { exitCode, read } = await run(['pin', '--rewrite'], { Dockerfile: everything(), 'Dockerfile.rego': DENY })
    expect({ exitCode, text: read('Dockerfile') }).toEqual({ exitCode: 1, text: everything() })
  })

  it('prints a Dockerfile that came by standard input', async () => {
    const flags = ['pin', '--rewrite', '-f', '-', '--policy', 'filename=cwd://org.rego']
    const { stdout } = await run(flags, { 'org.rego': ALLOW }, { stdin: `FROM ${registry.host}/multi:1\n` })
    expect(stdout).toBe(`FROM ${registry.host}/multi:1@${index.digest}\n`)
  })

  it('rewrites each Dockerfile of a bake file once', async () => {
    const bake = {
      group: { default: { targets: ['a', 'b', 'c'] } },
      target: { a: {}, b: {}, c: { dockerfile: 'c.Dockerfile' } },
    }
    const { exitCode, stderr, read } = await run(['pin', '--rewrite', '--bake', 'docker-bake.json'], {
      'docker-bake.json': JSON.stringify(bake),
      Dockerfile: `FROM ${registry.host}/multi:1\n`,
      'c.Dockerfile': `FROM ${registry.host}/single:1\n`,
      'Dockerfile.rego': ALLOW,
      'c.Dockerfile.rego': ALLOW,
    })
    expect(exitCode, stderr).toBe(0)
    expect(read('Dockerfile')).toBe(`FROM ${registry.host}/multi:1@${index.digest}\n`)
    expect(read('c.Dockerfile')).toBe(`FROM ${registry.host}/single:1@${amd64.digest}\n`)
  })

  it('rewrites the file that the build finds by a link', async () => {
    const files = {
      'sub/real/Dockerfile': `FROM ${registry.host}/multi:1\n`,
      'real/Dockerfile': 'not of the build',
      'org.rego': ALLOW,
    }
    const prepare = (root: string) => symlinkSync('../real/Dockerfile', path.join(root, 'sub/Dockerfile'))
    const flags = ['pin', '--rewrite', '-f', 'sub/Dockerfile', '--policy', 'filename=cwd://org.rego']
    const { exitCode, stderr, read } = await run(flags, files, { prepare })
    expect(exitCode, stderr).toBe(0)
    expect(read('sub/real/Dockerfile')).toBe(`FROM ${registry.host}/multi:1@${index.digest}\n`)
    expect(read('real/Dockerfile')).toBe('not of the build')
  })

  it('does not rewrite what lies elsewhere', async () => {
    const served = await git.createRepository('remote')
    await served.commit({ files: { Dockerfile: 'FROM scratch\nCOPY . /\n', 'Dockerfile.rego': ALLOW } })
    const { exitCode, stderr } = await run(['pin', '--rewrite', served.url], {})
    expect({ exitCode, isTold: stderr.includes('no file of this machine') }).toEqual({ exitCode: 2, isTold: true })
    expect((await run(['pin', '--rewrite', '-o', 'x'], {})).exitCode).toBe(2)
  })
})
