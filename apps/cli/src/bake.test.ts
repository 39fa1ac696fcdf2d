import { symlinkSync } from 'node:fs'
import path from 'node:path'
import { buildImage, type Registry, startRegistry } from '@source-policy/testkit'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { REPORT_SCHEMA } from './report-schema.ts'
import { regoPolicy, runCli, temporaryDirectory } from './run-cli.ts'

type Files = Readonly<Record<string, string>>

interface Report {
  readonly outcome: string
  readonly policies: readonly string[]
  readonly error?: { readonly code: string; readonly message: string }
  readonly sources: readonly {
    readonly identifier: string
    readonly targets?: readonly string[]
    readonly places: readonly { file: string; line: number }[]
    readonly decision: { readonly kind: string; readonly policy?: string }
  }[]
  readonly undetermined: readonly { readonly text: string; readonly error: { readonly code: string } }[]
}

const ALLOW = 'package docker\n\ndecision := {"allow": true}\n'
const DENY = 'package docker\n\ndecision := {"allow": false, "deny_msg": ["never"]}\n'

let registry: Registry
beforeAll(async () => {
  registry = await startRegistry()
  for (const name of ['a', 'b', 'c']) registry.push(name, buildImage({ labels: { name } }), '1')
})
beforeEach(() => registry.clearLog())
afterAll(() => registry.close())

interface Options {
  readonly env?: Record<string, string>
  readonly stdin?: string
  readonly prepare?: (root: string) => void
}

async function bake(document: unknown, files: Files, flags: readonly string[] = [], options: Options = {}) {
  const text = typeof document === 'string' ? document : JSON.stringify(document)
  const directory = temporaryDirectory({ 'docker-bake.json': text, ...files })
  options.prepare?.(directory.path)
  const common = ['check', '--bake', options.stdin === undefined ? 'docker-bake.json' : '-']
  const argv = [...common, '--allow-address', registry.host, '--format', 'json', ...flags]
  const { stdout, ...run } = await runCli(argv, { cwd: directory.path, ...options })
  directory.remove()
  return { ...run, stdout, report: (stdout === '' ? {} : JSON.parse(stdout)) as Report }
}

const from = (...names: string[]) => names.map(name => `FROM ${registry.host}/${name}:1\n`).join('')
const labelled = (...names: string[]) =>
  regoPolicy(`allow if input.image.labels.name in ${JSON.stringify(names)}\n\nallow if input.http`)

