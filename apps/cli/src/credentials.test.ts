import { type GitServer, type HTTPOrigin, startGitServer, startHTTPOrigin } from '@source-policy/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { runCli, temporaryDirectory } from './run-cli.ts'

const token = 's3cr3t-t0ken'
const username = 'x-access-token'
let main: GitServer
let other: GitServer
let origin: HTTPOrigin
const directory = temporaryDirectory({
  Dockerfile: '',
  'Dockerfile.rego': `package docker

default allow := false

allow if input.git.checksum

allow if input.http.checksum

allow if input.local

decision := {"allow": allow}
`,
  token: `${token}\n`,
})
beforeAll(async () => {
  ;[main, other] = await Promise.all([startGitServer({ auth: { username, password: token } }), startGitServer()])
  for (const server of [main, other]) {
    const repository = await server.createRepository('app')
    await repository.commit({ files: { a: 'a' }, message: 'a' })
  }
  origin = await startHTTPOrigin({ files: { '/file': { body: 'x', authorization: `Bearer ${token}` } } })
})
afterAll(async () => {
  directory.remove()
  await Promise.all([main.close(), other.close(), origin.close()])
})
afterEach(() => {
  origin.clearLog()
})

const run = (argv: string[], env: Record<string, string> = {}, stdin?: string) => {
  const allow = [main, other, origin].flatMap(({ host }) => ['--allow-address', host])
  return runCli([argv[0]!, ...allow, ...argv.slice(1)], {
    cwd: directory.path,
    env: { PATH: process.env.PATH ?? '', ...env },
    ...(stdin !== undefined && { stdin }),
  })
}
const urlOf = (server: GitServer) => `http://${server.host}/app.git`
const sent = (server: GitServer) => server.log.filter(({ headers }) => headers.authorization !== undefined)

describe('a git secret that names no host', () => {
  it.each([
    ['of the environment', [], { GIT_AUTH_TOKEN: token }],
    ['given by its variable', ['--secret', 'id=GIT_AUTH_TOKEN,env=MINE'], { MINE: token }],
    ['given by a file', ['--secret', 'id=GIT_AUTH_TOKEN,src=token'], {}],
  ] as const)('%s is for the host of the source that eval was given', async (_name, flags, env) => {
    expect(await run(['eval', ...flags, urlOf(main)], env)).toMatchObject({ exitCode: 0 })
    expect(await run(['eval', ...flags, '--print', '--fields', 'git.checksum', urlOf(main)], env)).toMatchObject({
      exitCode: 0,
    })
  })

  it('is for the host of the context of a build, and not for another one that its Dockerfile names', async () => {
    const dockerfile = `FROM scratch\nCOPY . /\nADD ${urlOf(other)} /\n`
    const policy = ['--policy', 'filename=cwd://Dockerfile.rego', '--file', '-']
    const env = { GIT_AUTH_TOKEN: token }
    other.clearLog()
    expect(await run(['check', ...policy, urlOf(main)], env, dockerfile)).toMatchObject({ exitCode: 0 })
    expect(other.log.length).toBeGreaterThan(0)
    expect(sent(other)).toEqual([])
    const stranger = await run(['check', ...policy, urlOf(other)], env, `FROM scratch\nADD ${urlOf(main)} /\n`)
    expect(stranger).toMatchObject({ exitCode: 3 })
  })

  it('is for nobody where the context is a directory', async () => {
    directory.write({ Dockerfile: `FROM scratch\nADD ${urlOf(main)} /\n` })
    main.clearLog()
    expect(await run(['check'], { GIT_AUTH_TOKEN: token })).toMatchObject({ exitCode: 3 })
    expect(sent(main)).toEqual([])
    const own = { [`GIT_AUTH_TOKEN.${main.host}`]: token }
    expect(await run(['check'], own)).toMatchObject({ exitCode: 0 })
  })
})

describe('a secret for an HTTP host', () => {
  it('is sent to it, and never shown', async () => {
    const flags = ['--secret', 'id=HTTP_AUTH_TOKEN_127.0.0.1,src=token']
    const { exitCode, stdout, stderr } = await run(['eval', '--log-level', 'debug', ...flags, `${origin.url}/file`])
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 })
    expect(stdout + stderr).not.toContain(token)
  })

  it('is not taken from the environment without being given', async () => {
    const env = { 'HTTP_AUTH_TOKEN_127.0.0.1': token }
    expect(await run(['eval', `${origin.url}/file`], env)).toMatchObject({ exitCode: 3 })
    expect(await run(['eval', '--secret', 'id=HTTP_AUTH_TOKEN_127.0.0.1', `${origin.url}/file`], env)).toMatchObject({
      exitCode: 0,
    })
  })
})

it.each([
  `${token}`,
  `id=${token}`,
  'id=',
  'env=A',
  'id=a,env=A,src=b',
  'id=a,id=b',
  'id=a,type=file',
  'id=a,src=gone',
  '"',
])('--secret %j is refused, and no part of it shown but the name of what is missing', async value => {
  const { exitCode, stderr } = await run(['eval', '--secret', value, urlOf(other)])
  expect(exitCode).toBe(2)
  if (value === token) expect(stderr).not.toContain(token)
})
