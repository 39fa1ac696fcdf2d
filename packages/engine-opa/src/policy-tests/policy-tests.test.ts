import type { PolicyFiles } from '@source-policy/core'
import { describe, expect, it } from 'vitest'
import { type PolicyTestsOptions, runPolicyTests } from './index.ts'

const filesOf = (texts: Record<string, string>): PolicyFiles => ({
  read: async path => (Object.hasOwn(texts, path) ? new TextEncoder().encode(texts[path]) : undefined),
})

const policy = `package docker

default allow := false

allow if input.local

allow if input.image.repo == "alpine"

allow if verify_git_signature(input.git.commit, "key.asc")

deny_msg contains "only alpine" if not allow

decision := {"allow": allow, "deny_msg": deny_msg}
`

interface Given extends Partial<PolicyTestsOptions> {
  readonly files?: Record<string, string>
}

function run(tests: string, { files = {}, ...options }: Given = {}) {
  return runPolicyTests({
    policy: [{ path: 'Dockerfile.rego', text: policy }],
    tests: [{ path: 'p_test.rego', text: tests.includes('package ') ? tests : `package docker\n\n${tests}` }],
    root: filesOf(files),
    ...options,
  })
}

async function only(test: string, given?: Given) {
  const { tests } = await run(test, given)
  expect(tests).toHaveLength(1)
  return tests[0]!
}

const alpine = '{"image": {"repo": "alpine"}}'
const busybox = '{"image": {"repo": "busybox"}}'

describe('a test', () => {
  it('passes where its rule is true, and tells the decision', async () => {
    expect(await only(`test_alpine if decision.allow with input as ${alpine}`)).toMatchObject({
      name: 'test_alpine',
      package: 'docker',
      place: 'p_test.rego:3:1',
      passed: true,
      decisions: [{ allow: true, messages: [] }],
    })
  })

  it.each([
    ['undefined', 'test_x if false'],
    ['false', 'test_x := false'],
    ['another value', 'test_x := count([1])'],
    ['false by default', 'default test_x := false'],
  ])('fails where its rule is %s', async (_, test) => {
    expect((await only(test)).passed).toBe(false)
  })

  it.each([
    'test_image := {"repo": "alpine"}',
    'test_n := 1',
    'default test_s := "x"',
    'test_set := {1}',
    'test_f(x) if x',
  ])('is not what %s says', async data => {
    expect((await only(`${data}\n\ntest_x if true`)).name).toBe('test_x')
  })

  it('may give any number of inputs', async () => {
    const test = `test_both if {
	allow with input as ${alpine}
	not allow with input as ${busybox}
	every repo in ["a", "b"] { not allow with input as {"image": {"repo": repo}} }
}`
    expect(await only(test)).toMatchObject({
      passed: true,
      decisions: [
        { allow: true, messages: [] },
        { allow: false, messages: ['only alpine'] },
      ],
    })
  })

  it('may put answers in place of functions of the policy', async () => {
    const test = `test_signed if {
	allow with input as {"git": {"commit": {}}} with verify_git_signature as true
	not allow with input as {"git": {"commit": {}}} with verify_git_signature as false
}`
    expect(await only(test)).toMatchObject({ passed: true, notes: [] })
  })

  it('is told of a function that it calls without', async () => {
    const { passed, notes } = await only('test_signed if not allow with input as {"git": {"commit": {}}}')
    expect(passed).toBe(true)
    expect(notes).toEqual([expect.stringContaining('with verify_git_signature as')])
  })

  it('may stand in another package, and read files', async () => {
    const test = `package docker_test

import data.docker

test_listed if {
	some repo in load_json("repos.json")
	docker.allow with input as {"image": {"repo": repo}}
}`
    const result = await only(test, { files: { 'repos.json': '["alpine"]' } })
    expect(result).toMatchObject({ passed: true, package: 'docker_test', decisions: [{ allow: true }] })
  })

  it('may pin an image that it made up', async () => {
    const test = `test_pin if pin_image({"ref": "x"}, "sha256:${'a'.repeat(64)}")`
    expect((await only(test)).passed).toBe(true)
    expect((await only('test_pin if pin_image({"ref": "x"}, "latest")')).passed).toBe(false)
  })

  it('that cannot be evaluated fails with the error', async () => {
    const { passed, failure } = await only('test_x := true\n\ntest_x := false')
    expect({ passed, code: failure?.error?.code }).toEqual({ passed: false, code: 'eval_conflict_error' })
  })

  it('that goes on for ever fails', async () => {
    const test = 'test_x if { some a in numbers.range(1, 9000); some b in numbers.range(1, 9000); a + b < 0 }'
    const { failure } = await only(test, { limits: { maxSteps: 10_000, timeoutMs: 1_000 } })
    expect(failure?.error?.code).toBe('eval_cancel_error')
  })
})

