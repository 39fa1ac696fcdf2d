import { buildImage, buildIndex, type Fault, type Registry, startRegistry } from '@source-policy/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliRun, regoPolicy, runCli, temporaryDirectory } from './run-cli.ts'

/*
 * Whatever goes wrong is no allow: each failure by its exit code, also under policies that would allow where a label is
 * missing, which a failure to fetch it must not look like.
 */

const DENIED = 1
const BROKEN = 2
const UNDECIDED = 3

let registry: Registry
const image = buildImage({ labels: { tier: 'gold' } })
const index = buildIndex([image])
const config = image.blobs[0]?.digest ?? ''

beforeAll(async () => {
  registry = await startRegistry()
})
afterAll(() => registry.close())

/** Runs with a Dockerfile and its policy in a directory of its own. */
async function run(rego: string | undefined, command: 'check' | 'eval', repository: string): Promise<CliRun> {
  const reference = `${registry.host}/${repository}:1`
  const directory = temporaryDirectory({
    Dockerfile: `FROM ${reference}\n`,
    ...(rego !== undefined && { 'Dockerfile.rego': rego }),
  })
  try {
    const source = command === 'check' ? '.' : `docker-image://${reference}`
    const flags = ['--allow-address', registry.host, '--platform', 'linux/amd64', '--format', 'json']
    return await runCli([command, ...flags, source], { cwd: directory.path })
  } finally {
    directory.remove()
  }
}

const kindsOf = (stdout: string) => {
  const { sources } = JSON.parse(stdout) as { sources: { kind: string; decision: { kind: string } }[] }
  return sources.filter(({ kind }) => kind === 'image').map(({ decision }) => decision.kind)
}

const isAllowedImage = ({ kind, decision }: { kind: string; decision: { kind: string } }) =>
  kind === 'image' && decision.kind === 'allow'

const policies = [
  ['a label it wants', 'allow if input.image.labels.tier == "gold"'],
  ['a label it refuses', 'allow if not input.image.labels.x'],
  ['a label it refuses, in a rule of its own', 'allow if not bad\n\nbad if input.image.labels.x'],
  ['a count of labels it refuses', 'allow if count([k | some k in ["x"]; input.image.labels[k]]) == 0'],
  ['every label', 'allow if every _, value in input.image.labels { value != "bad" }'],
] as const

const failures: readonly (readonly [name: string, at: 'tag' | 'manifest' | 'config', fault: Fault])[] = [
  ['registry down', 'tag', { kind: 'refuse' }],
  ['registry that fails', 'tag', { kind: 'status', status: 500 }],
  ['no such image', 'tag', { kind: 'status', status: 404 }],
  ['image behind a login', 'tag', { kind: 'status', status: 403 }],
  ['index that is no JSON', 'tag', { kind: 'status', status: 200, body: '<html>' }],
  ['manifest of a wrong digest', 'manifest', { kind: 'corrupt' }],
  ['config of a wrong digest', 'config', { kind: 'corrupt' }],
  ['manifest without labels in its place', 'manifest', { kind: 'status', status: 200, body: '{}' }],
  ['truncated index', 'tag', { kind: 'truncate' }],
  ['truncated config', 'config', { kind: 'truncate' }],
  ['config that is gone', 'config', { kind: 'status', status: 404 }],
]

describe.concurrent.each(policies)('by %s', (_, rules) => {
  const rego = regoPolicy(rules)
  let tests = 0
  const repositoryFor = () => `p${policies.findIndex(([, other]) => other === rules)}/t${tests++}`

  it('allows where all is well', async ({ expect }) => {
    const repository = repositoryFor()
    registry.push(repository, index, '1')
    for (const command of ['check', 'eval'] as const) {
      const { exitCode, stdout, stderr } = await run(rego, command, repository)
      expect({ exitCode, kinds: kindsOf(stdout), stderr }).toEqual({ exitCode: 0, kinds: ['allow'], stderr: '' })
    }
  })

  it.each(failures)('leaves undecided: %s', async (_name, at, fault) => {
    const repository = repositoryFor()
    registry.push(repository, index, '1')
    const path = { tag: '/manifests/1', manifest: `/manifests/${image.digest}`, config: `/blobs/${config}` }[at]
    registry.faults.add({ match: `/v2/${repository}${path}`, fault })
    for (const command of ['check', 'eval'] as const) {
      const { exitCode, stdout } = await run(rego, command, repository)
      expect({ exitCode, kinds: kindsOf(stdout) }).toEqual({ exitCode: UNDECIDED, kinds: ['undecided'] })
    }
  })
})

/** Each file that it loads names the next one. */
const longChain = `x0 := load_json("0.json")\n${Array.from({ length: 40 }, (_, i) => `x${i + 1} := load_json(x${i}.next)`).join('\n')}`

