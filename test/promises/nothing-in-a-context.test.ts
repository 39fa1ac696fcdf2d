import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { createEvaluator } from '@source-policy/core'
import { opaEngine } from '@source-policy/engine-opa'
import { gitResolver } from '@source-policy/resolver-git'
import { buildImage, type Registry, startRegistry } from '@source-policy/testkit'
import { createTransport } from '@source-policy/transport'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { runCli, temporaryDirectory } from '../../apps/cli/src/run-cli.ts'
import { ALLOW, attempt, DENY, outputOf } from './harness.ts'

/*
 * Promise 3: nothing found in a build context runs code on the host, loosens what an operator's policy decided, or chooses
 * where a credential goes.
 */

const LOCAL = 'FROM scratch\nCOPY . /\n'
/** The operator's directory is the working directory, the checkout of a stranger lies in `app`. */
const OPERATOR = ['check', '--policy', 'filename=cwd://org.rego', 'app']

let registry: Registry
beforeAll(async () => {
  registry = await startRegistry({ auth: { kind: 'basic', users: { user: 'operators-password' } } })
  registry.push('base', buildImage(), '1')
})
beforeEach(() => registry.clearLog())
afterAll(() => registry.close())

describe('what an operator decided is not loosened by', () => {
  const org = 'package docker\n\nimport data.rules.lib\n\ndecision := {"allow": lib.ok}\n'
  const lib = (ok: boolean) => `package rules.lib\n\nok := ${ok}\n`

  it.each<[string, Record<string, string>]>([
    ['a policy that allows', { 'app/Dockerfile.rego': ALLOW }],
    ['a module of the same name', { 'app/rules/lib.rego': lib(true), 'app/lib.rego': lib(true) }],
    [
      'the same module within its own policy',
      {
        'app/Dockerfile.rego': ALLOW.replace('decision', 'import data.rules.lib\n\ndecision'),
        'app/rules/lib.rego': lib(true),
      },
    ],
    ['a policy of the same name', { 'app/org.rego': ALLOW }],
    ['rules for the same package', { 'app/Dockerfile.rego': 'package rules.lib\n\nok := true\n' }],
    ['a decision about data of another', { 'app/Dockerfile.rego': `${ALLOW}\ndata_rules := data.rules.lib\n` }],
    [
      'a pin',
      {
        'app/Dockerfile.rego': `package docker\n\ndecision := {"allow": true} if pin_image(input.image, "sha256:${'0'.repeat(64)}")\n\ndecision := {"allow": true} if not input.image\n`,
      },
    ],
    [
      'settings',
      { 'app/.source-policy.yaml': 'policy: reset=true\n', 'app/package.json': '{"source-policy":{"policy":[]}}' },
    ],
    [
      'messages',
      { 'app/Dockerfile.rego': 'package docker\n\ndecision := {"allow": true, "reset": true, "deny_msg": []}\n' },
    ],
  ])('%s', async (_, files) => {
    const run = await attempt({
      files: { 'app/Dockerfile': LOCAL, 'org.rego': org, 'rules/lib.rego': lib(false), ...files },
      argv: OPERATOR,
    })
    expect([1, 2]).toContain(run.exitCode)
    expect(run.stdout).not.toMatch(/allow {2}/)
  })

  it('a context that takes away what the operator names', async () => {
    const run = await attempt({ files: { 'app/Dockerfile': LOCAL, 'app/Dockerfile.rego': ALLOW }, argv: OPERATOR })
    expect(run.exitCode, outputOf(run)).toBe(2)
  })

  it.each([
    [1, [], DENY],
    [0, [], ALLOW],
    [0, ['--no-context-policy'], DENY],
    [0, ['--no-context-policy'], 'not a policy'],
    [2, [], 'not a policy'],
  ])(
    '%i: a context policy can restrict, and is not looked at where the operator says so (%#)',
    async (exitCode, flags, own) => {
      const files = { 'app/Dockerfile': LOCAL, 'org.rego': ALLOW, 'app/Dockerfile.rego': own }
      const run = await attempt({ files, argv: [...OPERATOR, ...flags] })
      expect(run.exitCode, outputOf(run)).toBe(exitCode)
    },
  )
})

