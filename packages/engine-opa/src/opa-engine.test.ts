import { createEvaluator, type EvaluationRequest, type Input, type Path, type PolicyFiles } from '@source-policy/core'
import { type EngineBehaviour, testEngine } from '@source-policy/testkit/contracts'
import { describe, expect, it } from 'vitest'
import { opaEngine } from './opa-engine.ts'

/** Files in memory. */
function filesOf(texts: Record<string, string>): PolicyFiles {
  return {
    read: async path => (Object.hasOwn(texts, path) ? new TextEncoder().encode(texts[path]) : undefined),
  }
}

const load = (texts: Record<string, string>, files = ['Dockerfile.rego'], options = {}) =>
  opaEngine(options).load({
    name: 'Dockerfile.rego',
    files: files.map(path => ({ path })),
    root: filesOf(texts),
    origin: 'context',
  })

const policyOf = (body: string) => load({ 'Dockerfile.rego': `package docker\n${body}` })

const behaviours: Record<EngineBehaviour, string> = {
  allow: 'decision := {"allow": true}',
  deny: 'decision := {"allow": false, "deny_msg": {"second", "first"}}',
  repo: 'default allow := false\nallow if input.image.repo == "alpine"\ndecision := {"allow": allow}',
  label: 'default allow := false\nallow if input.image.labels.tier == "gold"\ndecision := {"allow": allow}',
  'no label': 'default allow := false\nallow if not input.image.labels.blocked\ndecision := {"allow": allow}',
  'repo and label':
    'default allow := false\nallow if { input.image.labels.tier == "gold"; input.image.repo == "alpine" }\ndecision := {"allow": allow}',
  'message from label':
    'deny_msg contains sprintf("tier %v is too low", [input.image.labels.tier])\ndecision := {"allow": false, "deny_msg": deny_msg}',
  'two fields':
    'default allow := false\nallow if { input.image.user == "app"; input.image.workingDir == "/app" }\ndecision := {"allow": allow}',
  pin: `default allow := false\nallow if pin_image(input.image, "sha256:${'a'.repeat(64)}")\ndecision := {"allow": allow}`,
  verified:
    'default allow := false\nallow if verify_git_signature(input.git.commit, "key.asc")\ndecision := {"allow": allow}',
  print: 'default allow := false\nallow if print("hello")\ndecision := {"allow": allow}',
  'wrong type': 'decision := {"allow": "yes"}',
}

testEngine({ name: 'opa', load: behaviour => policyOf(behaviours[behaviour]), describe, it, expect })

const request: EvaluationRequest = {
  input: {},
  unknown: [],
  answers: new Map(),
  time: 1_700_000_000_000_000_000n,
  seed: 1,
  limits: { maxSteps: 1_000_000, timeoutMs: 5_000 },
}

async function evaluate(body: string, input: Input = {}, unknown: Path[] = [], given: Partial<EvaluationRequest> = {}) {
  return (await policyOf(body)).evaluate({ ...request, input, unknown, ...given })
}

const labels: Path = ['image', 'labels']

describe('what is lacking', () => {
  const decision = '\ndecision := {"allow": allow, "deny_msg": deny_msg}\n'

  it('is nothing where another body decides', async () => {
    const body = `default allow := false\nallow if input.image.labels.tier == "gold"\nallow if input.image.repo == "alpine"\n${decision}deny_msg := []`
    expect(await evaluate(body, { image: { repo: 'alpine' } }, [labels])).toMatchObject({ verdict: { allow: true } })
    expect(await evaluate(body, { image: { repo: 'busybox' } }, [labels])).toMatchObject({
      kind: 'missing',
      paths: [labels],
    })
  })

  it('is everything that stands between the policy and its decision, in one batch', async () => {
    const body = `default allow := false
allow if {
  input.image.labels.tier == "gold"
  input.image.user != "root"
}
decision := {"allow": allow}`
    const unknown: Path[] = [labels, ['image', 'user'], ['image', 'env']]
    expect(await evaluate(body, { image: {} }, unknown)).toEqual({
      kind: 'missing',
      paths: unknown.slice(0, 2),
      calls: [],
    })
  })

  it('may be the messages of a denial', async () => {
    const body = `default allow := false
allow if input.image.repo == "alpine"
deny_msg contains "not alpine" if input.image.repo != "alpine"
deny_msg contains "no tier" if not input.image.labels.tier${decision}`
    const evaluation = await evaluate(body, { image: { repo: 'busybox' } }, [labels])
    expect(evaluation).toMatchObject({ verdict: { allow: false, lacking: { paths: [labels], calls: [] } } })
    const complete = await evaluate(body, { image: { repo: 'busybox' } })
    expect(complete).toMatchObject({ verdict: { allow: false, messages: ['no tier', 'not alpine'] } })
  })

  it('does not include messages where the policy allows', async () => {
    const body = `allow := true\ndeny_msg contains "no tier" if not input.image.labels.tier${decision}`
    expect(await evaluate(body, { image: {} }, [labels])).toMatchObject({ verdict: { allow: true } })
  })

  it('is two host calls at once', async () => {
    const body = `default allow := false
allow if {
  verify_git_signature(input.git.commit, "a.asc")
  verify_git_signature(input.git.commit, "b.asc")
}
decision := {"allow": allow}`
    const evaluation = await evaluate(body, { git: { commit: { tree: 'x' } } })
    expect(evaluation).toMatchObject({ kind: 'missing', paths: [] })
    const calls = evaluation.kind === 'missing' ? evaluation.calls : []
    expect(calls.map(call => call.args[1])).toEqual(['a.asc', 'b.asc'])
    expect(calls[0]?.location).toBe('Dockerfile.rego:4:3')
  })
})

