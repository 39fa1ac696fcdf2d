import { type GitServer, type HTTPOrigin, startGitServer, startHTTPOrigin } from '@source-policy/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli, temporaryDirectory } from './run-cli.ts'

let git: GitServer
let origin: HTTPOrigin
const directory = temporaryDirectory({ 'none.asc': 'no keys\n' })
beforeAll(async () => {
  ;[git, origin] = await Promise.all([startGitServer(), startHTTPOrigin({ files: { '/file': 'x' } })])
  const repository = await git.createRepository('app')
  await repository.commit({ files: { a: 'a' }, message: 'a' })
})
afterAll(async () => {
  directory.remove()
  await Promise.all([git.close(), origin.close()])
})

const run = (call: string) => {
  const text = `package docker\n\ndefault allow := false\n\nallow if {\n\t${call}\n}\n\ndecision := {"allow": allow}\n`
  directory.write({ 'calls.rego': text })
  const source = call.includes('input.http') ? `${origin.url}/file` : `http://${git.host}/app.git`
  const flags = ['--no-context-policy', '--policy', 'filename=calls.rego', '--github-api', `${origin.url}/none`]
  const allow = [git, origin].flatMap(({ host }) => ['--allow-address', host])
  return runCli(['eval', ...allow, ...flags, source], {
    cwd: directory.path,
    env: { PATH: process.env.PATH ?? '' },
  })
}

describe('a call that does not hold', () => {
  it.each([
    'load_json("gone.json")',
    'load_json("none.asc")',
    'verify_git_signature(input.git.commit, "gone.asc")',
    'verify_git_signature(input.git.commit, "none.asc")',
    'git_signer(input.git.commit, "none.asc")',
    'verify_http_pgp_signature(input.http, "gone.asc", "none.asc")',
    'verify_http_pgp_signature(input.http, "none.asc", "none.asc")',
    'artifact_attestation(input.http, "gone.json")',
    'artifact_attestation(input.http, "none.asc")',
    'github_attestation(input.http, "acme")',
    'github_attestation(input.http, "acme/app")',
  ])('denies, and the report has the reason with its place: %s', async call => {
    const { exitCode, stderr } = await run(call)
    const [name] = call.split('(')
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringMatching(new RegExp(`(?:^|\n)warn: calls\\.rego:6:2: ${name}: `)),
    })
  })

  it.each([
    ['verify_git_signature(input.git.commit, "none.asc")', () => git],
    ['artifact_attestation(input.http, "none.asc")', () => origin],
    ['github_attestation(input.http, "acme/app")', () => origin],
  ] as const)('is undecided where the server cannot be reached: %s', async (call, server) => {
    server().faults.add({ fault: { kind: 'status', status: 403 } })
    const { exitCode, stderr } = await run(call)
    server().faults.clear()
    expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: expect.stringContaining('error: ') })
  })
})