describe('files outside of the context', () => {
  const reads = (file: string) =>
    `package docker\n\nfile := load_json(${JSON.stringify(file)})\n\ndecision := {"allow": true} if {\n\tprint("read", file)\n\tfile\n}\n`

  it.each([
    ['/etc/passwd', '/etc/passwd', {}],
    ['a file of the operator', '../operator.json', {}],
    ['the same by its whole path', '<root>/operator.json', {}],
    ['by way of the context', 'sub/../../operator.json', {}],
    ['with a scheme', 'cwd://operator.json', {}],
    ['with a scheme of files', 'file://<root>/operator.json', {}],
    ['by a link', 'link.json', { 'app/link.json': '../operator.json' }],
    ['by a link to a directory', 'link/operator.json', { 'app/link': '..' }],
    ['by a chain of links', 'one.json', { 'app/one.json': 'two.json', 'app/two.json': '../operator.json' }],
    ['by a link to itself', 'self.json', { 'app/self.json': 'self.json' }],
    ['a device', 'zero', { 'app/zero': '/dev/zero' }],
    ['with a NUL', 'a\u0000../../operator.json', {}],
    ['with backslashes', '..\\operator.json', {}],
  ])('are not read by load_json: %s', async (_, file, links) => {
    const directory = temporaryDirectory({
      'app/Dockerfile': LOCAL,
      'app/sub/x': '',
      'operator.json': '{"secret":"operators-secret"}',
    })
    for (const [name, target] of Object.entries(links)) symlinkSync(target, path.join(directory.path, name))
    directory.write({ 'app/Dockerfile.rego': reads(file.replace('<root>', directory.path)) })
    const run = await runCli(['check', 'app', '--log-level', 'debug'], { cwd: directory.path })
    directory.remove()
    expect(run.exitCode, outputOf(run)).toBe(2)
    expect(outputOf(run)).not.toMatch(/operators-secret|root:x/)
  })

  it.each([
    ['the policy', 'app/Dockerfile.rego', [], 'outside'],
    // a build follows the link as if the context were the root
    ['the Dockerfile', 'app/Dockerfile', [], 'no Dockerfile in the build context'],
    ['a module', 'app/lib.rego', [], 'outside'],
    ['a policy that the operator names there', 'app/named.rego', ['--policy', 'filename=named.rego'], 'outside'],
  ])('are not what %s is, by a link', async (_, name, flags, said) => {
    const files: Record<string, string> = {
      'app/Dockerfile': LOCAL,
      'app/Dockerfile.rego': 'package docker\n\nimport data.lib\n\ndecision := {"allow": lib.ok}\n',
      'app/lib.rego': 'package lib\n\nok := true\n',
    }
    delete files[name]
    const run = await attempt({ files, links: { [name]: '/etc/hostname' }, argv: ['check', ...flags, 'app'] })
    expect(run.exitCode, outputOf(run)).toBe(2)
    expect(outputOf(run)).toContain(said)
  })
})

describe('no code of a context runs', () => {
  /** Leaves a mark where it ran. */
  const script = (mark: string) => `#!/bin/sh\necho ran >> '${mark}'\n`

  it('whatever it is called', async () => {
    const mark = path.join(temporaryDirectory().path, 'ran')
    const js = `import { writeFileSync } from 'node:fs'\nwriteFileSync(${JSON.stringify(mark)}, 'ran')\nexport default () => ({ allow: true })\n`
    const names = [
      'Dockerfile.policy.js',
      'Dockerfile.js',
      'source-policy.config.js',
      'source-policy.config.mjs',
      '.source-policy.cjs',
      'index.js',
    ]
    const run = await attempt({
      files: {
        Dockerfile: LOCAL,
        'Dockerfile.rego': ALLOW,
        ...Object.fromEntries(names.map(name => [name, js])),
        'package.json': JSON.stringify({ type: 'module', main: 'index.js', scripts: { preinstall: script(mark) } }),
        '.npmrc': `node-options=--import ./index.js\nscript-shell=./index.js\n`,
        '.env': 'NODE_OPTIONS=--import ./index.js\n',
        'node_modules/@source-policy/engine-opa/index.js': js,
        'node_modules/commander/index.js': js,
      },
    })
    expect(run.exitCode, outputOf(run)).toBe(0)
    expect(existsSync(mark)).toBe(false)
  })

  it.each(['Dockerfile.policy.js', 'policy.mjs', 'policy.wasm', 'policy.sh'])(
    'even if it is named as a policy: %s',
    async name => {
      const run = await attempt({
        files: { Dockerfile: LOCAL, [name]: ALLOW },
        argv: ['check', '--policy', `filename=${name}`],
      })
      expect(run.exitCode, outputOf(run)).toBe(2)
    },
  )

  it('a repository that lies in the context does not set up the git of the host', async () => {
    const directory = temporaryDirectory({
      'Dockerfile.rego': 'package docker\n\ndecision := {"allow": input.git.commit.message == "x"}\n',
    })
    const mark = path.join(directory.path, 'ran')
    const evil = path.join(directory.path, 'evil.sh')
    writeFileSync(evil, script(mark))
    chmodSync(evil, 0o755)
    // the files of a bare repository can be committed like any others; git takes their settings where it finds them
    const checkout = path.join(directory.path, 'checkout')
    mkdirSync(checkout)
    execFileSync('git', ['init', '--quiet', '--bare', checkout])
    for (const setting of ['core.gitProxy', 'core.sshCommand', 'credential.helper', 'core.fsmonitor', 'core.askPass']) {
      execFileSync('git', ['config', '--file', path.join(checkout, 'config'), setting, evil])
    }
    const before = process.cwd()
    process.chdir(checkout)
    const transport = createTransport({ allowAddresses: ['127.0.0.1', registry.host], retries: 0 })
    try {
      const policy = await opaEngine().load({
        name: 'p',
        files: [{ path: 'p.rego', text: 'package docker\n\ndecision := {"allow": input.git.commit.message == "x"}\n' }],
        root: { read: async () => undefined },
        origin: 'operator',
      })
      const { evaluate } = createEvaluator({
        policies: [policy],
        resolvers: [gitResolver({ transport, git: { timeoutMs: 10_000 } })],
      })
      for (const url of ['git://git://127.0.0.1:1/x.git#main', 'git://ssh://git@127.0.0.1:1/x.git#main']) {
        const { decision } = await evaluate(url)
        expect(decision).toMatchObject({
          kind: 'undecided',
          errors: [{ message: expect.stringContaining('git ls-remote') as unknown }],
        })
      }
    } finally {
      process.chdir(before)
      await transport.close()
    }
    expect(existsSync(mark)).toBe(false)
    directory.remove()
  })
})

