import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startGitServer, startHTTPOrigin } from '@source-policy/testkit'
import { runCli } from '../../apps/cli/src/run-cli.ts'
import { type Finished, finish, startBuildKit } from '../builder/buildkit.ts'
import { startLoggedRegistry } from '../builder/registry.ts'
import { buildPeer } from '../peers.mjs'

/*
 * What `source-policy pin` writes, given to a real buildkitd after tags and branches have moved and files have changed: it builds what was
 * checked, or refuses.
 */

const base = await mkdtemp(path.join(tmpdir(), 'interop-pin-'))
const registry = await startLoggedRegistry(base)
const git = await startGitServer()
const origin = await startHTTPOrigin()
const buildkit = await startBuildKit(base, [registry.host])
const buildx = buildPeer('buildx')
const failures: string[] = []
let passed = 0

function expect(what: string, got: unknown, wanted: unknown): void {
  if (JSON.stringify(got) === JSON.stringify(wanted)) passed++
  else failures.push(`${what}: expected ${JSON.stringify(wanted)}, got ${JSON.stringify(got)}`)
}

async function pushImage(name: string, who: string, options: readonly string[] = []): Promise<void> {
  const context = path.join(base, 'images', name)
  await mkdir(context, { recursive: true })
  await writeFile(path.join(context, 'who'), who)
  await writeFile(path.join(context, 'Dockerfile'), 'FROM scratch\nCOPY who /who\n')
  const locals = ['--local', `context=${context}`, '--local', `dockerfile=${context}`]
  const output = ['--output', `type=image,name=${registry.host}/${name}:v1,push=true`]
  const { exitCode, stderr } = await buildkit.buildctl([
    'build',
    '--frontend',
    'dockerfile.v0',
    ...locals,
    ...options,
    ...output,
  ])
  if (exitCode !== 0) throw new Error(`building ${name}: ${stderr}`)
}

const both = ['--opt', 'platform=linux/amd64,linux/arm64']
async function makeWorld(who: string): Promise<void> {
  await pushImage('base', who)
  await pushImage('tools', who)
  await pushImage('multi', who, both)
  origin.setFile('/app.txt', who)
  await repository.commit({ files: { 'src/who': who, 'src/Dockerfile': 'FROM scratch\nCOPY who /base\n' } })
  const context = path.join(base, 'archive')
  await mkdir(context, { recursive: true })
  await writeFile(path.join(context, 'Dockerfile'), 'FROM scratch\nCOPY who /base\n')
  await writeFile(path.join(context, 'who'), who)
  origin.setFile('/context.tar.gz', execFileSync('tar', ['-C', context, '-czf', '-', '.']))
}

const files = ['base', 'tools', 'multi', 'context', 'app', 'tag/who', 'git/who'] as const
type Built = Partial<Record<(typeof files)[number], string>>

async function readBuilt(directory: string): Promise<Built> {
  const built: Built = {}
  for (const name of files) {
    const text = await readFile(path.join(directory, name), 'utf8').catch(() => undefined)
    if (text !== undefined) built[name] = text
  }
  return built
}

const ALLOW = 'package docker\n\ndefault allow := true\n\ndecision := {"allow": allow}\n'
let builds = 0
async function build(directory: string, policy: string | undefined, options: readonly string[] = []) {
  await buildkit.restart()
  const out = path.join(base, `out-${builds++}`)
  const locals = ['--local', `context=${directory}`, '--local', `dockerfile=${directory}`]
  const pins = policy === undefined ? [] : ['--source-policy-file', policy]
  const named = ['--opt', `context:lib=docker-image://${registry.host}/tools:v1`]
  const args = ['build', '--frontend', 'dockerfile.v0', ...locals, ...named, ...pins, ...options]
  const result = await buildkit.buildctl([...args, '--output', `type=local,dest=${out}`])
  return { ...result, built: await readBuilt(out) }
}