describe('check --bake', () => {
  it('decides each source once over all targets, with every place and target', async () => {
    const target = (context: string) => ({ context, platforms: ['linux/amd64'] })
    const { exitCode, stdout, report } = await bake(
      { group: { default: { targets: ['x', 'y'] } }, target: { x: target('x'), y: target('y'), z: target('missing') } },
      {
        'x/Dockerfile': `${from('a')}COPY --from=${registry.host}/b:1 / /\n`,
        'y/Dockerfile': from('b', 'a'),
        'x/Dockerfile.rego': labelled('a', 'b'),
        'y/Dockerfile.rego': labelled('a', 'b'),
      },
    )
    expect(exitCode, stdout).toBe(0)
    const images = report.sources.filter(({ identifier }) => identifier.startsWith('docker-image'))
    expect(images).toMatchObject([
      {
        identifier: expect.stringContaining('/a:1') as string,
        targets: ['x', 'y'],
        places: [{ file: 'x/Dockerfile' }, { file: 'y/Dockerfile' }],
      },
      { identifier: expect.stringContaining('/b:1') as string, targets: ['x'] },
    ])
    const asked = registry.contentRequests().map(({ method, path }) => `${method} ${path}`)
    expect(asked).toEqual([...new Set(asked)])
  })

  it('shows a source once for each decision, with its targets', async () => {
    const { exitCode, report } = await bake(
      { target: { default: { context: 'x', contexts: { y: 'target:y' } }, y: { context: 'y' } } },
      {
        'x/Dockerfile': `${from('a')}COPY --from=y / /\n`,
        'y/Dockerfile': from('a'),
        'x/Dockerfile.rego': ALLOW,
        'y/Dockerfile.rego': regoPolicy('allow if input.http'),
      },
    )
    expect(exitCode).toBe(1)
    const decided = report.sources.filter(({ identifier }) => identifier.includes('/a:1'))
    expect(decided.map(({ decision, targets }) => [decision.kind, targets])).toEqual([
      ['allow', ['default']],
      ['deny', ['y']],
    ])
  })

  it('names the targets under what is denied', async () => {
    const directory = temporaryDirectory({
      'docker-bake.json': JSON.stringify({ target: { default: { context: 'y' } } }),
      'y/Dockerfile': 'FROM scratch\nCOPY . /\n',
      'y/Dockerfile.rego': DENY,
    })
    const { stdout } = await runCli(['check', '--bake', 'docker-bake.json', '--platform', 'linux/amd64'], {
      cwd: directory.path,
    })
    directory.remove()
    expect(stdout).toContain('Dockerfile.rego: 2 sources of docker-bake.json for linux/amd64')
    expect(stdout).toMatch(/deny {2}local context +never\n +target default\n/)
  })

  it('prints a document of its schema', async () => {
    const validate = new Ajv2020({ allErrors: true }).compile(REPORT_SCHEMA)
    const { stdout } = await bake({ target: { default: {} } }, { Dockerfile: from('a'), 'Dockerfile.rego': ALLOW })
    expect(validate(JSON.parse(stdout)), JSON.stringify(validate.errors)).toBe(true)
  })

  it('reads standard input, as bake prints it', async () => {
    const stdin = JSON.stringify({
      group: { default: { targets: ['app'] } },
      target: { app: { context: '.', dockerfile: 'app.Dockerfile' } },
    })
    const files = { 'app.Dockerfile': from('a'), 'app.Dockerfile.rego': ALLOW }
    expect((await bake({}, files, [], { stdin })).exitCode).toBe(0)
    const none = await bake({}, files, ['other'], { stdin })
    expect(none.report.error?.code).toBe('target_not_found')
  })

  it('gives targets what they say: stage, arguments, platforms, contexts, inline Dockerfile', async () => {
    const { exitCode, stdout, report } = await bake(
      {
        target: {
          default: {
            context: 'x',
            dockerfile: 'x.Dockerfile',
            target: 'wanted',
            args: { NAME: 'a' },
            labels: { l: '1' },
            platforms: ['linux/amd64'],
            contexts: { lib: `docker-image://${registry.host}/c:1`, dir: 'x' },
          },
        },
      },
      {
        'x/x.Dockerfile': `ARG NAME\nFROM ${registry.host}/$NAME:1 AS wanted\nCOPY --from=lib / /\nCOPY --from=dir / /\n${from('b')}`,
        'x/x.Dockerfile.rego': `package docker\n\ndecision := {"allow": true} if input.env == {"args": {"NAME": "a"}, "labels": {"l": "1"}, "filename": "x.Dockerfile", "target": "wanted", "depth": 0}\n`,
      },
    )
    expect(exitCode, stdout).toBe(0)
    expect(report.sources.map(({ identifier }) => identifier.replace(registry.host, '<registry>'))).toEqual([
      'local://dockerfile',
      'local://context',
      'docker-image://<registry>/a:1',
      'docker-image://<registry>/c:1',
      'local://dir',
    ])
  })

  it.each([
    ['a', 'c:1'],
    ['a:latest', 'a:latest'],
  ])('has a context named %s stand for %s: bake looks for names as they are written', async (name, image) => {
    registry.push('a', buildImage({ labels: { name: 'a' } }), 'latest')
    const contexts = { [`${registry.host}/${name}`]: `docker-image://${registry.host}/c:1` }
    const { report } = await bake(
      { target: { default: { contexts } } },
      { Dockerfile: `FROM ${registry.host}/a\n`, 'Dockerfile.rego': ALLOW },
    )
    expect(report.sources.at(-1)?.identifier).toBe(`docker-image://${registry.host}/${image}`)
  })

  it('gives targets the time of the environment where they say none', async () => {
    const target = { x: { context: 'x' }, y: { context: 'x', args: { SOURCE_DATE_EPOCH: '8' } } }
    const policy = 'package docker\n\ndecision := {"allow": input.env.args.SOURCE_DATE_EPOCH == "7"}\n'
    const files = { 'x/Dockerfile': 'FROM scratch\n', 'x/Dockerfile.rego': policy }
    const decide = async (name: string) =>
      (await bake({ target }, files, [name], { env: { SOURCE_DATE_EPOCH: '7' } })).exitCode
    expect([await decide('x'), await decide('y')]).toEqual([0, 1])
  })

  it('decides inline Dockerfiles by what the bake file names', async () => {
    const files = { 'policies/all.rego': ALLOW, 'Dockerfile.rego': DENY }
    const target = { 'dockerfile-inline': from('a'), policy: ['policies/all.rego'] }
    const { exitCode, report } = await bake({ target: { default: target } }, files)
    expect(exitCode).toBe(0)
    expect(report.sources.at(-1)?.places[0]?.file).toBe('inline Dockerfile of default')
    expect((await bake({ target: { default: { ...target, policy: [] } } }, files)).report.error?.code).toBe('no_policy')
  })

  it('reads a Dockerfile of the working directory by cwd://, wherever the context is', async () => {
    const { report } = await bake(
      { target: { default: { context: 'x', dockerfile: 'cwd://y' } } },
      { y: from('a'), 'x/cwd:/y': from('b'), 'org.rego': ALLOW },
      ['--policy', 'filename=cwd://org.rego'],
    )
    expect(report.sources.map(({ identifier }) => identifier)).toContain(`docker-image://${registry.host}/a:1`)
  })

  it.each<[string, (generator: string) => unknown]>([
    ['as text', generator => `type=sbom,generator=${generator}`],
    ['in another case', generator => ` Type=sbom,generator=${generator}`],
    ['as an object', generator => ({ type: 'sbom', generator, x: 'y,type=provenance' })],
  ])('decides the generator of an SBOM, %s', async (_, attest) => {
    const { report } = await bake(
      { target: { default: { attest: [attest(`${registry.host}/c:1`)] } } },
      { Dockerfile: 'FROM scratch\n', 'Dockerfile.rego': labelled('a') },
    )
    expect(report.sources.find(({ identifier }) => identifier.endsWith('/c:1'))?.decision.kind).toBe('deny')
  })

  it('stays undecided where a target leaves triggers to those that are built on it', async () => {
    const run = (dockerfile: string) =>
      bake(
        { target: { default: { context: 'x', contexts: { base: 'target:base' } }, base: { context: 'base' } } },
        {
          'x/Dockerfile': 'FROM base\n',
          'base/Dockerfile': dockerfile,
          'x/Dockerfile.rego': ALLOW,
          'base/Dockerfile.rego': ALLOW,
        },
      )
    expect((await run(from('a'))).exitCode).toBe(0)
    const { exitCode, report } = await run(`${from('a')}ONBUILD ADD https://example.com/x /\n`)
    expect(exitCode).toBe(3)
    expect(report.undetermined.map(({ error }) => error.code)).toEqual(['undetermined_input'])
  })

  it('tells in which target something is wrong', async () => {
    const { exitCode, report } = await bake({ target: { default: { context: 'missing' } } }, {})
    expect(exitCode).toBe(2)
    expect(report.error?.message).toMatch(/^target default: /)
  })

  it('says how to have HCL printed', async () => {
    const { exitCode, report } = await bake('target "default" {\n}\n', {})
    expect({ exitCode, code: report.error?.code }).toEqual({ exitCode: 2, code: 'hcl_unsupported' })
    expect(report.error?.message).toContain('docker buildx bake --print')
  })

  it.each([
    ['a Dockerfile', ['-f', 'Dockerfile']],
    ['a stage', ['--target', 'x']],
    ['arguments', ['--build-arg', 'A=1']],
    ['contexts', ['--build-context', 'a=.']],
  ])('does not take %s for all targets', async (_, flags) => {
    const { report } = await bake(
      { target: { default: {} } },
      { Dockerfile: from('a'), 'Dockerfile.rego': ALLOW },
      flags,
    )
    expect(report.error?.code).toBe('usage')
  })
})

