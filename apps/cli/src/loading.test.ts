import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { digestOf } from '@source-policy/oci'
import {
  buildArtifact,
  buildImage,
  type GitServer,
  type HTTPOrigin,
  type Registry,
  startGitServer,
  startHTTPOrigin,
  startRegistry,
} from '@source-policy/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli, temporaryDirectory } from './run-cli.ts'

type Files = Readonly<Record<string, string>>

const ALLOW = 'package docker\n\ndecision := {"allow": true}\n'
const DENY = 'package docker\n\ndecision := {"allow": false, "deny_msg": ["never"]}\n'
/** Imports a module, and reads a file. */
const IMPORTS = 'package docker\n\nimport data.rules.lib\n\ndecision := {"allow": lib.ok}\n'
const READS =
  'package docker\n\ndefault allow := false\n\nallow if load_json("settings.json").ok\n\ndecision := {"allow": allow}\n'
const LIB = 'package rules.lib\n\nok := true\n'

let git: GitServer
let origin: HTTPOrigin
let registry: Registry
beforeAll(async () => {
  git = await startGitServer()
  origin = await startHTTPOrigin()
  registry = await startRegistry()
  registry.push('base', buildImage(), '1')
})
afterAll(async () => {
  await git.close()
  await origin.close()
  await registry.close()
})

interface Run {
  readonly files?: Files
  readonly stdin?: string
  readonly prepare?: (root: string) => void
}

async function check(flags: readonly string[], { files = {}, prepare, ...options }: Run = {}) {
  const directory = temporaryDirectory(files)
  prepare?.(directory.path)
  const addresses = [git, origin, registry].flatMap(({ host }) => ['--allow-address', host])
  const all = ['check', ...addresses, '--insecure-registry', git.host, '--platform', 'linux/amd64', ...flags]
  const run = await runCli(all, { cwd: directory.path, ...options })
  directory.remove()
  return run
}

let made = 0
/** URL of a repository whose branch main has these files. */
async function repository(files: Files): Promise<string> {
  const served = await git.createRepository(`r${made++}`)
  await served.commit({ files })
  return served.url
}

function tar(files: Files, prepare?: (root: string) => void): Buffer {
  const directory = temporaryDirectory(files)
  prepare?.(directory.path)
  const bytes = execFileSync('tar', ['-C', directory.path, '-cf', '-', '.'])
  directory.remove()
  return bytes
}

/** URL of a download. */
function served(name: string, bytes: Uint8Array | string): string {
  const file = `/${made++}/${name}`
  origin.setFile(file, bytes)
  return `${origin.url}${file}`
}

const remotes: readonly [string, (files: Files) => Promise<string> | string][] = [
  ['a git repository', repository],
  ['an archive', files => served('context.tar', tar(files))],
  ['a compressed archive', files => served('context.tar.gz', gzipSync(tar(files)))],
]

