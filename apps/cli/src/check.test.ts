import { symlinkSync } from 'node:fs'
import path from 'node:path'
import { buildImage, type Registry, startRegistry } from '@source-policy/testkit'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { REPORT_SCHEMA } from './report-schema.ts'
import { regoPolicy, runCli, temporaryDirectory } from './run-cli.ts'

let registry: Registry
beforeAll(async () => {
  registry = await startRegistry()
  registry.push('base', buildImage(), '1')
  const onBuild = ['ADD https://triggers.example.com/x.tgz /', 'RUN true']
  registry.push('triggers', buildImage({ onBuild }), '1')
  registry.push('variables', buildImage({ env: ['MIRROR=https://mirror.example.com', 'PATH=/bin'] }), '1')
})
afterAll(() => registry.close())

type Files = Readonly<Record<string, string>>
interface RunOptions extends Omit<Parameters<typeof runCli>[1], 'cwd'> {
  /** Directory that the command runs in; default: that of the files. */
  readonly cwd?: string
  readonly prepare?: (root: string) => void
}

/** `source-policy check` with these flags in a directory with these files. */
async function check(files: Files, flags: readonly string[] = [], { cwd = '.', prepare, ...options }: RunOptions = {}) {
  const directory = temporaryDirectory(files)
  prepare?.(directory.path)
  const all = ['check', '--allow-address', registry.host, '--platform', 'linux/amd64', ...flags]
  const run = await runCli(all, { cwd: path.join(directory.path, cwd), ...options })
  directory.remove()
  return run
}

const dockerfile = 'FROM scratch\nADD https://a.example.com/x /\nADD https://b.example.com/y /\nCOPY . /\n'
const allowAll = 'package docker\n\ndecision := {"allow": true}'
const denyAll = 'package docker\n\ndecision := {"allow": false, "deny_msg": ["never"]}'

