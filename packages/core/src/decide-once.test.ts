import { beforeEach, describe, expect, it } from 'vitest'
import type { Policy } from './engine.ts'
import { createEvaluator } from './evaluate.ts'
import type { Resolver } from './resolver.ts'
import { createRun } from './run.ts'

let evaluations: number
let allows: boolean
let waits: Promise<void> | undefined
beforeEach(() => {
  evaluations = 0
  allows = true
  waits = undefined
})

const resolver: Resolver = {
  kind: 'image',
  schemes: ['docker-image'],
  parse: (identifier, { attrs, platform }) => ({ kind: 'image', identifier, attrs, ...(platform && { platform }) }),
  describe: () => ({ input: { image: {} }, unknown: [] }),
  resolve: async () => ({ known: [], absent: [], unavailable: [], children: [] }),
}
const policy: Policy = {
  name: 'counting',
  async evaluate() {
    evaluations++
    await waits
    return { kind: 'verdict', verdict: { allow: allows, messages: [], pins: [], caps: {}, warnings: [] } }
  },
}
const evaluator = () => createEvaluator({ policies: [policy], resolvers: [resolver] })
const image = 'docker-image://a:1'

describe('equal sources', () => {
  it('of a run are decided once', async () => {
    const { evaluate } = evaluator()
    const run = createRun()
    const results = await Promise.all([1, 2, 3].map(() => evaluate(image, { run, env: { target: 'x' } })))
    results.push(await evaluate(image, { run, env: { target: 'x' } }))
    expect(results.map(({ decision }) => decision.kind)).toEqual(Array(4).fill('allow'))
    expect(evaluations).toBe(1)
    expect(run.usage.sources).toBe(1)
  })

  it.each([
    ['another reference', 'docker-image://a:2', {}],
    ['attributes', { kind: 'image', identifier: image, attrs: { a: 'b' } }, {}],
    ['another platform', image, { platform: { os: 'linux', architecture: 'arm64' } }],
    ['another build', image, { env: { target: 'y' } }],
  ])('are not those with %s', async (_name, wanted, more) => {
    const { evaluate } = evaluator()
    const run = createRun()
    await evaluate(image, { run, platform: { os: 'linux', architecture: 'amd64' } })
    await evaluate(wanted, { run, platform: { os: 'linux', architecture: 'amd64' }, ...more })
    expect(evaluations).toBe(2)
  })

  it('of other runs and other evaluators are decided anew', async () => {
    const [one, other] = [evaluator(), evaluator()]
    const run = createRun()
    await one.evaluate(image, { run })
    allows = false
    expect((await one.evaluate(image, { run })).decision.kind).toBe('allow')
    expect((await one.evaluate(image, { run: createRun() })).decision.kind).toBe('deny')
    expect((await one.evaluate(image)).decision.kind).toBe('deny')
    expect((await other.evaluate(image, { run })).decision.kind).toBe('deny')
  })

  it('are all shown to who watches the rounds', async () => {
    const { evaluate } = evaluator()
    const run = createRun()
    let rounds = 0
    for (let n = 0; n < 3; n++) await evaluate(image, { run, onRound: () => rounds++ })
    expect(rounds).toBe(3)
  })

  it('are given up one by one', async () => {
    const { evaluate } = evaluator()
    const run = createRun()
    let go = () => {}
    waits = new Promise(resolve => {
      go = resolve
    })
    const controller = new AbortController()
    const impatient = evaluate(image, { run, signal: controller.signal })
    const patient = evaluate(image, { run })
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(impatient).rejects.toBe(reason)
    go()
    expect((await patient).decision.kind).toBe('allow')
    expect(evaluations).toBe(1)
  })
})