describe('a failure', () => {
  it('tells the expression that failed, its input, the decision and what of the input is missing', async () => {
    const test = `test_both if {
	allow with input as ${alpine}
	allow with input as {"image": {}}
}`
    const { failure } = await only(test)
    expect(failure).toMatchObject({
      input: { image: {} },
      decision: { allow: false, deny_msg: ['only alpine'] },
      missingInput: ['input.git.commit', 'input.image.repo', 'input.local'],
    })
    expect(failure?.bodies[0]?.expression).toMatchObject({ place: 'p_test.rego:5:2', outcome: 'fails' })
    const bodies = failure?.bodies[0]?.expression?.rules[0]?.bodies
    expect(bodies?.[1]?.expression?.values).toEqual([{ name: 'input.image.repo', value: 'undefined' }])
  })

  it('tells why a rule held that should not have', async () => {
    const { failure } = await only(`test_not if not allow with input as ${alpine}`)
    const bodies = failure?.bodies[0]?.expression?.rules[0]?.bodies ?? []
    expect(bodies.map(({ place, outcome }) => `${place} ${outcome}`)).toContain('Dockerfile.rego:7:1 holds')
  })
})

describe('which tests run', () => {
  const tests = 'test_a if true\n\ntest_b if true\n\ntest_f(x) if x\n\nhelper if true\n\ntest_set contains 1'

  it('is all complete rules that begin with test_', async () => {
    expect((await run(tests)).tests.map(({ name }) => name)).toEqual(['test_a', 'test_b'])
  })

  it('is chosen by name', async () => {
    const { tests: ran } = await run(tests, { select: name => name.endsWith('b') })
    expect(ran.map(({ name }) => name)).toEqual(['test_b'])
  })
})

describe('a fixture', () => {
  const test = `# METADATA
# custom:
#   fixture: alpine
test_labels if {
	input.image.labels.tier == "gold"
	verify_git_signature(input.image, "key")
}

# METADATA
# custom:
#   fixture: alpine
test_user if not input.image.user`

  const fixture = async (name: string) => {
    if (name !== 'alpine') throw new Error(name)
    return {
      input: { image: { labels: { tier: 'gold' } } },
      unknown: [['image', 'user']],
      answer: async () => ({ value: true }),
      time: 1n,
      seed: 1,
    }
  }

  it('is the input of a test; what was not recorded is never absent', async () => {
    const { tests } = await run(test, { fixture })
    expect(tests.map(({ name, passed, failure }) => ({ name, passed, needs: failure?.needs }))).toEqual([
      { name: 'test_labels', passed: true, needs: undefined },
      { name: 'test_user', passed: false, needs: ['input.image.user'] },
    ])
  })

  it('that is not there fails the test', async () => {
    const { tests } = await run(test.replaceAll('fixture: alpine', 'fixture: none'), { fixture })
    expect(tests.map(({ passed }) => passed)).toEqual([false, false])
    expect((await run(test)).tests.map(({ passed }) => passed)).toEqual([false, false])
  })
})

describe('coverage', () => {
  it('counts the expressions that were tried and the lines on which they begin', async () => {
    const { coverage } = await run(`test_alpine if allow with input as ${alpine}`, { coverage: true })
    expect(coverage?.files).toEqual([
      {
        file: 'Dockerfile.rego',
        expressions: { covered: expect.any(Number), total: 9 },
        lines: { covered: expect.any(Number), total: 5 },
        uncoveredLines: expect.any(Array),
      },
    ])
    const all = `test_all if {
	decision.allow with input as {"local": {"name": "context"}}
	decision.allow with input as ${alpine}
	count(decision.deny_msg) == 1 with input as ${busybox}
	decision.allow with input as {"git": {"commit": {}}} with verify_git_signature as true
}`
    const { coverage: full, tests } = await run(all, { coverage: true })
    expect(tests[0]?.passed).toBe(true)
    expect(full?.expressions).toEqual({ covered: 9, total: 9 })
    expect(full?.lines).toEqual({ covered: 5, total: 5 })
    expect(full?.files[0]?.uncoveredLines).toEqual([])
  })
})

describe('what does not compile', () => {
  it.each([
    ['a syntax error', 'test_x if {', 'rego_parse_error'],
    ['an unknown function', 'test_x if nope(1)', 'rego_type_error'],
    ['an import that is not there', 'package t\n\nimport data.none\n\ntest_x if none.a', 'import_not_found'],
  ])('is thrown: %s', async (_, test, code) => {
    await expect(run(test)).rejects.toMatchObject({ code })
  })
})