describe('the table', () => {
  const policy = `package docker

default allow := false

allow if input.local
allow if input.http.host == "a.example.com"

deny_msg contains "first reason" if input.http
deny_msg contains "second reason" if input.http

decision := {"allow": allow, "deny_msg": deny_msg}
`

  it('shows each source with its place, and the words of the policy', async () => {
    const { exitCode, stdout, stderr } = await check({ Dockerfile: dockerfile, 'Dockerfile.rego': policy })
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' })
    expect(stdout.replace(/\d+\.\d s/, '0.0 s')).toBe(
      [
        'Dockerfile.rego: 4 sources of Dockerfile for linux/amd64',
        '',
        '  allow  https://a.example.com/x  Dockerfile:2',
        '  deny   https://b.example.com/y  Dockerfile:3  first reason',
        '         second reason',
        '  allow  local dockerfile',
        '  allow  local context',
        '',
        'denied: 1 of 4 sources (0 requests, 0.0 s)',
        '',
      ].join('\n'),
    )
  })

  it('names the policy that denied where there are several', async () => {
    const { stdout } = await check({ Dockerfile: dockerfile, 'Dockerfile.rego': allowAll, 'org.rego': policy }, [
      '--policy',
      'filename=org.rego',
    ])
    expect(stdout).toContain('Dockerfile.rego, org.rego: 4 sources')
    expect(stdout).toContain('policy org.rego')
  })

  it.each([
    ['a terminal', { isTTY: true }, true],
    ['NO_COLOR', { isTTY: true, env: { NO_COLOR: '1' } }, false],
    ['a dumb terminal', { isTTY: true, env: { TERM: 'dumb' } }, false],
    ['a pipe', {}, false],
    ['FORCE_COLOR', { env: { FORCE_COLOR: '1' } }, true],
  ])('%s: colours %#', async (_, options, colored) => {
    const { stdout } = await check({ Dockerfile: dockerfile, 'Dockerfile.rego': policy }, [], options)
    expect(stdout.includes('\u001b[31m')).toBe(colored)
  })

  it('tells on a terminal how far it is, and nothing elsewhere', async () => {
    const files = { Dockerfile: `FROM ${registry.host}/base:1\n`, 'Dockerfile.rego': allowAll }
    const onTerminal = await check(files, [], { isTTY: true })
    expect(onTerminal.stderr).toMatch(/\r\u001b\[K3 of 3 sources decided, \d+ requests/)
    expect(onTerminal.stderr.endsWith('\r\u001b[K')).toBe(true)
    expect((await check(files)).stderr).toBe('')
  })

  it('prints foreign text as text', async () => {
    const hostile = `FROM scratch\nADD "https://a.example.com/\u202ex" /\n`
    const message = '::error::\\u001b[31m red\\n::set-output name=a::b'
    const { exitCode, stdout, stderr } = await check({
      Dockerfile: hostile,
      'Dockerfile.rego': `package docker\n\ndecision := {"allow": false, "deny_msg": [msg]} if {\n\tmsg := "${message}"\n\tprint(msg)\n}`,
    })
    expect(exitCode).toBe(1)
    for (const text of [stdout, stderr]) {
      expect(text).not.toMatch(/[\u001b\u202e]/)
      expect(text).not.toMatch(/^\s*::/m)
    }
    expect(stdout).toContain(':\\u{3a}error:\\u{3a}\\u{1b}[31m red\\n')
  })

  it('shows no credentials', async () => {
    const secret = 'FROM scratch\nADD https://user:hunter2@a.example.com/x?token=hunter2 /\n'
    for (const format of ['text', 'json']) {
      const rego =
        'package docker\n\ndecision := {"allow": false, "deny_msg": [input.http.url]} if print(input.http.url)\n\n' +
        'decision := {"allow": true} if input.local'
      const files = { Dockerfile: secret, 'Dockerfile.rego': rego }
      const { exitCode, stdout, stderr } = await check(files, ['--format', format, '--log-level', 'debug'])
      expect({ exitCode, isShown: /hunter2/.test(stdout + stderr) }).toEqual({ exitCode: 1, isShown: false })
    }
  })
})

it('decides an image for each version of Windows that is built for', async () => {
  const { stdout } = await check(
    {
      Dockerfile:
        'FROM --platform=windows(10.0.17763)/amd64 x.example.com/a AS a\nFROM --platform=windows(10.0.20348)/amd64 x.example.com/a\nCOPY --from=a / /\n',
      'Dockerfile.rego': allowAll,
    },
    ['--format', 'json'],
  )
  const { sources } = JSON.parse(stdout) as { sources: { identifier: string }[] }
  expect(sources.filter(({ identifier }) => identifier.endsWith('x.example.com/a:latest'))).toHaveLength(2)
})

describe('a Dockerfile that is a link', () => {
  const good = 'FROM scratch\nADD https://good.example.com/x /\n'
  const evil = 'FROM scratch\nADD https://evil.example.com/x /\n'
  const run = async (file: string, target: (root: string) => string, files: Files) => {
    const prepare = (root: string) => symlinkSync(target(root), path.join(root, file))
    const flags = ['--file', file, '--format', 'json', '--policy', 'filename=cwd://allow.rego']
    const { exitCode, stdout, stderr } = await check({ 'allow.rego': allowAll, ...files }, flags, { prepare })
    if (exitCode !== 0) return stderr
    return /https:\/\/(\w+)\.example\.com/.exec(stdout)?.[1]
  }

  it.each<[string, string, (root: string) => string]>([
    ['beside it', 'Dockerfile', () => 'real/good'],
    ['from its directory, which is the root of the build', 'Dockerfile', () => '/real/good'],
    ['by way of ..', 'Dockerfile', () => '../../real/up/good'],
  ])('is read %s', async (_, file, target) => {
    expect(await run(file, target, { 'real/good': good, 'real/up/good': good })).toBe('good')
  })

  it('is what the build finds, which has nothing but its directory', async () => {
    const files = { 'other/Dockerfile': good, 'sub/other/Dockerfile': evil }
    expect(await run('sub/Dockerfile', () => '../other/Dockerfile', files)).toBe('evil')
    const absolute = (root: string) => path.join(root, 'other/Dockerfile')
    expect(await run('Dockerfile', absolute, files)).toContain('no Dockerfile')
  })
})

describe('policies', () => {
  const files = { Dockerfile: dockerfile, 'Dockerfile.rego': allowAll, 'deny.rego': denyAll, 'allow.rego': allowAll }

  it.each([
    [0, 'the one beside the Dockerfile', []],
    [1, 'an operator denies what the context allows', ['--policy', 'filename=deny.rego']],
    [1, 'all must allow', ['--policy', 'filename=allow.rego', '--policy', 'filename=deny.rego']],
    [0, 'an absolute path within the context', ['--policy', 'filename=<root>/allow.rego']],
    [0, 'a path from the working directory', ['--policy', 'filename=cwd://allow.rego']],
    [0, 'settings for a policy', ['--policy', 'strict=true,log-level=debug']],
    [2, 'a file that is not there', ['--policy', 'filename=missing.rego']],
    [2, 'a file of another language', ['--policy', 'filename=policy.cue']],
    [2, 'a file outside of the context', ['--policy', 'filename=../x.rego']],
    [2, 'a file outside of the working directory', ['--policy', 'filename=cwd://../x.rego']],
    [2, 'a file by a link that leads out', ['--policy', 'filename=link.rego']],
    [2, 'a value that says nothing', ['--policy', 'deny.rego']],
    [2, 'disabled beside others', ['--policy', 'disabled=true', '--policy', 'filename=allow.rego']],
  ])('%i: %s', async (exitCode, _, flags) => {
    const directory = temporaryDirectory(files)
    symlinkSync('/etc/hostname', path.join(directory.path, 'link.rego'))
    const { stdout, ...run } = await runCli(
      ['check', ...flags.map(flag => flag.replace('<root>', directory.path)), '.'],
      { cwd: directory.path },
    )
    directory.remove()
    expect(run.exitCode, stdout + run.stderr).toBe(exitCode)
  })

  it('forgets the one of the context where told so', async () => {
    const denied = { Dockerfile: dockerfile, 'Dockerfile.rego': denyAll, 'org.rego': allowAll }
    expect((await check(denied, ['--policy', 'filename=org.rego'])).exitCode).toBe(1)
    expect((await check(denied, ['--policy', 'reset=true,filename=org.rego'])).exitCode).toBe(0)
  })

  it('takes the modules of a policy of the working directory from there, never from the context', async () => {
    const main = 'package docker\n\nimport data.lib\n\ndecision := {"allow": lib.ok}'
    const run = (lib: Files) =>
      check({ 'app/Dockerfile': dockerfile, 'app/lib.rego': 'package lib\n\nok := true', 'org.rego': main, ...lib }, [
        '--policy',
        'filename=cwd://org.rego',
        'app',
      ])
    expect((await run({ 'lib.rego': 'package lib\n\nok := false' })).exitCode).toBe(1)
    expect((await run({})).exitCode).toBe(2)
  })

  it('does not read a policy beside the Dockerfile that is a link out of the context', async () => {
    const prepare = (root: string) => symlinkSync('/etc/hostname', path.join(root, 'Dockerfile.rego'))
    const { exitCode, stderr } = await check({ Dockerfile: dockerfile }, [], { prepare })
    expect(exitCode).toBe(2)
    expect(stderr).toContain('outside')
  })

  it('shows where a policy does not compile', async () => {
    const { exitCode, stderr } = await check({
      Dockerfile: dockerfile,
      'Dockerfile.rego': 'package docker\n\nallow if inputt.local\n\ndecision := {"allow": allow}',
    })
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(
      /^error: Dockerfile\.rego:3: rego_unsafe_var_error: [^\n]*\n {4}allow if inputt\.local\n {13}\^\n$/,
    )
  })

  it('shows where a policy fails', async () => {
    const { exitCode, stdout } = await check({
      Dockerfile: dockerfile,
      'Dockerfile.rego':
        'package docker\n\nallow := true\n\nallow := false if input.http\n\ndecision := {"allow": allow}',
    })
    expect(exitCode).toBe(2)
    expect(stdout).toMatch(
      /broken {2}https:\/\/a\.example\.com\/x {2}Dockerfile:2\n *Dockerfile\.rego:5: eval_conflict_error[^\n]*\n *allow := false if input\.http\n *\^/,
    )
  })

  it.each([
    ['info', [], true],
    ['warn', ['--log-level', 'warn'], false],
    ['its own level', ['--policy', 'log-level=error'], false],
    ['its own level over the general one', ['--policy', 'log-level=info', '--log-level', 'error'], true],
  ])('prints are shown by level: %s', async (_, flags, shown) => {
    const rego = 'package docker\n\ndecision := {"allow": true} if print("seen", input.local.name)'
    const { stderr } = await check({ Dockerfile: 'FROM scratch\nCOPY . /\n', 'Dockerfile.rego': rego }, flags)
    expect(stderr.includes('info: Dockerfile.rego:3: seen context\n')).toBe(shown)
  })
})

describe('the build', () => {
  const env = 'package docker\n\ndecision := {"allow": input.env == expected, "deny_msg": [json.marshal(input.env)]}'

  it('is shown to the policy', async () => {
    const expected = {
      args: { A: '1', B: 'from env' },
      labels: { l: 'v' },
      filename: 'app.Dockerfile',
      target: 'x',
      depth: 0,
    }
    const rego = `${env}\n\nexpected := ${JSON.stringify(expected)}`
    const files = { 'app.Dockerfile': 'FROM scratch AS x\nCOPY . /\nFROM scratch\n', 'app.Dockerfile.rego': rego }
    const flags = [
      '-f',
      'app.Dockerfile',
      '--build-arg',
      'A=1',
      '--build-arg',
      'B',
      '--build-arg',
      'C',
      '--label',
      'l=v',
    ]
    const { exitCode, stdout } = await check(files, [...flags, '--target', 'x'], { env: { B: 'from env' } })
    expect(exitCode, stdout).toBe(0)
  })

  it.each([
    ['Dockerfile', 'dockerfile', [], ''],
    ['dockerfile', 'dockerfile', ['-f', 'dockerfile'], ''],
    ['a#b', 'sub/a#b', ['-f', './sub/a#b'], ''],
    ['-', 'x', ['-f', '-'], 'FROM scratch\n'],
  ])('has its Dockerfile called %j: %s', async (filename, file, flags, stdin) => {
    const rego = `package docker\n\ndecision := {"allow": input.env.filename == ${JSON.stringify(filename)}}`
    const files = { [file]: 'FROM scratch\n', 'org.rego': rego }
    const policy = ['--no-context-policy', '--policy', 'filename=org.rego']
    const { exitCode, stdout, stderr } = await check(files, [...policy, ...flags], { stdin })
    expect(exitCode, stdout + stderr).toBe(0)
  })

  it('is for the platform and the time of the environment where flags say nothing', async () => {
    const rego = `package docker\n\ndecision := {"allow": input.env.args.SOURCE_DATE_EPOCH == "7", "deny_msg": [json.marshal(input)]}`
    const directory = temporaryDirectory({ Dockerfile: 'FROM scratch\n', 'Dockerfile.rego': rego })
    const env = { SOURCE_DATE_EPOCH: '7', DOCKER_DEFAULT_PLATFORM: 'linux/arm64' }
    const run = (...flags: string[]) => runCli(['check', ...flags], { cwd: directory.path, env })
    const silent = await run()
    const told = await run('--platform', 'linux/amd64', '--build-arg', 'SOURCE_DATE_EPOCH=8')
    directory.remove()
    expect(silent.exitCode, silent.stdout).toBe(0)
    expect(silent.stdout).toContain('for linux/arm64\n')
    expect(told.exitCode).toBe(1)
    expect(told.stdout).toContain('for linux/amd64\n')
  })

  it('is of a directory where there is one that is called like a repository', async () => {
    const files = { 'github.com/a/b/Dockerfile': 'FROM scratch\n', 'github.com/a/b/Dockerfile.rego': allowAll }
    const { exitCode, stdout, stderr } = await check(files, ['--offline', 'github.com/a/b'])
    expect(exitCode, stdout + stderr).toBe(0)
    expect(stdout).toContain('local context')
  })

  it.each([
    [0, 'standard input', ['-f', '-', '--policy', 'filename=org.rego'], { 'org.rego': allowAll }, 'FROM scratch\n'],
    [0, 'lower case', [], { dockerfile: 'FROM scratch\n', 'dockerfile.rego': allowAll }, ''],
    [0, 'a context below', ['app'], { 'app/Dockerfile': 'FROM scratch\n', 'app/Dockerfile.rego': allowAll }, ''],
    [2, 'no Dockerfile', [], { 'Dockerfile.rego': allowAll }, ''],
    [2, 'no context', ['missing'], {}, ''],
    [2, 'a Dockerfile that is none', [], { Dockerfile: 'FORM scratch\n', 'Dockerfile.rego': allowAll }, ''],
    [
      2,
      'a stage that is not there',
      ['--target', 'x'],
      { Dockerfile: 'FROM scratch\n', 'Dockerfile.rego': allowAll },
      '',
    ],
  ] as const)('%i: Dockerfile from %s', async (exitCode, _, flags, files, stdin) => {
    const run = await check(files, flags, { stdin })
    expect(run.exitCode, run.stdout + run.stderr).toBe(exitCode)
  })

  it('is decided for each platform', async () => {
    const files = {
      Dockerfile: `FROM ${registry.host}/base:1\n`,
      'Dockerfile.rego': regoPolicy('allow if input.image.arch == "amd64"'),
    }
    const { exitCode, stdout } = await check(files, ['--platform', 'linux/arm64'])
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/allow +127\S+ \(linux\/amd64\)/)
    expect(stdout).toMatch(/deny +127\S+ \(linux\/arm64\)/)
  })

  it.each([
    ['context', '--build-context', 'lib=docker-image://<registry>/other:1', 'other:1'],
    [
      'context by its whole name',
      '--build-context',
      'docker.io/library/lib:latest=docker-image://<registry>/other:1',
      'other:1',
    ],
    ['directory', '--build-context', 'lib=app', 'local lib'],
    ['directory of a name that every build has', '--build-context', 'dockerfile=app', 'local _dockerfile'],
  ])('takes a named %s', async (_, flag, value, name) => {
    const from = value.slice(0, value.indexOf('='))
    const files = { Dockerfile: `FROM scratch\nCOPY --from=${from} / /\n`, 'app/x': '', 'Dockerfile.rego': denyAll }
    const { stdout } = await check(files, [flag, value.replace('<registry>', registry.host)])
    expect(stdout).toContain(name)
  })

  it('takes triggers of a base image into account', async () => {
    const files = {
      Dockerfile: `FROM ${registry.host}/triggers:1\n`,
      'Dockerfile.rego': regoPolicy('allow if input.image'),
    }
    const { exitCode, stdout } = await check(files)
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/deny +https:\/\/triggers\.example\.com\/x\.tgz/)
  })

  it('takes variables of a base image into account', async () => {
    const files = {
      Dockerfile: `FROM ${registry.host}/variables:1\nADD $MIRROR/x /\n`,
      'Dockerfile.rego': regoPolicy('allow if input.image\n\nallow if input.http.host == "mirror.example.com"'),
    }
    const { exitCode, stdout } = await check(files)
    expect(exitCode, stdout).toBe(0)
    expect(stdout).toContain('https://mirror.example.com/x')
  })

  it('stays undecided where a base image cannot be looked into', async () => {
    const files = {
      Dockerfile: `FROM ${registry.host}/missing:1\nADD $MIRROR/x /\n`,
      'Dockerfile.rego': regoPolicy('allow if input.image'),
    }
    const { exitCode, stdout } = await check(files, ['--format', 'json'])
    const { undetermined } = JSON.parse(stdout) as { undetermined: { error: { code: string } }[] }
    expect({ exitCode, codes: undetermined.map(({ error }) => error.code) }).toMatchObject({
      exitCode: 3,
      codes: expect.arrayContaining(['undetermined_env']) as unknown,
    })
  })

  it('stays undecided where another frontend reads the file', async () => {
    const files = { Dockerfile: '# syntax=example.com/frontend:1\nFROM scratch\n', 'Dockerfile.rego': allowAll }
    const { exitCode, stdout } = await check(files)
    expect(exitCode, stdout).toBe(3)
    expect(stdout).toMatch(/^undecided: /m)
  })
})