describe.each(remotes)('%s as build context', (_, serve) => {
  const local: Files = { Dockerfile: 'FROM missing.example.com/local\n', 'Dockerfile.rego': DENY }
  const from = 'FROM scratch\nCOPY . /\n'

  it('has its own Dockerfile and policy, whatever lies in the working directory', async () => {
    const url = await serve({ Dockerfile: from, 'Dockerfile.rego': ALLOW })
    const { exitCode, stdout } = await check([url], { files: local })
    expect(exitCode, stdout).toBe(0)
    expect(stdout).toContain('Dockerfile.rego: 1 source of Dockerfile')
    expect((await check([url], { files: { ...local, 'Dockerfile.rego': 'nonsense' } })).exitCode).toBe(0)
  })

  it('is denied by its own policy', async () => {
    const url = await serve({ Dockerfile: from, 'Dockerfile.rego': DENY })
    const { exitCode, stdout } = await check([url])
    expect({ exitCode, isTold: stdout.includes('never') }).toEqual({ exitCode: 1, isTold: true })
  })

  it('without a policy needs one, and that of the working directory is none', async () => {
    const url = await serve({ Dockerfile: from })
    const { exitCode, stderr } = await check([url], { files: { 'Dockerfile.rego': ALLOW } })
    expect({ exitCode, isTold: stderr.includes('no policy') }).toEqual({ exitCode: 2, isTold: true })
  })

  it.each<[number, string, Files, readonly string[]]>([
    [0, 'a Dockerfile below', { 'sub/x.Dockerfile': from, 'sub/x.Dockerfile.rego': ALLOW }, ['-f', 'sub/x.Dockerfile']],
    [0, 'a Dockerfile in lower case', { dockerfile: from, 'dockerfile.rego': ALLOW }, []],
    [2, 'no Dockerfile', { 'Dockerfile.rego': ALLOW }, []],
    [0, 'a policy of it', { Dockerfile: from, 'policy/allow.rego': ALLOW }, ['--policy', 'filename=policy/allow.rego']],
    [0, 'a path from its root', { Dockerfile: from, 'a.rego': ALLOW }, ['--policy', 'filename=/../a.rego']],
    [1, 'a policy of it that denies', { Dockerfile: from, 'deny.rego': DENY }, ['--policy', 'filename=deny.rego']],
    [2, 'a policy that it does not have', { Dockerfile: from }, ['--policy', 'filename=missing.rego']],
    [0, 'imports', { Dockerfile: from, 'Dockerfile.rego': IMPORTS, 'rules/lib.rego': LIB }, []],
    [2, 'imports that are not there', { Dockerfile: from, 'Dockerfile.rego': IMPORTS }, []],
    [0, 'files that it reads', { Dockerfile: from, 'Dockerfile.rego': READS, 'settings.json': '{"ok": true}' }, []],
    [1, 'files that are not there', { Dockerfile: from, 'Dockerfile.rego': READS }, []],
    [
      0,
      'files beside the policy',
      { 'sub/Dockerfile': from, 'sub/Dockerfile.rego': READS, 'sub/settings.json': '{"ok": true}' },
      ['-f', 'sub/Dockerfile'],
    ],
  ])('%i: %s', async (exitCode, _, files, flags) => {
    const run = await check([...flags, await serve(files)], {
      files: { 'missing.rego': ALLOW, 'rules/lib.rego': LIB, 'settings.json': '{"ok": true}' },
    })
    expect(run.exitCode, run.stdout + run.stderr).toBe(exitCode)
  })

  it('is not looked into where a policy of the operator denies it', async () => {
    const url = await serve({ Dockerfile: 'not a Dockerfile', 'Dockerfile.rego': 'not a policy' })
    git.clearLog()
    const files = { 'org.rego': DENY }
    const { exitCode, stdout } = await check(['--policy', 'filename=cwd://org.rego', '--format', 'json', url], {
      files,
    })
    expect(exitCode).toBe(1)
    const { sources } = JSON.parse(stdout) as { sources: { roles: string[] }[] }
    expect(sources.map(({ roles }) => roles)).toEqual([['context']])
    expect(git.log).toEqual([])
  })

  it('may be decided by what is known of it alone', async () => {
    const url = await serve({ Dockerfile: from, 'Dockerfile.rego': ALLOW })
    const field = url.endsWith('.git') ? 'git.commitChecksum' : 'http.checksum'
    const rego = `package docker\n\ndecision := {"allow": true} if input.${field}\n`
    const run = await check(['--policy', 'filename=cwd://org.rego', url], { files: { 'org.rego': rego } })
    expect(run.exitCode, run.stdout).toBe(0)
  })

  it('lets only a policy of the operator read files of the working directory', async () => {
    const reads = READS.replace('settings.json', 'cwd://settings.json')
    const url = await serve({ Dockerfile: from, 'Dockerfile.rego': reads, 'operator.rego': reads })
    const files = { 'settings.json': '{"ok": true}' }
    const flags = ['--no-context-policy', '--policy', 'filename=operator.rego', url]
    expect((await check([url], { files })).exitCode).toBe(1)
    expect((await check(flags, { files })).exitCode).toBe(0)
    expect((await check(flags)).exitCode).toBe(1)
  })

  it('has its Dockerfile from elsewhere where the operator says so', async () => {
    const url = await serve({ 'Dockerfile.rego': ALLOW, x: '' })
    const policy = ['--policy', 'filename=cwd://org.rego']
    const files = { 'org.rego': ALLOW, 'local/Dockerfile': 'FROM scratch\n' }
    expect((await check([...policy, '-f', '-', url], { files, stdin: 'FROM scratch\n' })).exitCode).toBe(0)
    const directory = temporaryDirectory(files)
    const absolute = path.join(directory.path, 'local/Dockerfile')
    const addresses = ['--allow-address', git.host, '--allow-address', origin.host, '--insecure-registry', git.host]
    const run = await runCli(['check', ...policy, ...addresses, '-f', absolute, url], { cwd: directory.path })
    directory.remove()
    expect(run.exitCode, run.stderr + run.stdout).toBe(0)
  })
})

