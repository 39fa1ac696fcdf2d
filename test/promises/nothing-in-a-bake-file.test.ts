import { type GitServer, startGitServer } from '@source-policy/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ALLOW, attempt, DENY, outputOf } from './harness.ts'

/*
 * Promise 3, where the build is described by a bake or compose file, or lies in somebody's repository: neither loosens what an operator's
 * policy decided, chooses where a credential goes, or sees an environment that it was not given.
 */

let git: GitServer
let repository: string
beforeAll(async () => {
  git = await startGitServer()
  const served = await git.createRepository('theirs')
  await served.commit({
    files: {
      Dockerfile: 'FROM scratch\nCOPY . /\n',
      'Dockerfile.rego': ALLOW,
      'org.rego': ALLOW,
      'rules/lib.rego': 'package rules.lib\n\nok := true\n',
      '.gitmodules': `[submodule "x"]\n\tpath = x\n\turl = ${git.url}/submodule.git\n`,
      '.gitattributes': '* filter=evil\n',
    },
  })
  repository = served.url
})
beforeEach(() => git.clearLog())
afterAll(() => git.close())

const authorized = () => git.log.filter(({ headers }) => headers.authorization !== undefined).length
const network = () => ['--allow-address', git.host, '--insecure-registry', git.host]
const OPERATOR = ['--policy', 'filename=cwd://org.rego']
const bakeOf = (target: unknown) => JSON.stringify({ target: { default: target } })

describe('a bake file', () => {
  it.each<[string, unknown]>([
    ['disables policies', { policy: ['disabled=true'] }],
    ['resets policies', { policy: ['reset=true'] }],
    ['names one that allows', { policy: ['allow.rego'] }],
    ['names one of the same name', { policy: ['filename=cwd://allow.rego'] }],
    ['has a Dockerfile of its own', { 'dockerfile-inline': 'FROM scratch\nCOPY . /\n' }],
    ['has its context elsewhere', { context: '<repository>' }],
  ])('that %s does not loosen what an operator decided', async (_, target) => {
    const run = await attempt({
      files: {
        'docker-bake.json': bakeOf(target).replace('<repository>', repository),
        Dockerfile: 'FROM scratch\nCOPY . /\n',
        'allow.rego': ALLOW,
        'org.rego': DENY,
      },
      argv: ['check', '--bake', 'docker-bake.json', ...OPERATOR, ...network()],
    })
    expect(run.exitCode, outputOf(run)).toBe(1)
    expect(run.stdout).not.toMatch(/allow {2}/)
  })

  it('sends no credential of the operator to a context that it chose', async () => {
    const run = await attempt({
      files: { 'docker-bake.json': bakeOf({ context: repository }) },
      argv: ['check', '--bake', 'docker-bake.json', ...network()],
      env: { GIT_AUTH_TOKEN: 'operators-token', GIT_AUTH_HEADER: 'Basic operators-token' },
    })
    expect(run.exitCode, outputOf(run)).toBe(0)
    expect(git.log.length).toBeGreaterThan(0)
    expect(authorized()).toBe(0)
  })

  it.each([
    ['a URL', 'services: {a: {build: {dockerfile_inline: "FROM scratch\\nADD http://127.0.0.1/${SECRET} /\\n"}}}'],
    ['a default', 'services: {a: {build: "${UNSET:-${SECRET}}"}}'],
    ['an argument', 'services: {a: {build: {args: [SECRET]}}}'],
    ['a bake file', '{"target": {"default": {"args": {"A": "${SECRET}"}}}}'],
    ['a declared variable', '{"variable": {"SECRET": {}}, "target": {"default": {"context": "x${SECRET}"}}}'],
  ])('sees nothing of the environment: %s', async (_, text) => {
    const run = await attempt({
      files: { 'bake.yaml': text, 'org.rego': ALLOW, Dockerfile: 'FROM scratch\n' },
      argv: ['check', '--bake', 'bake.yaml', ...OPERATOR],
      env: { SECRET: 'operators-secret' },
    })
    expect(run.exitCode).not.toBe(0)
    expect(outputOf(run)).not.toContain('operators-secret')
  })
})

describe('a repository that is the build context', () => {
  const check = (files: Record<string, string>) =>
    attempt({ files, argv: ['check', ...OPERATOR, ...network(), repository] })

  it('does not loosen what an operator decided, by policies or by modules of theirs', async () => {
    expect((await check({ 'org.rego': DENY })).exitCode).toBe(1)
    const imports = 'package docker\n\nimport data.rules.lib\n\ndecision := {"allow": lib.ok}\n'
    expect((await check({ 'org.rego': imports })).exitCode).toBe(2)
    expect((await check({})).exitCode).toBe(2)
  })

  it('has none of its submodules fetched', async () => {
    const run = await check({ 'org.rego': ALLOW })
    expect(run.exitCode, outputOf(run)).toBe(0)
    expect(git.log.filter(({ path }) => path.includes('submodule'))).toEqual([])
  })
})