describe('the run', () => {
  const withRegistry = () => ({
    Dockerfile: `FROM ${registry.host}/base:1\n`,
    'Dockerfile.rego': regoPolicy('allow if input.image.labels == {}'),
  })

  it('contacts no loopback address that is not listed', async () => {
    registry.clearLog()
    const directory = temporaryDirectory(withRegistry())
    const { exitCode, stdout } = await runCli(['check', '--format', 'json'], { cwd: directory.path })
    directory.remove()
    expect({ exitCode, requests: registry.log.length }).toEqual({ exitCode: 3, requests: 0 })
    expect(stdout).toContain('address_forbidden')
  })

  it('ends when its time is over', async () => {
    registry.faults.add({ match: '/v2/base/manifests/1', fault: { kind: 'stall' }, times: 1 })
    const { exitCode, stdout } = await check(withRegistry(), ['--timeout', '300ms', '--format', 'json'])
    registry.faults.clear()
    expect(exitCode).toBe(3)
    expect(stdout).toContain('"timeout"')
  })

  it('ends when it is interrupted', async () => {
    registry.faults.add({ match: '/v2/base/manifests/1', fault: { kind: 'stall' }, times: 1 })
    const signal = AbortSignal.timeout(300)
    const { exitCode, stdout } = await check(withRegistry(), [], { signal })
    registry.faults.clear()
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: '' })
  })

  it('tells at level debug what each round had, lacked and decided, and each request', async () => {
    const rules = { 'Dockerfile.rego': regoPolicy('allow if input.image.checksum') }
    const { exitCode, stderr } = await check({ ...withRegistry(), ...rules }, ['--log-level', 'debug'])
    expect(exitCode).toBe(0)
    const lines = stderr.split('\n').filter(line => line.includes('/base:1: '))
    const told = lines.map(line => line.slice(line.indexOf('/base:1: ') + '/base:1: '.length))
    expect(told.filter(line => !/^(?:input|unknown) /.test(line))).toEqual([
      'round 1 of Dockerfile.rego',
      'missing input.image.checksum',
      'round 2 of Dockerfile.rego',
      'verdict allow',
    ])
    expect(stderr).toMatch(/debug: GET http:\S+\/v2\/base\/manifests\/1: 200, \d+ bytes/)
    expect(stderr).toMatch(/input \{"env":.*"image":\{/)
  })

  it.each([
    ['an unknown option', ['--nonsense']],
    ['a format that is none', ['--format', 'xml']],
    ['a platform that is none', ['--platform', 'not-a-platform']],
    ['a duration that is none', ['--timeout', 'soon']],
    ['a certificate file that is not there', ['--ca', 'missing.pem']],
    ['an address that is none', ['--allow-address', 'a b']],
    ['two contexts', ['.', '.']],
    ['a build argument without name', ['--build-arg', '=x']],
    ['a named context that is neither URL nor directory', ['--build-context', 'a=missing']],
    ['a named context that no image could be called', ['--build-context', 'A b=.']],
    ['a build context of another scheme', ['ftp://example.com/x']],
  ])('refuses %s', async (_, flags) => {
    const { exitCode, stdout, stderr } = await check(
      { Dockerfile: 'FROM scratch\n', 'Dockerfile.rego': allowAll },
      flags,
    )
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toMatch(/^error: \S/)
  })
})