describe('credentials go where the operator sends them', () => {
  const auth = Buffer.from('user:operators-password').toString('base64')
  const config = () => JSON.stringify({ auths: { [registry.host]: { auth } } })
  const rego =
    'package docker\n\ndecision := {"allow": input.image.user == ""} if input.image\n\ndecision := {"allow": true} if input.local\n'
  const files = (own: Record<string, string>) => ({
    Dockerfile: `FROM ${registry.host}/base:1\n`,
    'Dockerfile.rego': rego,
    ...own,
  })
  const authorized = () => registry.log.filter(({ headers }) => headers.authorization !== undefined).length

  it('are used where the operator keeps them', async () => {
    await attempt({ files: files({}), allow: [registry.host], env: { DOCKER_AUTH_CONFIG: config() } })
    expect(authorized()).toBeGreaterThan(0)
  })

  it.each<[string, Record<string, string>, string[]]>([
    ['.docker/config.json', {}, ['.docker/config.json']],
    ['without a home', { HOME: '' }, ['.docker/config.json']],
    ['with a home that is no path', { HOME: '.' }, ['.docker/config.json']],
    ['other files', {}, ['config.json', '.dockercfg', 'auth.json', '.config/containers/auth.json']],
  ])('a context has none: %s', async (_, env, names) => {
    const before = process.cwd()
    const run = await attempt({
      files: files(Object.fromEntries(names.map(name => [name, config()]))),
      allow: [registry.host],
      env: { HOME: '/nonexistent', ...env },
      prepare: root => process.chdir(root),
    }).finally(() => process.chdir(before))
    expect(run.exitCode, outputOf(run)).toBe(3)
    expect(authorized()).toBe(0)
  })

  it('a context names no helper', async () => {
    const mark = path.join(temporaryDirectory().path, 'ran')
    const before = process.cwd()
    await attempt({
      files: files({
        '.docker/config.json': JSON.stringify({ credsStore: 'evil' }),
        'docker-credential-evil': `#!/bin/sh\necho ran > '${mark}'\n`,
      }),
      allow: [registry.host],
      env: { HOME: '' },
      prepare(root) {
        chmodSync(path.join(root, 'docker-credential-evil'), 0o755)
        process.chdir(root)
      },
    }).finally(() => process.chdir(before))
    expect(existsSync(mark)).toBe(false)
  })

  it.each(['github_attestation', 'artifact_attestation', 'verify_git_signature'])(
    'a context policy spends no token of the operator: %s',
    async name => {
      const call = `${name}(input.local, "x")`
      const run = await attempt({
        files: { Dockerfile: LOCAL, 'Dockerfile.rego': `package docker\n\ndecision := {"allow": true} if ${call}\n` },
        env: { GITHUB_TOKEN: 'operators-token', GH_TOKEN: 'operators-token' },
      })
      expect([2, 3]).toContain(run.exitCode)
      expect(outputOf(run)).not.toContain('operators-token')
    },
  )

  it('a context policy reads no environment and asks nobody', async () => {
    for (const call of [
      'opa.runtime()',
      'http.send({"method": "GET", "url": "http://127.0.0.1/"})',
      'net.lookup_ip_addr("localhost")',
      'rego.parse_module("a", "package a")',
      'trace("x")',
    ]) {
      const run = await attempt({
        files: { Dockerfile: LOCAL, 'Dockerfile.rego': `package docker\n\ndecision := {"allow": true} if ${call}\n` },
      })
      expect(run.exitCode, call).toBe(2)
    }
  })
})
