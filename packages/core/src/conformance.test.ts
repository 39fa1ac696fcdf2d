import { describe, expect, it } from 'vitest'
import { conformanceJSON, hasConformance } from '../../../test/conformance.ts'
import type { Evaluation, Policy } from './engine.ts'
import { createEvaluator } from './evaluate.ts'
import { readDecision } from './policy-decision.ts'
import type { Resolver } from './resolver.ts'

type Callback = string | { DENY: string[] }
interface Vectors {
  multipolicy: { cases: { callbacks: Callback[]; result: Callback }[] }
  caps: { cases: { decision?: { caps?: object }; rego?: string; result?: object; error?: string }[] }
}

const vectors: Vectors = hasConformance
  ? conformanceJSON('vectors', 'buildx.json')
  : { multipolicy: { cases: [] }, caps: { cases: [] } }

const pinned = `sha256:${'a'.repeat(64)}`
const images: Resolver = {
  kind: 'image',
  schemes: ['docker-image'],
  parse: (identifier, { attrs }) => ({ kind: 'image', identifier, attrs }),
  describe: ({ identifier }) => {
    const checksum = identifier.split('@')[1]
    return { input: { image: checksum === undefined ? {} : { checksum } }, unknown: [['image', 'labels']] }
  },
  resolve: async (_source, paths) => {
    const error = { code: 'offline', message: 'offline' }
    return { known: [], absent: [], unavailable: paths.map(path => ({ path, error })), children: [] }
  },
  pin: (source, digest) => ({ ...source, identifier: `${source.identifier}@${digest}` }),
}

/** The policy that answers as a callback of the vectors does. */
function policyOf(callback: Callback, called: Callback[]): Policy {
  const verdict = { allow: true, messages: [] as string[], pins: [], caps: {}, warnings: [] }
  const answers: Record<string, Evaluation> = {
    ALLOW: { kind: 'verdict', verdict },
    DENY: { kind: 'verdict', verdict: { ...verdict, allow: false } },
    CONVERT: { kind: 'verdict', verdict: { ...verdict, pins: [{ path: ['image'], digest: pinned }] } },
    METAREQ: { kind: 'missing', paths: [['image', 'labels']], calls: [] },
  }
  return {
    name: JSON.stringify(callback),
    evaluate() {
      called.push(callback)
      if (typeof callback === 'object')
        return { kind: 'verdict', verdict: { ...verdict, allow: false, messages: callback.DENY } }
      const answer = answers[callback]
      if (answer === undefined) throw new Error(`${callback} was called`)
      return answer
    },
  }
}

describe.skipIf(!hasConformance)('docker buildx: several policies', () => {
  it.each(vectors.multipolicy.cases)('$callbacks gives $result', async ({ callbacks, result }) => {
    const called: Callback[] = []
    const policies = callbacks.filter(callback => callback !== null).map(callback => policyOf(callback, called))
    const evaluator = createEvaluator({ policies, resolvers: [images], allowNoPolicy: true })
    const { decision } = await evaluator.evaluate('docker-image://busybox')
    const kinds: Record<string, string> = { ALLOW: 'allow', DENY: 'deny', CONVERT: 'convert', METAREQ: 'undecided' }
    if (typeof result === 'object') expect(decision).toMatchObject({ kind: 'deny', messages: result.DENY })
    else expect(decision.kind).toBe(kinds[result])
    expect(called).not.toContain('<not called>')
  })
})

describe.skipIf(!hasConformance)('docker buildx: capabilities', () => {
  const rows = vectors.caps.cases.flatMap(row =>
    row.decision === undefined ? [] : [{ ...row, decision: row.decision }],
  )
  it.each(rows)('$decision', ({ decision, result, error }) => {
    const document = JSON.parse(JSON.stringify(decision).replace('"<input.env.capsRequest>"', 'true'))
    if (error === undefined) expect(readDecision(document).caps).toEqual(result)
    else expect(() => readDecision(document)).toThrow(error)
  })
})