describe('a git repository as build context', () => {
  it('is its directory at its ref', async () => {
    const repo = await git.createRepository('refs')
    const from = 'FROM scratch\nCOPY . /\n'
    await repo.commit({ files: { 'app/Dockerfile': from, 'app/Dockerfile.rego': ALLOW, 'Dockerfile.rego': DENY } })
    await repo.tag('v1', { target: 'main' })
    await repo.commit({ files: { 'app/Dockerfile': from, 'app/Dockerfile.rego': DENY } })
    expect((await check([`${repo.url}#v1:app`])).exitCode).toBe(0)
    expect((await check([`${repo.url}#main:app`])).exitCode).toBe(1)
    expect((await check([`${repo.url}?tag=v1&subdir=app`])).exitCode).toBe(0)
    expect((await check([`${repo.url}#v2:app`])).exitCode).toBe(2)
    // what lies outside of the directory is no part of the context
    const flags = ['--policy', 'filename=../Dockerfile.rego', `${repo.url}#v1:app`]
    expect((await check(flags)).exitCode).toBe(0)
  })

  it('is fetched once for all that asks for it', async () => {
    const policy = 'package docker\n\ndecision := {"allow": true} if input.git.commit.message\n'
    const url = await repository({ Dockerfile: 'FROM scratch\nCOPY . /\n', 'Dockerfile.rego': policy })
    git.clearLog()
    const { exitCode, stdout } = await check([url])
    expect(exitCode, stdout).toBe(0)
    expect(git.log.filter(({ path }) => path.includes('info/refs'))).toHaveLength(1)
    expect(git.log.filter(({ body }) => body.includes('filter tree:0'))).toHaveLength(1)
    expect(git.log.filter(({ body }) => body.includes('filter blob:none'))).toHaveLength(1)
  })
})

describe('a download as build context', () => {
  it('is the Dockerfile where it is no archive', async () => {
    const url = served('Dockerfile', 'FROM scratch\n')
    const run = await check(['--policy', 'filename=cwd://org.rego', url], { files: { 'org.rego': ALLOW } })
    expect(run.exitCode, run.stdout + run.stderr).toBe(0)
    const missing = await check(['--policy', 'filename=policy/allow.rego', url])
    expect(missing.stderr).toContain('policy file policy/allow.rego not found')
  })

  it('has the Dockerfile that a bake file calls by a URL, which is a path there', async () => {
    const dockerfile = served('Dockerfile', 'FROM scratch\n')
    const context = served('x.tar', tar({ Dockerfile: 'FROM scratch\n', 'Dockerfile.rego': ALLOW }))
    const files = { 'docker-bake.json': JSON.stringify({ target: { default: { context, dockerfile } } }) }
    const run = await check(['--bake', 'docker-bake.json'], { files })
    expect(run.exitCode).toBe(2)
    expect(run.stderr).toContain('in the build context')
  })

  it('has links that end within it', async () => {
    const bytes = tar({ 'real/Dockerfile': 'FROM scratch\n', 'real/policy': ALLOW }, root => {
      symlinkSync('real/Dockerfile', path.join(root, 'Dockerfile'))
      symlinkSync('/real/policy', path.join(root, 'Dockerfile.rego'))
    })
    expect((await check([served('x.tar', bytes)])).exitCode).toBe(0)
    const out = tar({ Dockerfile: 'FROM scratch\n' }, root => {
      symlinkSync('../../../../etc/hostname', path.join(root, 'Dockerfile.rego'))
    })
    expect((await check([served('x.tar', out)])).exitCode).toBe(2)
  })

  it.each<[string, string, () => Uint8Array]>([
    ['archive_unsupported', 'bzip2', () => Buffer.from('BZh91AY&SY')],
    ['archive_unsupported', 'xz', () => Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0])],
    ['archive_unsupported', 'gzip that is cut', () => gzipSync(tar({ Dockerfile: 'FROM scratch\n' })).subarray(0, 60)],
    ['archive_unsupported', 'gzip of no archive', () => gzipSync('FROM scratch\n')],
    ['layout_invalid', 'an archive that is cut', () => tar({ Dockerfile: 'x'.repeat(5000) }).subarray(0, 2048)],
  ])('%s: %s', async (code, _, bytes) => {
    const { exitCode, stdout } = await check(['--format', 'json', served('x', bytes())])
    expect(exitCode).toBe(2)
    expect((JSON.parse(stdout) as { error: { code: string } }).error.code).toBe(code)
  })

  it('that is not served is refused', async () => {
    expect((await check([`${origin.url}/missing.tar`])).exitCode).toBe(2)
  })
})