describe('--format json', () => {
  const validate = new Ajv2020({ allErrors: true }).compile(REPORT_SCHEMA)

  it.each([
    ['allowed', 0, `FROM scratch\nCOPY . /\n`, allowAll],
    ['allowed', 0, 'FROM <registry>/base:1\n', regoPolicy('allow if input.image.checksum')],
    ['allowed', 0, 'FROM <registry>/base:1\n', regoPolicy('allow if pin_image(input.image, "<digest>")')],
    ['denied', 1, dockerfile, denyAll],
    ['undecided', 3, 'FROM <registry>/missing:1\n', regoPolicy('allow if input.image.labels.x')],
    ['undecided', 3, '# syntax=example.com/frontend:1\nFROM scratch\n', allowAll],
    ['broken', 2, dockerfile, 'package docker\n\ndecision := 1'],
    ['broken', 2, dockerfile, 'package docker\n\ndecision := '],
  ])('%s: %i', async (outcome, code, from, rego) => {
    const files = {
      Dockerfile: from.replace('<registry>', registry.host),
      'Dockerfile.rego': rego.replace('<digest>', buildImage().digest),
    }
    const { exitCode, stdout } = await check(files, ['--format', 'json'])
    const document = JSON.parse(stdout) as { outcome: string; exitCode: number }
    expect(validate(document), JSON.stringify(validate.errors)).toBe(true)
    expect(exitCode).toBe(code)
    expect(document).toMatchObject({ exitCode: code, outcome })
  })
})

