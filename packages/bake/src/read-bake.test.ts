import { describe, expect, it } from 'vitest'
import { BakeError, type ReadBakeOptions, readBake } from './index.ts'

type Options = Partial<ReadBakeOptions>

const read = (document: unknown, options: Options = {}) =>
  readBake(typeof document === 'string' ? document : JSON.stringify(document), { file: 'docker-bake.json', ...options })
const names = (document: unknown, options: Options = {}) => read(document, options).targets.map(({ name }) => name)

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return error instanceof BakeError ? error.code : `not coded: ${String(error)}`
  }
  return 'nothing thrown'
}

describe('what docker buildx bake --print prints', () => {
  const printed = {
    group: { default: { targets: ['app', 'db'] }, all: { targets: ['default', 'tool'] } },
    target: {
      app: {
        context: '.',
        dockerfile: 'Dockerfile',
        args: { V: '1', EMPTY: null, http_proxy: 'a', HTTP_PROXY: 'b' },
        labels: { l: 'x' },
        tags: ['org/app:1'],
        target: 'release',
        platforms: ['linux/amd64', 'linux/arm64'],
        contexts: { base: 'target:tool', src: 'https://github.com/org/repo.git#v1' },
        policy: ['filename=a.rego,strict=true', { filename: 'b.rego', reset: true }, 'extra.rego'],
        attest: [{ type: 'sbom' }, 'type=provenance,mode=max'],
        secret: [{ id: 'x' }],
      },
      db: { context: 'db', 'dockerfile-inline': 'FROM scratch\n' },
      tool: { context: 'https://example.com/tool.tar.gz', dockerfile: 'tool.Dockerfile' },
    },
  }

  it('has all that sources depend on', () => {
    const { format, targets } = read(printed)
    expect(format).toBe('bake')
    expect(targets).toEqual([
      {
        name: 'app',
        context: '.',
        dockerfile: 'Dockerfile',
        args: { V: '1', http_proxy: 'a', HTTP_PROXY: 'b' },
        labels: { l: 'x' },
        target: 'release',
        platforms: ['linux/amd64', 'linux/arm64'],
        contexts: { base: 'target:tool', src: 'https://github.com/org/repo.git#v1' },
        policies: ['filename=a.rego,strict=true', { filename: 'b.rego', reset: true }, 'extra.rego'],
        attests: ['type=sbom', 'type=provenance,mode=max'],
      },
      expect.objectContaining({ name: 'db', context: 'db', dockerfileInline: 'FROM scratch\n' }),
      expect.objectContaining({ name: 'tool', context: 'https://example.com/tool.tar.gz' }),
    ])
  })

  it.each<[readonly string[], readonly string[]]>([
    [[], ['app', 'db', 'tool']],
    [['db'], ['db']],
    [['all'], ['app', 'db', 'tool']],
    [
      ['tool', 'app'],
      ['tool', 'app'],
    ],
    [
      ['db', 'db', 'default'],
      ['db', 'app', 'tool'],
    ],
  ])('targets %j are %j, with what they link to', (targets, expected) => {
    expect(names(printed, { targets })).toEqual(expected)
  })

  it('has dollar signs and percent signs that it escaped', () => {
    const { targets } = read({ target: { default: { args: { A: '$${HOME} %%{x} $1 $$', B: '100%' } } } })
    expect(targets[0]?.args).toEqual({ A: '${HOME} %{x} $1 $$', B: '100%' })
  })
})