it('a Dockerfile by its URL is downloaded, and no policy lies beside it', async () => {
  const url = served('app.Dockerfile', 'FROM scratch\nCOPY . /\n')
  served('app.Dockerfile.rego', DENY)
  const rego =
    'package docker\n\ndefault allow := false\n\nallow if input.env.filename == "app.Dockerfile"\n\ndecision := {"allow": allow}\n'
  const { exitCode, stdout } = await check(['-f', url, '--policy', 'filename=org.rego'], {
    files: { 'org.rego': rego },
  })
  expect(exitCode, stdout).toBe(0)
  expect(stdout).toContain(`sources of ${url}`)
  expect((await check(['-f', url], { files: { 'Dockerfile.rego': ALLOW } })).exitCode).toBe(2)
})

describe('policies that are fetched', () => {
  const files: Files = {
    Dockerfile: 'FROM scratch\nCOPY . /\n',
    'rules/lib.rego': LIB,
    'settings.json': '{"ok": true}',
  }
  const run = (...values: string[]) =>
    check([...values.flatMap(value => ['--policy', `filename=${value}`]), '--format', 'json'], { files })
  const codeOf = ({ stdout }: { stdout: string }) => (JSON.parse(stdout) as { error?: { code: string } }).error?.code

  it.each([
    [0, ALLOW],
    [1, DENY],
  ])('%i: by https, with the digest that they must have', async (exitCode, rego) => {
    const url = served('org.rego', rego)
    const digest = digestOf(Buffer.from(rego))
    expect((await run(`${url}#${digest}`)).exitCode).toBe(exitCode)
    const { stdout, ...ended } = await run(`${url}@${digest}`)
    expect(ended.exitCode).toBe(exitCode)
    expect((JSON.parse(stdout) as { policies: string[] }).policies).toEqual([url])
  })

  it.each([
    ['policy_not_pinned', (url: string) => url],
    ['policy_not_pinned', (url: string) => `${url}#sha256:abc`],
    ['digest_mismatch', (url: string) => `${url}#${digestOf(Buffer.from(DENY))}`],
    ['unreadable_file', (url: string) => `${url}x#${digestOf(Buffer.from(ALLOW))}`],
  ])('%s', async (code, name) => {
    const ended = await run(name(served('org.rego', ALLOW)))
    expect({ exitCode: ended.exitCode, code: codeOf(ended) }).toEqual({ exitCode: 2, code })
  })

  it('get no modules and no files of the build context', async () => {
    const fetched = (rego: string) => `${served('org.rego', rego)}#${digestOf(Buffer.from(rego))}`
    expect((await run(fetched(IMPORTS))).exitCode).toBe(2)
    expect((await run(fetched(READS))).exitCode).toBe(1)
  })

  const push = (layers: { content: Uint8Array; mediaType: string; title?: string }[]) => {
    const artifact = buildArtifact({
      artifactType: 'application/vnd.cncf.openpolicyagent.manifest.layer.v1+json',
      layers: layers.map(({ content, mediaType, title }) => ({
        bytes: content,
        mediaType,
        ...(title !== undefined && { annotations: { 'org.opencontainers.image.title': title } }),
      })),
    })
    registry.push('policies/org', artifact)
    return `oci://${registry.host}/policies/org@${artifact.digest}`
  }
  const single = 'application/vnd.cncf.openpolicyagent.policy.layer.v1+rego'
  const archive = 'application/vnd.oci.image.layer.v1.tar+gzip'
  const file = (title: string, text: string) => ({ title, content: Buffer.from(text), mediaType: single })

  it.each<[number, string, () => Parameters<typeof push>[0]]>([
    [0, 'single files', () => [file('org.rego', IMPORTS), file('rules/lib.rego', LIB)]],
    [0, 'files that they read', () => [file('org.rego', READS), file('settings.json', '{"ok": true}')]],
    [
      0,
      'an archive',
      () => [
        {
          content: gzipSync(tar({ 'org.rego': IMPORTS, 'rules/lib.rego': LIB, 'org_test.rego': 'package nonsense ]' })),
          mediaType: archive,
        },
      ],
    ],
    [1, 'a file that denies', () => [file('org.rego', DENY)]],
    [1, 'a file that reads what only the context has', () => [file('org.rego', READS)]],
    [2, 'a file that imports what only the context has', () => [file('org.rego', IMPORTS)]],
    [2, 'no policy', () => [file('settings.json', '{}')]],
    [2, 'a name that stands twice', () => [file('org.rego', ALLOW), file('./org.rego', DENY)]],
  ])('%i: by oci, with the digest that they must have: %s', async (exitCode, _, layers) => {
    const ended = await run(push(layers()))
    expect(ended.exitCode, ended.stdout).toBe(exitCode)
  })

  it('by oci need a digest', async () => {
    const name = push([file('org.rego', ALLOW)])
    expect(codeOf(await run(name.replace(/@.*$/, ':latest')))).toBe('policy_not_pinned')
  })

  it('go together with others', async () => {
    const rego = 'package docker\n\nallow := true\n'
    const decides = 'package docker\n\ndecision := {"allow": allow}\n'
    const name = `${served('allow.rego', rego)}#${digestOf(Buffer.from(rego))}`
    const flags = ['--policy', `filename=${name},filename=cwd://decides.rego`]
    expect((await check(flags, { files: { ...files, 'decides.rego': decides } })).exitCode).toBe(0)
  })

  it('are not fetched offline', async () => {
    const name = `${served('org.rego', ALLOW)}#${digestOf(Buffer.from(ALLOW))}`
    const { exitCode, stderr } = await check(['--offline', '--policy', `filename=${name}`], { files })
    expect({ exitCode, isTold: stderr.includes('--offline') }).toEqual({ exitCode: 2, isTold: true })
  })

  it('decide one source, too', async () => {
    const name = `${served('org.rego', DENY)}#${digestOf(Buffer.from(DENY))}`
    const flags = ['--allow-address', origin.host, '--policy', `filename=${name}`]
    const directory = temporaryDirectory()
    const ended = await runCli(['eval', ...flags, '.'], { cwd: directory.path })
    directory.remove()
    expect(ended).toMatchObject({ exitCode: 1, stderr: 'error: policy denied: never\n' })
  })
})