describe('a builtin that fails', () => {
  const rego =
    'package docker\n\ndefault allow := true\n\nallow := false if to_number("x") > 1\n\ndecision := {"allow": allow}\n'

  it('is told once, with its place and reason', async () => {
    const { exitCode, stderr } = await check({ Dockerfile: dockerfile, 'Dockerfile.rego': rego })
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(/^warn: Dockerfile\.rego:5:19: [^\n]*to_number[^\n]*\n$/)
  })

  it('stands in the report of each source', async () => {
    const { stdout } = await check({ Dockerfile: dockerfile, 'Dockerfile.rego': rego }, ['--format', 'json'])
    const { sources } = JSON.parse(stdout) as { sources: { report: { warnings: string[] } }[] }
    expect(sources.map(({ report }) => report.warnings.length)).toEqual([1, 1, 1, 1])
  })
})

describe('what policies ask of a builder', () => {
  it.each([
    [
      'exec.proxy',
      'decision := {"allow": true, "caps": {"exec.proxy": input.env.capsRequest}} if input.env.capsRequest\n\ndecision := {"allow": true} if not input.env.capsRequest',
      0,
    ],
    ['docker buildx does not build', 'decision := {"allow": true} if input.local', 0],
    ['unknown policy cap', 'decision := {"allow": true, "caps": {"x": true}} if input.env.capsRequest', 2],
  ])('%s', async (text, rules, code) => {
    const files = { Dockerfile: 'FROM scratch\nCOPY . /\n', 'Dockerfile.rego': `package docker\n\n${rules}\n` }
    const { exitCode, stdout, stderr } = await check(files, ['--format', 'json'])
    expect(exitCode, stdout).toBe(code)
    expect(stderr).toContain(text)
    if (code === 0) expect((JSON.parse(stdout) as { notices: string[] }).notices.join()).toContain(text)
  })
})