describe('policies of a bake file', () => {
  const files: Files = {
    Dockerfile: 'FROM scratch\nCOPY . /\n',
    'Dockerfile.rego': ALLOW,
    'deny.rego': DENY,
    'allow.rego': ALLOW,
    'org.rego': DENY,
  }
  const run = (policy: unknown, flags: readonly string[] = [], more: Files = {}) =>
    bake({ target: { default: { policy } } }, { ...files, ...more }, flags)

  it('are those of the context: they take away nothing of the operator', async () => {
    const operator = ['--policy', 'filename=cwd://org.rego']
    expect((await run([])).exitCode).toBe(0)
    for (const policy of [[], ['reset=true,filename=allow.rego'], ['disabled=true'], ['allow.rego']]) {
      const { exitCode, report } = await run(policy, operator)
      expect({ exitCode, by: report.sources[0]?.decision.policy }).toEqual({ exitCode: 1, by: 'cwd://org.rego' })
    }
  })

  it('are ignored where the operator ignores those of contexts', async () => {
    const { exitCode } = await run(['deny.rego'], ['--no-context-policy', '--policy', 'filename=cwd://allow.rego'])
    expect(exitCode).toBe(0)
  })

  it('are relative to the context of each target, which they do not leave', async () => {
    const prepare = (root: string) => symlinkSync('/etc/hostname', path.join(root, 'link.rego'))
    const linked = await bake({ target: { default: { policy: ['link.rego'] } } }, files, [], { prepare })
    expect(linked.report.error?.code).toBe('outside_root')
    const other = await bake(
      { target: { default: { context: 'x', policy: ['own.rego'] } } },
      { 'x/Dockerfile': 'FROM scratch\n', 'x/own.rego': ALLOW },
    )
    expect(other.exitCode).toBe(0)
  })
})