describe('a call on something else than its source', () => {
  const input = {
    image: {
      user: 'root',
      labels: { a: 'b' },
      provenance: { materials: [{ image: { user: 'x' }, git: { commit: { tree: 'x' } } }] },
    },
    git: { commit: { tree: 'x' } },
  }
  const bodyOf = (call: string) => `default allow := false\nallow if not ${call}\ndecision := {"allow": allow}`

  it.each([
    ['verify_image(input.image.user, {"key": "k"})', 'input.image'],
    ['verify_image(input.image.labels, {"key": "k"})', 'input.image'],
    ['verify_image(input.image.provenance.materials[0], {"key": "k"})', 'input.image'],
    ['verify_image("alpine", {"key": "k"})', 'input.image'],
    ['git_signer(input.git.commit.tree, "k")', 'input.git.commit or input.git.tag'],
    ['git_signer(input.git, "k")', 'input.git.commit or input.git.tag'],
    ['git_signer(input.image, "k")', 'input.git.commit or input.git.tag'],
  ])('breaks the policy, which else a negation would open: %s', async (call, expected) => {
    const name = call.slice(0, call.indexOf('('))
    await expect(evaluate(bodyOf(call), input)).rejects.toMatchObject({
      code: 'invalid_call',
      message: `Dockerfile.rego:3:10: ${name}: the first argument is not ${expected}`,
    })
  })

  it.each([
    'verify_image(input.image, {"key": "k"})',
    'verify_image(input.image.provenance.materials[0].image, {"key": "k"})',
    'git_signer(input.image.provenance.materials[0].git.commit, "k")',
    // undefined with a warning, as in docker buildx
    'verify_git_signature(input.image.user, "k")',
    'artifact_attestation(input.image.user, "k")',
  ])('is none: %s', async call => {
    expect(await evaluate(bodyOf(call), input)).toMatchObject({ kind: 'missing', calls: [{}] })
  })
})

describe('loading', () => {
  it('reads the files that modules import, under the package that the import names', async () => {
    const policy = await load({
      'Dockerfile.rego':
        'package docker\nimport data.lib.images\ndefault allow := false\nallow if images.trusted[input.image.repo]\ndecision := {"allow": allow}',
      'lib/images.rego':
        '# comment\npackage something.else\nimport data.lib.names\ntrusted contains name if some name in names.all\n',
      'lib/names.rego': 'package x\nall := ["alpine"]',
    })
    expect(await policy.evaluate({ ...request, input: { image: { repo: 'alpine' } } })).toMatchObject({
      verdict: { allow: true },
    })
    expect(await policy.evaluate({ ...request, input: { image: { repo: 'evil' } } })).toMatchObject({
      verdict: { allow: false },
    })
  })

  it('evaluates several files as one policy', async () => {
    const policy = await load(
      {
        'a.rego': 'package docker\ndecision := {"allow": allow}\ndefault allow := false',
        'b.rego': 'package docker\nallow if input.local',
      },
      ['a.rego', 'b.rego'],
    )
    expect(await policy.evaluate({ ...request, input: { local: { name: 'context' } } })).toMatchObject({
      verdict: { allow: true },
    })
  })

  it.each([
    ['a missing file', {}, 'policy_not_found'],
    ['a missing import', { 'Dockerfile.rego': 'package docker\nimport data.no.such' }, 'import_not_found'],
    ['a syntax error', { 'Dockerfile.rego': 'package docker\nallow if {' }, 'rego_parse_error'],
    ['an unknown function', { 'Dockerfile.rego': 'package docker\nallow if nope(1)' }, 'rego_type_error'],
    [
      'a builtin outside the list',
      { 'Dockerfile.rego': 'package docker\nallow if http.send({"method": "get", "url": "http://x"})' },
      'rego_type_error',
    ],
    [
      'a builtin that reads the host',
      { 'Dockerfile.rego': 'package docker\nallow if opa.runtime().env.SECRET' },
      'rego_type_error',
    ],
    ['an unsafe variable', { 'Dockerfile.rego': 'package docker\nallow if x == 1' }, 'rego_unsafe_var_error'],
  ])('refuses %s', async (_name, texts, code) => {
    await expect(load(texts as Record<string, string>)).rejects.toMatchObject({ code })
  })

  it('names the place in an imported file as it stands there', async () => {
    const loading = load({
      'Dockerfile.rego': 'package docker\nimport data.lib',
      'lib.rego': 'package lib\n\nallow if nope(1)\n',
    })
    await expect(loading).rejects.toMatchObject({ location: { file: 'lib.rego', row: 3, col: 10 } })
  })

  it('allows other builtins where the operator lists them', async () => {
    const texts = { 'Dockerfile.rego': 'package docker\ndecision := {"allow": count([1]) == 1}' }
    await expect(load(texts, undefined, { builtins: ['equal'] })).rejects.toMatchObject({ code: 'rego_type_error' })
  })
})