describe('docker-bake.json', () => {
  it('is built by the target default where it has no such group', () => {
    expect(names({ target: { default: {}, other: {} } })).toEqual(['default'])
  })

  it('inherits: maps by key, all else from the last', () => {
    const { targets } = read({
      target: {
        a: { context: 'a', args: { A: '1', B: '1' }, platforms: ['linux/amd64'], policy: ['filename=a.rego'] },
        b: { context: 'b', args: { B: '2' }, inherits: ['a'] },
        c: { labels: { c: '3' }, dockerfile: 'c.Dockerfile' },
        default: { inherits: ['b', 'c'], args: { C: '4' } },
      },
    })
    expect(targets[0]).toMatchObject({
      context: 'b',
      dockerfile: 'c.Dockerfile',
      args: { A: '1', B: '2', C: '4' },
      labels: { c: '3' },
      platforms: ['linux/amd64'],
      policies: ['filename=a.rego'],
    })
  })

  it('has variables: what the operator says goes before the default', () => {
    const file = {
      variable: { TAG: { default: '1' }, OTHER: {} },
      target: { default: { args: { T: 'v${TAG}', O: '${OTHER}' } } },
    }
    expect(read(file).targets[0]?.args).toEqual({ T: 'v1', O: '' })
    expect(read(file, { variables: new Map([['TAG', '2']]) }).targets[0]?.args).toMatchObject({ T: 'v2' })
    expect(read(file, { variables: new Map([['TAG', undefined]]) }).targets[0]?.args).toMatchObject({ T: 'v1' })
  })

  it('does not take a default where the environment may say something else', () => {
    const bakeFile = { variable: { TAG: { default: '1' } }, target: { default: { args: { T: '${TAG}' } } } }
    const compose = 'services: {app: {build: {args: {T: "${TAG:-1}"}}}}'
    const argument = 'services: {app: {build: {args: [TAG]}}}'
    for (const [file, text] of [
      ['docker-bake.json', bakeFile],
      ['compose.yaml', compose],
      ['compose.yaml', argument],
    ] as const) {
      const options = { file, environment: ['TAG'] }
      expect(codeOf(() => read(text, options))).toBe('variable_unset')
      const { targets } = read(text, { ...options, variables: new Map([['TAG', '2']]) })
      expect(Object.values(targets[0]?.args ?? {})).toEqual(['2'])
    }
    expect(read(bakeFile, { environment: ['OTHER'] }).targets[0]?.args).toEqual({ T: '1' })
  })

  it('may have its blocks in lists', () => {
    expect(names({ group: [{ default: [{ targets: ['x'] }] }], target: [{ x: { context: 'x' } }, { y: {} }] })).toEqual(
      ['x'],
    )
  })

  it('merges blocks of one label', () => {
    const target = [{ default: { args: { A: '1' } } }, { default: [{ args: { B: '2' } }, { context: 'c' }] }]
    expect(read({ target }).targets).toMatchObject([{ name: 'default', context: 'c', args: { A: '1', B: '2' } }])
  })

  it('inherits all of a later parent, what that one inherits included', () => {
    const target = {
      root: { dockerfile: 'root' },
      one: { inherits: ['root'], dockerfile: 'one' },
      two: { inherits: ['root'] },
      default: { inherits: ['one', 'two'] },
    }
    expect(read({ target }).targets[0]?.dockerfile).toBe('root')
  })

  it('adds attestations and policies to those of parents', () => {
    const target = {
      one: { attest: [{ type: 'sbom', generator: 'a', x: 'y,type=provenance' }], policy: ['filename=a.rego'] },
      default: { inherits: ['one'], attest: ['type=provenance'], policy: ['filename=b.rego'] },
    }
    expect(read({ target }).targets).toMatchObject([
      {
        attests: ['type=sbom,generator=a,"x=y,type=provenance"', 'type=provenance'],
        policies: ['filename=a.rego', 'filename=b.rego'],
      },
    ])
  })

  it.each<[string, unknown]>([
    ['is set by bake', { BAKE_LOCAL_PLATFORM: { default: 'linux/arm64' } }],
    ['has a type', { BAKE_LOCAL_PLATFORM: {}, V: { type: 'number', default: '007' } }],
    ['is a number', { V: { default: 1e21 } }],
    ['stands twice', [{ V: { default: 'a' } }, { V: { default: 'b' } }]],
  ])('does not guess a variable that %s', (_, variable) => {
    const target = { default: { context: '${V}', platforms: ['${BAKE_LOCAL_PLATFORM}'] } }
    const variables = new Map([['V', '007']])
    expect(codeOf(() => read({ variable, target }, { variables }))).toBe('variable_unset')
  })

  it.each<[string, string, unknown, Options]>([
    ['hcl_unsupported', 'a value at the top, which goes before a variable', { BASE: 'a', target: { default: {} } }, {}],
    ['malformed', 'services beside targets', { services: {}, target: { default: {} } }, {}],
    [
      'malformed',
      'a number, whose digits may be lost',
      '{"target":{"default":{"args":{"A":3.00000000000000000001}}}}',
      {},
    ],
    ['hcl_unsupported', 'an expression', { target: { default: { tags: [], context: '${a ? b : c}' } } }, {}],
    ['hcl_unsupported', 'a call', { target: { default: { context: '${upper(x)}' } } }, {}],
    ['hcl_unsupported', 'a directive', { target: { default: { context: '%{if x}a%{endif}' } } }, {}],
    ['hcl_unsupported', 'a matrix', { target: { default: { matrix: { a: ['1'] } } } }, {}],
    ['hcl_unsupported', 'a function', { function: { f: {} }, target: { default: {} } }, {}],
    ['hcl_unsupported', 'HCL', 'target "default" {\n  context = "."\n}\n', {}],
    ['hcl_unsupported', 'a file called .hcl', '{}', { file: 'docker-bake.hcl' }],
    ['variable_unset', 'a variable that is not declared', { target: { default: { context: '${X}' } } }, {}],
    ['target_not_found', 'another target', { target: { a: {} } }, { targets: ['b'] }],
    ['target_not_found', 'no default', { target: { a: {} } }, {}],
    ['target_not_found', 'a parent that is not there', { target: { default: { inherits: ['b'] } } }, {}],
    ['target_not_found', 'a link to nothing', { target: { default: { contexts: { a: 'target:b' } } } }, {}],
    ['cycle', 'parents', { target: { default: { inherits: ['b'] }, b: { inherits: ['default'] } } }, {}],
    ['cycle', 'groups', { group: { default: { targets: ['b'] }, b: { targets: ['default'] } }, target: {} }, {}],
    ['cycle', 'links', { target: { default: { contexts: { a: 'target:default' } } } }, {}],
    ['malformed', 'no JSON', '{"target": ', {}],
    ['malformed', 'a key that stands twice', '{"target": {"default": {"context": "a", "context": "b"}}}', {}],
    [
      'malformed',
      'keys that readers take for the same',
      '{"target": {"default": {"context": "a", "Context": "b"}}}',
      {},
    ],
    ['malformed', 'neither', { a: 1 }, {}],
    ['malformed', 'a list', '[]', {}],
    ['malformed', 'targets that are none', { target: { default: 1 } }, {}],
    ['malformed', 'a context that is none', { target: { default: { context: {} } } }, {}],
    ['malformed', 'arguments that are none', { target: { default: { args: ['A=1'] } } }, {}],
    ['malformed', 'a policy that is none', { target: { default: { policy: [1] } } }, {}],
    ['limit_exceeded', 'a file that is too long', ' '.repeat(5 * 1024 ** 2), {}],
  ])('%s: %s', (code, _, document, options) => {
    expect(codeOf(() => read(document, options))).toBe(code)
  })

  it('is bounded in what refers to what', () => {
    const chain = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`t${i}`, { inherits: [`t${i + 1}`] }]))
    expect(codeOf(() => read({ target: { ...chain, t200: {} } }, { targets: ['t0'] }))).toBe('limit_exceeded')
  })

  it('cannot reach what objects inherit', () => {
    expect(codeOf(() => read('{"target": {"__proto__": {"context": "x"}}}', { targets: ['constructor'] }))).toBe(
      'target_not_found',
    )
  })
})