const faulty: readonly (readonly [name: string, exitCode: number, code: string, rego: string])[] = [
  ['no decision', BROKEN, 'invalid_decision', 'package docker\n\ndecision := {"allow": true} if input.nothing'],
  ['another package', BROKEN, 'invalid_decision', 'package other\n\ndecision := {"allow": true}'],
  ['a decision that is true', BROKEN, 'invalid_decision', 'package docker\n\ndecision := true'],
  ['allow of a wrong type', BROKEN, 'invalid_decision', 'package docker\n\ndecision := {"allow": "true"}'],
  ['allow that is null', BROKEN, 'invalid_decision', 'package docker\n\ndecision := {"allow": null}'],
  ['a syntax error', BROKEN, 'rego_parse_error', 'package docker\n\nallow if {'],
  ['an empty file', BROKEN, 'rego_parse_error', ''],
  [
    'a builtin outside the list',
    BROKEN,
    'rego_type_error',
    'package docker\n\ndecision := {"allow": http.send({"method": "get", "url": "http://127.0.0.1"}).status_code == 200}',
  ],
  [
    'a missing import',
    BROKEN,
    'import_not_found',
    'package docker\n\nimport data.missing\n\ndecision := {"allow": true}',
  ],
  [
    'two values for allow',
    BROKEN,
    'eval_conflict_error',
    'package docker\n\nallow := true\n\nallow := false if input.image\n\ndecision := {"allow": allow}',
  ],
  ['no allow', DENIED, '', 'package docker\n\ndecision := {}'],
]

describe('a policy with', () => {
  it.each(faulty)('%s: %i %s', async (_, exitCode, code, rego) => {
    registry.push('faulty', index, '1')
    for (const command of ['check', 'eval'] as const) {
      const result = await run(rego, command, 'faulty')
      const document = JSON.parse(result.stdout) as {
        error?: { code: string }
        sources: { kind: string; decision: { kind: string; error?: { code: string } } }[]
      }
      const codes = [document.error?.code, ...document.sources.map(({ decision }) => decision.error?.code)]
      expect({ exitCode: result.exitCode, code: codes.find(found => found !== undefined) ?? '' }).toEqual({
        exitCode,
        code,
      })
      expect(document.sources.filter(isAllowedImage)).toEqual([])
    }
  })

  it('a conflict that a hole hides: no early allow', async () => {
    registry.push('conflict', index, '1')
    const rego =
      'package docker\n\nallow := true\n\nallow := false if input.image.labels.tier == "gold"\n\ndecision := {"allow": allow}'
    expect((await run(rego, 'eval', 'conflict')).exitCode).toBe(BROKEN)
  })
})

it('leaves undecided what still asks after the last round', async () => {
  const directory = temporaryDirectory({
    'Dockerfile.rego': `package docker\n\n${longChain}\n\ndecision := {"allow": x40.next}`,
    ...Object.fromEntries(
      Array.from({ length: 41 }, (_, i) => [`${i}.json`, JSON.stringify({ next: i < 40 ? `${i + 1}.json` : true })]),
    ),
  })
  const { exitCode, stderr } = await runCli(['eval', '--format', 'json', 'https://example.com/x'], {
    cwd: directory.path,
  })
  directory.remove()
  expect({ exitCode, stderr }).toEqual({ exitCode: UNDECIDED, stderr: '' })
})

describe('without a policy', () => {
  const runs = [
    ['check', BROKEN, []],
    ['check', 0, ['--allow-no-policy']],
    ['check', BROKEN, ['--policy', 'disabled=true']],
    ['check', BROKEN, ['--policy', 'filename=missing.rego', '--allow-no-policy']],
    ['eval', BROKEN, []],
    ['eval', 0, ['--allow-no-policy']],
  ] as const

  it.each(runs)('%s: %i with %j', async (command, exitCode, flags) => {
    const directory = temporaryDirectory({ Dockerfile: 'FROM scratch\nCOPY . /\n' })
    const result = await runCli([command, ...flags, '.'], { cwd: directory.path })
    directory.remove()
    expect(result.exitCode, result.stderr).toBe(exitCode)
  })

  it.each([
    [BROKEN, ['--no-context-policy']],
    [0, ['--no-context-policy', '--allow-no-policy']],
    [0, []],
  ])('ignores the policy of the context where told so: %i with %j', async (exitCode, flags) => {
    const directory = temporaryDirectory({ Dockerfile: 'FROM scratch\nCOPY . /\n', 'Dockerfile.rego': regoPolicy('') })
    const result = await runCli(['check', ...flags, '.'], { cwd: directory.path })
    directory.remove()
    expect(result.exitCode, result.stderr).toBe(exitCode)
  })
})