describe('what Docker documents and docker buildx does not do', () => {
  const files: Files = { 'sub/Dockerfile': 'FROM scratch\nCOPY . /\n' }

  it('strict=true fails where there is no policy', async () => {
    const flags = ['--policy', 'strict=true', '-f', 'sub/Dockerfile']
    expect((await check([...flags, '--allow-no-policy'], { files })).exitCode).toBe(2)
    expect((await check(flags, { files: { ...files, 'sub/Dockerfile.rego': ALLOW } })).exitCode).toBe(0)
  })

  it('log-level=none silences a policy', async () => {
    const rego = 'package docker\n\ndecision := {"allow": true} if print("seen")\n'
    const run = (...flags: string[]) =>
      check([...flags, '-f', 'sub/Dockerfile'], { files: { ...files, 'sub/Dockerfile.rego': rego } })
    expect((await run()).stderr).toContain('seen')
    expect((await run('--policy', 'log-level=none')).stderr).toBe('')
  })

  it('files that a policy reads lie beside it', async () => {
    const policy = { 'sub/Dockerfile.rego': READS }
    const run = (more: Files) => check(['-f', 'sub/Dockerfile'], { files: { ...files, ...policy, ...more } })
    expect((await run({ 'sub/settings.json': '{"ok": true}' })).exitCode).toBe(0)
    // what docker buildx reads goes first
    expect((await run({ 'sub/settings.json': '{"ok": true}', 'settings.json': '{"ok": false}' })).exitCode).toBe(1)
    expect((await run({ 'other/settings.json': '{"ok": true}' })).exitCode).toBe(1)
  })
})
