import { buildImage, type Registry, startRegistry } from '@source-policy/testkit'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { REPORT_SCHEMA } from './report-schema.ts'
import { runCli, temporaryDirectory } from './run-cli.ts'

let registry: Registry
beforeAll(async () => {
  registry = await startRegistry()
  registry.push('app', buildImage({ labels: { tier: 'silver' } }), '1')
})
afterAll(() => registry.close())

let directory: ReturnType<typeof temporaryDirectory> | undefined
afterEach(() => directory?.remove())

const policy = `package docker

default allow := false

allow if input.local

# METADATA
# title: only gold images
# custom:
#   id: IMG-1
#   owner: platform
deny_msg contains "not gold" if input.image

warn_msg contains sprintf("tier is %s", [input.image.labels.tier])

decision := {"allow": allow, "deny_msg": deny_msg, "warn_msg": warn_msg}
`

const waiverOf = (more: Readonly<Record<string, string>> = {}) => {
  const fields = {
    id: 'W-1',
    source: `docker-image://${registry.host}/app:*`,
    reason: 'until the move',
    owner: 'platform',
    expires: '2999-12-31',
    ...more,
  }
  const lines = Object.entries(fields).map(([name, value], at) => `${at === 0 ? '  - ' : '    '}${name}: "${value}"`)
  return `waivers:\n${lines.join('\n')}\n`
}

function run(files: Readonly<Record<string, string>>, ...argv: string[]) {
  directory = temporaryDirectory({ Dockerfile: `FROM ${registry.host}/app:1\n`, 'Dockerfile.rego': policy, ...files })
  const flags = ['--allow-address', registry.host, '--platform', 'linux/amd64']
  return runCli([...argv, ...flags], { cwd: directory.path })
}

const waived = (text: string, ...argv: string[]) =>
  run({ 'waivers.yaml': text }, 'check', '.', '--waivers', 'waivers.yaml', ...argv)

describe('a waiver', () => {
  it('lets a denied source pass, and is shown', async () => {
    const { exitCode, stdout } = await waived(waiverOf())
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/ {2}waived {2}\S+\/app:1 /)
    expect(stdout).toContain('waived by W-1 until 2999-12-31 (platform): until the move')
    expect(stdout).toContain('not gold')
  })

  it('is part of the report, as its schema says', async () => {
    const { stdout } = await waived(waiverOf(), '--format', 'json')
    const report = JSON.parse(stdout)
    const validate = new Ajv2020().compile(REPORT_SCHEMA)
    expect({ isValid: validate(report), errors: validate.errors }).toEqual({ isValid: true, errors: null })
    const { report: told } = report.sources.find(({ kind }: { kind: string }) => kind === 'image')
    expect(told.overruled).toEqual([
      {
        policy: 'Dockerfile.rego',
        messages: ['not gold'],
        rules: [{ place: 'Dockerfile.rego:12:1', id: 'IMG-1', title: 'only gold images', owner: 'platform' }],
        by: { id: 'W-1', reason: 'until the move', owner: 'platform', expires: '2999-12-31' },
      },
    ])
    expect(told.warned).toEqual([{ policy: 'Dockerfile.rego', message: 'tier is silver' }])
  })

  it.each([
    [0, 'of the policy', { policy: 'Dockerfile.rego' }],
    [0, 'of the rule', { rule: 'IMG-1' }],
    [1, 'of another policy', { policy: 'other.rego' }],
    [1, 'of another rule', { rule: 'IMG-2' }],
    [1, 'of another source', { source: 'docker-image://docker.io/library/alpine:*' }],
    [1, 'whose star would have to cross a slash', { source: 'docker-image://*' }],
    [0, 'whose two stars may', { source: 'docker-image://1**' }],
    [1, 'that is over', { expires: '2020-01-01' }],
  ])('%i: %s', async (exitCode, name, more) => {
    const expected = name.startsWith('whose star would') ? 2 : exitCode
    expect((await waived(waiverOf(more as unknown as Record<string, string>))).exitCode).toBe(expected)
  })

  it('that is over is told', async () => {
    const { stderr } = await waived(waiverOf({ expires: '2020-01-01' }))
    expect(stderr).toContain('waiver W-1 (platform) ended on 2020-01-01')
  })

  it.each([
    ['broken', 'decision := {"allow": 1} if true\n'],
    ['undecided', 'package docker\n\ndecision := {"allow": input.image.labels.none.x == "y"}\n'],
  ])('does not cover what is %s', async (_, rego) => {
    const files = { 'waivers.yaml': waiverOf(), 'Dockerfile.rego': rego, Dockerfile: `FROM ${registry.host}/none:1\n` }
    const { exitCode } = await run(files, 'check', '.', '--waivers', 'waivers.yaml')
    expect(exitCode).toBe(2)
  })

  it('never covers facts that could not be had', async () => {
    const rego =
      'package docker\n\ndefault allow := false\n\nallow if input.local\n\nallow if input.image.labels.tier == "gold"\n\ndecision := {"allow": allow}\n'
    const files = {
      'waivers.yaml': waiverOf({ source: `docker-image://${registry.host}/none:*` }),
      'Dockerfile.rego': rego,
      Dockerfile: `FROM ${registry.host}/none:1\n`,
    }
    expect((await run(files, 'check', '.', '--waivers', 'waivers.yaml')).exitCode).toBe(3)
  })

  it.each([
    ['no YAML', 'waivers: ['],
    ['no list', 'waivers: 1'],
    ['another member', 'waivers: []\nmore: 1'],
    ['a key that stands twice', 'waivers: []\nwaivers: []'],
    ['nothing', ''],
    ['no owner', waiverOfWithout('owner')],
    [
      'an unknown member',
      'waivers:\n  - {id: a, source: "git://x", reason: r, owner: o, expires: "2999-01-01", scope: all}\n',
    ],
    ['no day', 'waivers:\n  - {id: a, source: "git://x", reason: r, owner: o, expires: never}\n'],
    [
      'a day that there is not',
      'waivers:\n  - {id: a, source: "git://x", reason: r, owner: o, expires: "2999-02-30"}\n',
    ],
    ['every source', 'waivers:\n  - {id: a, source: "**", reason: r, owner: o, expires: "2999-01-01"}\n'],
    ['an empty reason', 'waivers:\n  - {id: a, source: "git://x", reason: " ", owner: o, expires: "2999-01-01"}\n'],
    ['deep nesting', `waivers: ${'['.repeat(5_000)}`],
    ['aliases without end', 'waivers: &a [*a]'],
    [
      'one id twice',
      'waivers:\n  - &w {id: a, source: "git://x", reason: r, owner: o, expires: "2999-01-01"}\n  - *w\n',
    ],
  ])('is refused with %s', async (_, text) => {
    const { exitCode, stderr } = await waived(text)
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/waivers\.yaml/)
  })

  it('is refused where its file is not there', async () => {
    expect((await run({}, 'check', '.', '--waivers', 'none.yaml')).exitCode).toBe(2)
  })
})

