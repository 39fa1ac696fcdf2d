import type { EvaluationRequest, ExplainedRule, Input, Path } from '@source-policy/core'
import { describe, expect, it } from 'vitest'
import { opaEngine } from '../opa-engine.ts'

const request: EvaluationRequest = {
  input: {},
  unknown: [],
  answers: new Map(),
  time: 1n,
  seed: 1,
  limits: { maxSteps: 1_000_000, timeoutMs: 5_000 },
}

async function explain(rules: string, input: Input, unknown: Path[] = []) {
  const policy = await opaEngine().load({
    name: 'p.rego',
    files: [
      { path: 'p.rego', text: `package docker\n\n${rules}\n\ndecision := {"allow": allow, "deny_msg": deny_msg}\n` },
    ],
    root: { read: async () => undefined },
    origin: 'context',
  })
  return policy.explain!({ ...request, input, unknown })
}

/** A line for each body: where it stopped, and with which values. */
function lines(rules: readonly ExplainedRule[], indent = ''): string[] {
  return rules.flatMap(({ name, bodies }) =>
    bodies.flatMap(({ place, outcome, expression }) => [
      `${indent}${name} ${place} ${outcome}${expression ? `: ${expression.text}` : ''}${(expression?.values ?? [])
        .map(({ name: field, value }) => ` (${field} = ${value})`)
        .join('')}`,
      ...lines(expression?.rules ?? [], `${indent}  `),
    ]),
  )
}

const image: Input = { image: { repo: 'busybox', tag: '1.36' } }

describe('an explanation', () => {
  it('tells at which expression each body failed, with the values', async () => {
    const rules = `default allow := false

allow if input.local

allow if {
	input.image.repo == "alpine"
	input.image.tag != "latest"
}

deny_msg contains "only alpine" if input.image.repo != "alpine"`
    expect(lines((await explain(rules, image)).rules)).toEqual([
      'allow p.rego:5:1 fails: input.local (input.local = undefined)',
      'allow p.rego:7:1 fails: input.image.repo == "alpine" (input.image.repo = "busybox")',
      'deny_msg p.rego:12:1 holds',
    ])
  })

  it('follows the rules and functions that an expression names, with the values of variables', async () => {
    const rules = `default allow := false

allow if is_trusted(input.image.repo)

allow if not blocked

is_trusted(name) if {
	some prefix in {"alp", "deb"}
	startswith(name, prefix)
}

blocked if input.image.tag == "1.36"

deny_msg := []`
    expect(lines((await explain(rules, image)).rules)).toEqual([
      'allow p.rego:5:1 fails: is_trusted(input.image.repo) (input.image.repo = "busybox")',
      '  is_trusted p.rego:9:1 fails: startswith(name, prefix) (name = "busybox") (prefix = "deb")',
      'allow p.rego:7:1 fails: not blocked',
      '  blocked p.rego:14:1 holds',
      'deny_msg p.rego:16:1 holds',
    ])
  })

  it('tells which expressions wait, and for what', async () => {
    const rules = `default allow := false

allow if {
	gold
	verify_git_signature(input.git.commit, "key")
}

gold if input.image.labels.tier == "gold"

deny_msg := []`
    const { waiting, rules: told } = await explain(rules, { image: {}, git: { commit: {} } }, [['image', 'labels']])
    expect(waiting.map(({ place, lacking }) => [place, lacking.paths, lacking.calls.map(call => call.name)])).toEqual([
      ['p.rego:10:9', [['image', 'labels']], []],
      ['p.rego:7:2', [], ['verify_git_signature']],
    ])
    expect(told[0]?.bodies[0]?.outcome).toBe('waits')
  })

  it('has what metadata says of a rule', async () => {
    const rules = `# METADATA
# title: allowed images
# custom:
#   id: IMG-1
#   owner: platform
allow if input.image.repo == "alpine"

deny_msg := []`
    const [allow] = (await explain(rules, image)).rules
    expect(allow?.bodies[0]?.metadata).toEqual({
      place: 'p.rego:8:1',
      id: 'IMG-1',
      title: 'allowed images',
      owner: 'platform',
    })
  })

  it('leaves what an else branch says in its place', async () => {
    const rules = `allow := true if {
	input.image.repo == "alpine"
} else := true if {
	input.image.tag == "1.36"
}

deny_msg := []`
    expect(lines((await explain(rules, image)).rules)).toEqual([
      'allow p.rego:3:1 fails: input.image.repo == "alpine" (input.image.repo = "busybox")',
      'allow p.rego:5:3 holds',
      'deny_msg p.rego:9:1 holds',
    ])
  })
})

describe('a hostile policy', () => {
  it('whose rules name each other crosswise is explained in bounds', async () => {
    const width = 12
    const level = (n: number) =>
      Array.from({ length: width }, (_, i) => {
        const next = Array.from({ length: width }, (_, j) => `r${n + 1}_${j}`).join('\n\t')
        return n === 7 ? `r${n}_${i} if true` : `r${n}_${i} if {\n\t${next}\n}`
      }).join('\n\n')
    const rules = `${Array.from({ length: 8 }, (_, n) => level(n)).join('\n\n')}\n\nallow if {\n\tr0_0\n\tfalse\n}\n\ndeny_msg := []`
    const started = performance.now()
    const { rules: told } = await explain(rules, image)
    expect(told[0]?.name).toBe('allow')
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  it('whose values are huge is explained in bounds', async () => {
    const rules = `# METADATA
# title: huge
deny_msg contains "no" if {
	big := concat("", [x | some _ in numbers.range(1, 2000); x := "0123456789012345678901234567890123456789"])
	some n in numbers.range(1, 500)
	startswith(big, sprintf("%d", [n]))
	n > 4000
}

allow := false`
    const started = performance.now()
    const { rules: told } = await explain(rules, image)
    expect(JSON.stringify(told).length).toBeLessThan(100_000)
    expect(performance.now() - started).toBeLessThan(20_000)
  })
})