describe('compose files', () => {
  const compose = (text: string, options: Options = {}) => readBake(text, { file: 'compose.yaml', ...options })
  const yaml = `
x-common: &common
  args:
    V: "3.22"
    PORT: 80
services:
  web:
    image: org/web
    build:
      <<: *common
      context: ./web
      dockerfile: web.Dockerfile
      target: release
      platforms: [linux/amd64]
      additional_contexts:
        base: docker-image://alpine:3.22
        api: service:api
      x-bake:
        contexts:
          src: ./src
        platforms:
          - linux/arm64
        tags: [x]
  api:
    platform: linux/arm64
    build:
      dockerfile_inline: |
        FROM scratch
      args:
        - A=1
        - B=x=y
      labels:
        - l=v
        - alone
      additional_contexts:
        - lib=./lib
  db:
    image: postgres
  worker:
    build: ./worker
`

  it('build what they build', () => {
    const { format, targets } = compose(yaml)
    expect(format).toBe('compose')
    expect(targets).toMatchObject([
      {
        name: 'web',
        context: './web',
        dockerfile: 'web.Dockerfile',
        target: 'release',
        platforms: ['linux/amd64', 'linux/arm64'],
        args: { V: '3.22', PORT: '80' },
        contexts: { base: 'docker-image://alpine:3.22', api: 'target:api', src: './src' },
      },
      {
        name: 'api',
        context: '.',
        dockerfileInline: 'FROM scratch\n',
        platforms: ['linux/arm64'],
        args: { A: '1', B: 'x=y' },
        labels: { l: 'v', alone: '' },
        contexts: { lib: './lib' },
      },
      { name: 'worker', context: './worker' },
    ])
  })

  it('may be JSON, as docker compose config prints it', () => {
    const json = { name: 'p', services: { web: { build: { context: '/src', dockerfile: 'Dockerfile' } } } }
    expect(read(json, { file: '-' })).toMatchObject({ format: 'compose', targets: [{ context: '/src' }] })
  })

  it.each([
    ['$V', 'one'],
    ['${V}', 'one'],
    ['a${V}b', 'aoneb'],
    ['$$V $${V}', '$V ${V}'],
    ['${V:-x}', 'one'],
    ['${EMPTY:-x}', 'x'],
    ['${EMPTY-x}', ''],
    ['${UNSET-x}', 'x'],
    ['${NOBODY-x}', 'x'],
    ['${NOBODY:-${V}}', 'one'],
    ['${V:-${NOBODY}}', 'one'],
    ['${V:+yes}', 'yes'],
    ['${EMPTY:+yes}', ''],
    ['${EMPTY+yes}', 'yes'],
    ['${UNSET}', ''],
    ['${V:?needed}', 'one'],
  ])('%s is %j', (text, expected) => {
    const variables = new Map<string, string | undefined>([
      ['V', 'one'],
      ['EMPTY', ''],
      ['UNSET', undefined],
    ])
    const { targets } = compose(`services: {a: {build: {args: {X: ${JSON.stringify(text)}}}}}`, { variables })
    expect(targets[0]?.args.X).toBe(expected)
  })

  it('take an argument without a value from the variables', () => {
    const text = 'services: {a: {build: {args: [V, U]}}}'
    const variables = new Map<string, string | undefined>([
      ['V', 'one'],
      ['U', undefined],
    ])
    expect(compose(text, { variables }).targets[0]?.args).toEqual({ V: 'one' })
    expect(codeOf(() => compose(text))).toBe('variable_unset')
  })

  it.each<[string, string, string]>([
    ['variable_unset', 'a variable of nobody', 'services: {a: {build: "${X}"}}'],
    ['variable_unset', 'a default that needs one', 'services: {a: {build: "${X:-${Y}}"}}'],
    ['expansion_error', 'a brace that is not closed', 'services: {a: {build: "${X:-"}}'],
    ['expansion_error', 'a name that is none', 'services: {a: {build: "${1}"}}'],
    ['compose_unsupported', 'extends', 'services: {a: {extends: b, build: .}, b: {build: .}}'],
    ['compose_unsupported', 'include', 'include: [x.yaml]\nservices: {a: {build: .}}'],
    ['target_not_found', 'nothing to build', 'services: {a: {image: x}}'],
    ['malformed', 'no YAML', 'services: {a: ['],
    ['malformed', 'a key that stands twice', 'services: {a: {build: .}, a: {build: x}}'],
    ['malformed', 'an alias to nothing', 'services: *x'],
    ['malformed', 'services that are none', 'services: {a: 1}'],
    ['malformed', 'a build that is none', 'services: {a: {build: [1]}}'],
    ['limit_exceeded', 'collections in each other', `services: ${'['.repeat(100_000)}`],
    ['limit_exceeded', 'defaults in each other', `services: {a: {build: "${'${A:-'.repeat(50)}"}}`],
  ])('%s: %s', (code, _, text) => {
    expect(codeOf(() => compose(text))).toBe(code)
  })

  it('have numbers as compose writes them', () => {
    const args = 'A: 80, B: 3.10, C: -7, D: 0.5, E: 1.2.3, F: "017", G: !!str 017, H: true, I: yes'
    expect(read(`services: {app: {build: {args: {${args}}}}}`, { file: 'compose.yaml' }).targets[0]?.args).toEqual({
      A: '80',
      B: '3.1',
      C: '-7',
      D: '0.5',
      E: '1.2.3',
      F: '017',
      G: '017',
      H: 'true',
      I: 'yes',
    })
  })

  const differing = ['017', '0o17', '0x1F', '1_000', '0b11', '-0', '1e6', '1.0e3', '2001-01-01', '12345678901234567890']
  it.each([...differing, '10000000.0', '0.0000001', '+7', '!reset x', '!!binary eA==', '!!int "7"'])(
    'do not guess what compose makes of %s',
    value => {
      const text = `services: {app: {build: {args: {A: ${value}}}}}`
      expect(codeOf(() => read(text, { file: 'compose.yaml' }))).toBe('malformed')
    },
  )

  it('are read by the one version of YAML that compose reads', () => {
    expect(codeOf(() => read('%YAML 1.1\n---\nservices: {app: {build: .}}', { file: 'compose.yaml' }))).toBe(
      'malformed',
    )
  })

  it.each([
    ['true', 'type=sbom,disabled=false'],
    ['false', 'type=sbom,disabled=true'],
    ['generator=org/image:1', 'type=sbom,generator=org/image:1'],
  ])('ask for an SBOM: %s', (sbom, attest) => {
    const text = `services: {app: {build: {sbom: ${sbom}}}}`
    expect(read(text, { file: 'compose.yaml' }).targets[0]?.attests).toEqual([attest])
  })

  it('are not blown up by aliases', () => {
    const levels = Array.from({ length: 20 }, (_, i) => `  l${i + 1}: &l${i + 1} [*l${i},*l${i},*l${i},*l${i}]`)
    const text = `x:\n  l0: &l0 [1]\n${levels.join('\n')}\nservices: {a: {build: .}}`
    expect(codeOf(() => compose(text))).toBe('malformed')
  })

  it('are not blown up by variables', () => {
    const variables = new Map([['X', 'x'.repeat(10_000)]])
    const text = `services: {a: {build: {args: {A: "${'$X'.repeat(100)}"}}}}`
    expect(codeOf(() => compose(text, { variables }))).toBe('limit_exceeded')
  })
})