async function buildRemote(context: string, policy: string) {
  await buildkit.restart()
  const out = path.join(base, `out-${builds++}`)
  const args = ['build', '--frontend', 'dockerfile.v0', '--opt', `context=${context}`, '--source-policy-file', policy]
  const result = await buildkit.buildctl([...args, '--output', `type=local,dest=${out}`])
  return { ...result, built: await readBuilt(out) }
}

const refusal = ({ exitCode, stderr }: Finished) => {
  if (exitCode === 0) return 'built'
  if (/denied by policy/.test(stderr)) return 'denied'
  if (/digest mismatch/.test(stderr)) return 'mismatch'
  return stderr.slice(-600)
}

const repository = await git.createRepository('lib')
try {
  await makeWorld('one')
  await repository.tag('v1', { target: 'main', message: 'an annotated tag' })

  const project = path.join(base, 'project')
  await mkdir(project)
  const dockerfile = `FROM ${registry.host}/base:v1 AS base
FROM scratch
COPY --from=base /who /base
COPY --from=lib /who /tools
COPY --from=${registry.host}/multi:v1 /who /multi
COPY local /context
ADD ${origin.url}/app.txt /app
ADD ${repository.url}#v1:src /tag
ADD ${repository.url}#main:src /git
`
  await writeFile(path.join(project, 'Dockerfile'), dockerfile)
  await writeFile(path.join(project, 'Dockerfile.rego'), ALLOW)
  await writeFile(path.join(project, 'local'), 'local')
  const hosts = [registry.host, git.host, origin.host].flatMap(host => ['--allow-address', host])
  const network = [...hosts, '--insecure-registry', registry.host, '--insecure-registry', git.host]
  const contexts = ['--build-context', `lib=docker-image://${registry.host}/tools:v1`]
  const checked = await runCli(['check', ...network, ...contexts, '--pin-file', 'sources.json'], { cwd: project })
  if (checked.exitCode !== 0) throw new Error(`check: ${checked.stdout}${checked.stderr}`)
  const pins = path.join(project, 'sources.json')

  const one: Built = {
    base: 'one',
    tools: 'one',
    multi: 'one',
    context: 'local',
    app: 'one',
    'tag/who': 'one',
    'git/who': 'one',
  }
  const before = await build(project, pins)
  expect('as it was checked', [refusal(before), before.built], ['built', one])

  await makeWorld('two')
  await repository.git(['update-ref', 'refs/tags/v1', 'refs/heads/main'])
  const unpinned = await build(project, undefined)
  expect('without pins what moved is built', unpinned.built.base, 'two')
  const changed = await build(project, pins)
  expect('a file that changed', refusal(changed), 'mismatch')

  origin.setFile('/app.txt', 'one')
  const moved = await build(project, pins)
  expect('after tags and branches have moved', [refusal(moved), moved.built], ['built', one])

  const env = {
    PATH: process.env.PATH,
    HOME: path.join(base, 'home'),
    BUILDX_CONFIG: path.join(base, 'buildx'),
    EXPERIMENTAL_BUILDKIT_SOURCE_POLICY: pins,
  }
  await mkdir(env.HOME)
  await finish(buildx, ['create', '--name', 'peer', '--driver', 'remote', buildkit.address], { env })
  await buildkit.restart()
  const out = path.join(base, 'out-buildx')
  // no policy of buildx: the file alone is to hold
  const flags = ['--builder', 'peer', '--policy', 'disabled=true', ...contexts, '--output', `type=local,dest=${out}`]
  const byBuildx = await finish(buildx, ['build', ...flags, '.'], { cwd: project, env })
  expect('docker buildx with the file', [refusal(byBuildx), await readBuilt(out)], ['built', one])

  const elsewhere: readonly (readonly [string, string])[] = [
    ['another image', `FROM ${registry.host}/tools:v1\n`],
    ['an image by another digest', `FROM ${registry.host}/base:v1@sha256:${'0'.repeat(64)}\n`],
    ['another file', `FROM scratch\nADD ${origin.url}/other.txt /\n`],
    ['another branch', `FROM scratch\nADD ${repository.url}#other /\n`],
    ['another directory of a branch', `FROM scratch\nADD ${repository.url}#main /\n`],
    ['a frontend', `# syntax=${registry.host}/base:v2\nFROM scratch\n`],
  ]
  for (const [what, text] of elsewhere) {
    const other = path.join(base, 'other')
    await mkdir(other, { recursive: true })
    await writeFile(path.join(other, 'Dockerfile'), text.replace('tools:v1', 'multi:v2'))
    expect(what, refusal(await build(other, pins)), 'denied')
  }

  // the context itself is a source: of git it stays what it was, of a server that has only the new one it is refused
  await repository.git(['update-ref', 'refs/tags/v1', 'refs/heads/main'])
  for (const [context, moved] of [
    [`${repository.url}#v1:src`, 'built'],
    [`${origin.url}/context.tar.gz`, 'mismatch'],
  ] as const) {
    const remote = path.join(base, `remote-${moved}`)
    await mkdir(remote)
    await writeFile(path.join(remote, 'org.rego'), ALLOW)
    const policy = ['--policy', 'filename=cwd://org.rego']
    const pinned = await runCli(['pin', ...network, ...policy, '-o', 'sources.json', context], { cwd: remote })
    if (pinned.exitCode !== 0) throw new Error(`pin ${context}: ${pinned.stderr}`)
    const file = path.join(remote, 'sources.json')
    const first = await buildRemote(context, file)
    expect(`${context} as it was checked`, [refusal(first), first.built.base], ['built', 'two'])
    await makeWorld('two and a half')
    await repository.git(['update-ref', 'refs/tags/v1', 'refs/heads/main'])
    const later = await buildRemote(context, file)
    expect(`${context} after it has changed`, refusal(later), moved)
    if (moved === 'built') expect('is what was checked', later.built.base, 'two')
    await makeWorld('two')
    await repository.git(['update-ref', 'refs/tags/v1', 'refs/heads/main'])
  }

  const platforms = path.join(base, 'platforms')
  await mkdir(platforms)
  await writeFile(path.join(platforms, 'Dockerfile'), `FROM ${registry.host}/multi:v1\n`)
  await writeFile(path.join(platforms, 'Dockerfile.rego'), ALLOW)
  const flagged = ['pin', ...network, '--platform', 'linux/amd64,linux/arm64', '-o', 'sources.json']
  const pinned = await runCli(flagged, { cwd: platforms })
  if (pinned.exitCode !== 0) throw new Error(`pin: ${pinned.stderr}`)
  await makeWorld('three')
  const many = await build(platforms, path.join(platforms, 'sources.json'), both)
  const whoOf = async (platform: string) =>
    readFile(path.join(base, `out-${builds - 1}`, platform, 'who'), 'utf8').catch(() => undefined)
  expect(
    'each platform of an index',
    [refusal(many), await whoOf('linux_amd64'), await whoOf('linux_arm64')],
    ['built', 'two', 'two'],
  )

  const rewritten = await runCli(['pin', ...network, '--rewrite'], { cwd: platforms })
  expect('pin --rewrite', rewritten.exitCode, 0)
  await makeWorld('four')
  const byText = await build(platforms, undefined, both)
  expect('a Dockerfile with digests', [refusal(byText), await whoOf('linux_amd64')], ['built', 'three'])

  for (const failure of failures) console.error(failure)
  console.log(`${passed} passed, ${failures.length} failed, 0 skipped`)
  process.exitCode = failures.length === 0 && passed > 0 ? 0 : 1
} finally {
  await buildkit.stop()
  registry.stop()
  await Promise.all([git.close(), origin.close()])
  await rm(base, { recursive: true, force: true })
}