describe('the decision', () => {
  it.each([
    ['is undefined', 'decision := {"allow": true} if input.image.repo == "alpine"', 'policy returned zero result'],
    ['is no object', 'decision := true', 'unexpected policy return type: boolean'],
    [
      'has an allow of a wrong type',
      'decision := {"allow": 1}',
      'invalid allowed property type number, expecting bool',
    ],
  ])('is an error where it %s', async (_name, body, message) => {
    await expect(evaluate(body)).rejects.toMatchObject({ code: 'invalid_decision', message })
  })

  it('without allow denies', async () => {
    expect(await evaluate('decision := {"deny_msg": ["no"]}')).toMatchObject({
      verdict: { allow: false, messages: ['no'] },
    })
  })

  it('that conflicts is an error', async () => {
    const body = 'decision := {"allow": true} if input.image\ndecision := {"allow": false} if input.image.repo'
    await expect(evaluate(body, { image: { repo: 'a' } })).rejects.toMatchObject({ code: 'eval_conflict_error' })
  })

  it('that takes too long exceeds a budget', async () => {
    const body =
      'decision := {"allow": count([1 | some x in numbers.range(1, 9000); some y in numbers.range(1, 9000); x == y]) > 0}'
    const limits = { maxSteps: 100_000, timeoutMs: 5_000 }
    await expect(evaluate(body, {}, [], { limits })).rejects.toMatchObject({ code: 'budget_exceeded' })
  })
})

describe('in the pipeline', () => {
  const image = 'docker-image://docker.io/library/alpine:3.22'
  const images = {
    kind: 'image',
    schemes: ['docker-image'],
    parse: (identifier: string) => ({ kind: 'image', identifier, attrs: {} }),
    describe: ({ identifier }: { identifier: string }) => ({
      input: { image: { ref: identifier, ...(identifier.includes('@') && { checksum: identifier.split('@')[1]! }) } },
      unknown: identifier.includes('@') ? [] : [['image', 'checksum']],
    }),
    resolve: async () => ({
      known: [{ path: ['image', 'checksum'], value: `sha256:${'c'.repeat(64)}`, basis: 'server' as const }],
      absent: [],
      unavailable: [],
      children: [],
    }),
    pin: (source: { identifier: string }, digest: string) => ({
      kind: 'image',
      identifier: `${source.identifier}@${digest}`,
      attrs: {},
    }),
  }

  it('load_json reads a file of the set, digits and all', async () => {
    const policy = await load({
      'Dockerfile.rego':
        'package docker\ndefault allow := false\nallow if load_json("big.json").n == 12345678901234567890\ndecision := {"allow": allow}',
      'big.json': '{"n": 12345678901234567890}',
    })
    const { decision } = await createEvaluator({ policies: [policy], resolvers: [images] }).evaluate('local://context')
    expect(decision.kind).toBe('allow')
  })

  it('pin_image converts the source', async () => {
    const digest = `sha256:${'d'.repeat(64)}`
    const policy = await policyOf(
      `default allow := false\nallow if pin_image(input.image, "${digest}")\ndecision := {"allow": allow}`,
    )
    const { decision } = await createEvaluator({ policies: [policy], resolvers: [images] }).evaluate(image)
    expect(decision).toMatchObject({ kind: 'convert', source: { identifier: `${image}@${digest}` } })
  })

  it.each([
    ['another object', '{"ref": "x"}', 'd'.repeat(64)],
    ['no digest', 'input.image', 'latest'],
  ])('pin_image of %s is undefined', async (_name, identity, hex) => {
    const policy = await policyOf(
      `default allow := false\nallow if pin_image(${identity}, "sha256:${hex}")\ndecision := {"allow": allow}`,
    )
    const { decision } = await createEvaluator({ policies: [policy], resolvers: [images] }).evaluate(image)
    expect(decision.kind).toBe('deny')
  })

  it('shows what a policy prints, with its place', async () => {
    const policy = await policyOf('decision := {"allow": true} if print("ref is", input.image.ref)')
    const { report } = await createEvaluator({ policies: [policy], resolvers: [images] }).evaluate(image)
    expect(report.prints).toEqual([{ file: 'Dockerfile.rego', row: 2, message: `ref is ${image}` }])
  })
})