describe('compose files', () => {
  const compose = (build: string) => `services:\n  web:\n    build:\n${build}`

  it('are checked by the directory that they lie in', async () => {
    const directory = temporaryDirectory({
      'deploy/compose.yaml': compose(`      context: ./web\n      args:\n        NAME: a\n`),
      'deploy/web/Dockerfile': `ARG NAME\nFROM ${registry.host}/$NAME:1\n`,
      'deploy/web/Dockerfile.rego': labelled('a'),
    })
    const argv = ['check', '--bake', 'deploy/compose.yaml', '--allow-address', registry.host]
    const { exitCode, stdout } = await runCli(argv, { cwd: directory.path })
    directory.remove()
    expect(exitCode, stdout).toBe(0)
    expect(stdout).toContain('deploy/web/Dockerfile:2')
  })

  it('see of the environment what the operator names, and nothing else', async () => {
    const text = compose('      dockerfile_inline: "FROM scratch\\nADD https://${WHERE:-a}.example.com/$TOKEN /\\n"\n')
    const run = (...flags: string[]) =>
      bake(text, { 'Dockerfile.rego': ALLOW, 'org.rego': ALLOW }, ['--policy', 'filename=cwd://org.rego', ...flags], {
        env: { TOKEN: 'operators-token', WHERE: 'b' },
      })
    const refused = await run()
    expect(refused.report.error?.code).toBe('variable_unset')
    expect(refused.stdout + refused.stderr).not.toContain('operators-token')
    const told = await run('--env', 'TOKEN=t')
    expect(told.stdout + told.stderr).toContain('nobody said what the variable WHERE is')
    const unset = await run('--env', 'TOKEN=t', '--env', 'WHERE=')
    expect(unset.report.sources.at(-1)?.identifier).toBe('https://a.example.com/t')
    const taken = await run('--env', 'TOKEN=t', '--env', 'WHERE')
    expect(taken.report.sources.at(-1)?.identifier).toBe('https://b.example.com/t')
  })
})