function waiverOfWithout(name: string): string {
  return `waivers:\n  - {${['id: a', 'source: "git://x"', 'reason: r', 'owner: o', 'expires: "2999-01-01"'].filter(field => !field.startsWith(name)).join(', ')}}\n`
}

describe('warn mode', () => {
  it('is a setting of --policy: the denial is told and does not count', async () => {
    const files = { 'Dockerfile.rego': 'package docker\n\ndecision := {"allow": true}\n', 'org.rego': policy }
    const { exitCode, stdout } = await run(files, 'check', '.', '--policy', 'filename=org.rego,mode=warn')
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/ {2}warn {3}\S+\/app:1 /)
    expect(stdout).toContain('org.rego only warns')
    expect((await run(files, 'check', '.', '--policy', 'filename=org.rego,mode=enforce')).exitCode).toBe(1)
    expect((await run(files, 'check', '.', '--policy', 'filename=org.rego,mode=maybe')).exitCode).toBe(2)
  })

  it('of a policy that does not work changes nothing', async () => {
    const files = {
      'Dockerfile.rego': 'package docker\n\ndecision := {"allow": true}\n',
      'org.rego': 'package docker\n\ndecision := 1\n',
    }
    expect((await run(files, 'check', '.', '--policy', 'filename=org.rego,mode=warn')).exitCode).toBe(2)
  })

  it('is told by eval', async () => {
    const { exitCode, stderr } = await run({}, 'eval', '--policy', 'mode=warn', `docker-image://${registry.host}/app:1`)
    expect(exitCode).toBe(0)
    expect(stderr).toContain('warn: not gold; Dockerfile.rego only warns')
    expect(stderr).toContain('warn: tier is silver')
  })

  it('cannot be chosen by a bake file', async () => {
    const bake = JSON.stringify({
      target: { default: { context: '.', policy: [{ filename: 'Dockerfile.rego', mode: 'warn' }] } },
    })
    expect((await run({ 'docker-bake.json': bake }, 'check', '--bake', 'docker-bake.json')).exitCode).toBe(2)
  })
})

describe('a denial', () => {
  it('names the rule, its title and its owner', async () => {
    const { exitCode, stdout } = await run({}, 'check', '.')
    expect(exitCode).toBe(1)
    expect(stdout).toContain('rule IMG-1: only gold images (platform)')
    expect(stdout).toContain('warning: tier is silver')
  })
})
