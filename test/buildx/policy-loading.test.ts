import { execFileSync } from 'node:child_process'
import { type GitServer, type HTTPOrigin, startGitServer, startHTTPOrigin } from '@source-policy/testkit'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { runCli, temporaryDirectory } from '../../apps/cli/src/run-cli.ts'
import { testRows } from './rows.ts'

type Files = Readonly<Record<string, string>>

const ALLOW = 'package docker\n\ndefault allow := true\n\ndecision := {"allow": allow}\n'
const DENY = 'package docker\n\ndecision := {"allow": false}\n'
const IMPORTS = 'package docker\n\nimport data.hack.allow as hack\n\ndecision := {"allow": hack.yes}\n'

const remote: Files = {
  Dockerfile: 'FROM scratch\nCOPY . /\n',
  'policy/import.rego': IMPORTS,
  'policy/allow.rego': ALLOW,
  'hack/allow.rego': 'package anything\n\nyes := true\n',
  'remote-only.rego': DENY,
}
/** What the working directory has, and a remote context must not get. */
const local: Files = {
  'does-not-exist.rego': ALLOW,
  'remote-only.rego': ALLOW,
  'local-only.rego': ALLOW,
  'policy/allow.rego': ALLOW,
  'Dockerfile.rego': DENY,
}

let git: GitServer
let origin: HTTPOrigin
let repository: string
let archive: string
beforeAll(async () => {
  git = await startGitServer()
  origin = await startHTTPOrigin()
  const served = await git.createRepository('context')
  await served.commit({ files: remote })
  repository = served.url
  archive = serveArchive('/context.tar', remote)
})
afterAll(async () => {
  await git.close()
  await origin.close()
})

function serveArchive(name: string, files: Files): string {
  const directory = temporaryDirectory(files)
  origin.setFile(name, execFileSync('tar', ['-C', directory.path, '-cf', '-', '.']))
  directory.remove()
  return `${origin.url}${name}`
}

async function check(context: string, filename?: string) {
  const directory = temporaryDirectory(local)
  const policy = filename === undefined ? [] : ['--policy', `filename=${filename}`]
  const addresses = ['--allow-address', git.host, '--allow-address', origin.host, '--insecure-registry', git.host]
  const run = await runCli(['check', ...addresses, '--log-level', 'debug', ...policy, context], { cwd: directory.path })
  directory.remove()
  return run
}

async function withPolicy(files: Files): Promise<string> {
  const served = await git.createRepository('with-policy')
  await served.commit({ files })
  return served.url
}

describe('where docker buildx looks for policies', () => {
  testRows('policy_loading', ({ context, filename }) => `${context}, ${filename ?? 'no filename'}`, {
    'git http remote, policy/import.rego (imports data.hack.allow -> hack/allow.rego)': async () => {
      const { exitCode, stdout, stderr } = await check(repository, 'policy/import.rego')
      expect(exitCode, stdout).toBe(0)
      expect(stderr).toContain('loading policies policy/import.rego')
    },
    'git remote, does-not-exist.rego': async () => {
      const { exitCode, stderr } = await check(repository, 'does-not-exist.rego')
      expect(exitCode).toBe(2)
      expect(stderr).toContain('policy file does-not-exist.rego not found')
    },
    'git remote, remote-only.rego (exists remotely, denies)': async () => {
      const { exitCode, stdout } = await check(repository, 'remote-only.rego')
      expect(exitCode).toBe(1)
      expect(stdout).toContain('denied by remote-only.rego')
    },
    'git remote, cwd://local-only.rego': async () => {
      expect((await check(repository, 'cwd://local-only.rego')).exitCode).toBe(0)
    },
    'git remote, no filename': async () => {
      const { exitCode, stderr } = await check(await withPolicy({ ...remote, 'Dockerfile.rego': ALLOW }))
      expect(exitCode).toBe(0)
      expect(stderr).toContain('loading policies Dockerfile.rego')
    },
    'http tar, policy/allow.rego': async () => {
      expect((await check(archive, 'policy/allow.rego')).exitCode).toBe(0)
    },
    'http single file, policy/allow.rego': async () => {
      origin.setFile('/Dockerfile', 'FROM scratch\n')
      const { exitCode, stderr } = await check(`${origin.url}/Dockerfile`, 'policy/allow.rego')
      expect(exitCode).toBe(2)
      expect(stderr).toContain('policy file policy/allow.rego not found')
    },
    'http tar with Dockerfile.rego, no filename': async () => {
      const { exitCode, stderr } = await check(serveArchive('/own.tar', { ...remote, 'Dockerfile.rego': ALLOW }))
      expect(exitCode).toBe(0)
      expect(stderr).toContain('loading policies Dockerfile.rego')
    },
  })
})
