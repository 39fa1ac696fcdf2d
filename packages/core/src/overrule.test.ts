import { describe, expect, it } from 'vitest'
import { createEvaluator, type Evaluation, type Policy, type Waiver } from './index.ts'

const verdict = (allow: boolean, more: object = {}): Evaluation => ({
  kind: 'verdict',
  verdict: { allow, messages: allow ? [] : ['no'], pins: [], caps: {}, warnings: [], ...more },
})

const policyOf = (evaluation: Evaluation | Error, more: Partial<Policy> = {}): Policy => ({
  name: 'p',
  evaluate() {
    if (evaluation instanceof Error) throw evaluation
    return evaluation
  },
  ...more,
})

const waiver: Waiver = { id: 'W-1', reason: 'r', owner: 'o', expires: '2030-01-01' }

const evaluate = (policies: Policy[], waive?: () => Waiver | undefined) =>
  createEvaluator({ policies, resolvers: [], ...(waive && { waive }) }).evaluate('local://context')

const missing: Evaluation = { kind: 'missing', paths: [], calls: [{ id: '1', name: 'f', args: [] }] }

describe('warn mode', () => {
  it('allows what the policy denies, and tells it', async () => {
    const { decision, report } = await evaluate([policyOf(verdict(false), { mode: 'warn' })])
    expect(decision.kind).toBe('allow')
    expect(report.overruled).toEqual([{ policy: 'p', messages: ['no'], by: 'warn mode' }])
  })

  it('does not keep other policies from denying', async () => {
    const { decision } = await evaluate([
      policyOf(verdict(false), { mode: 'warn' }),
      policyOf(verdict(false), { name: 'q' }),
    ])
    expect(decision).toMatchObject({ kind: 'deny', policy: 'q' })
  })

  it.each([
    ['broken', policyOf(new Error('x'), { mode: 'warn' })],
    ['undecided', policyOf(missing, { mode: 'warn' })],
  ])('does not allow what is %s', async (kind, policy) => {
    expect((await evaluate([policy], () => waiver)).decision.kind).toBe(kind)
  })
})

describe('a waiver', () => {
  it('allows what it covers, and is told', async () => {
    const { decision, report } = await evaluate(
      [policyOf(verdict(false, { rules: [{ place: 'x', id: 'A' }] }))],
      () => waiver,
    )
    expect(decision.kind).toBe('allow')
    expect(report.overruled).toEqual([{ policy: 'p', messages: ['no'], rules: [{ place: 'x', id: 'A' }], by: waiver }])
  })

  it('that covers something else changes nothing', async () => {
    const { decision, report } = await evaluate([policyOf(verdict(false))], () => undefined)
    expect({ kind: decision.kind, overruled: report.overruled }).toEqual({ kind: 'deny', overruled: [] })
  })
})

it('what a policy warns of is told, and denies nothing', async () => {
  const { decision, report } = await evaluate([policyOf(verdict(true, { warnMessages: ['look'] }))])
  expect({ kind: decision.kind, warned: report.warned }).toEqual({
    kind: 'allow',
    warned: [{ policy: 'p', message: 'look' }],
  })
})
