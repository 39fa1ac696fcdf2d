import type {
  Answer,
  Evaluation,
  EvaluationRequest,
  HostCall,
  Input,
  Path,
  Policy,
  PrintedLine,
} from '@source-policy/core'
import type { TestFramework } from './test-framework.ts'

/** What the policies of the contract do. Each is about `input.image`. */
export const ENGINE_BEHAVIOURS = {
  allow: 'allows everything',
  deny: 'denies everything with the messages "first" and "second"',
  repo: 'allows where repo is "alpine"',
  label: 'allows where labels.tier is "gold"',
  'no label': 'allows where labels has no member "blocked"',
  'repo and label': 'allows where labels.tier is "gold" and repo is "alpine"; what is false needs no more facts',
  'message from label': 'denies, with a message made of labels.tier',
  'two fields': 'allows where user is "app" and workingDir is "/app"',
  pin: `allows, and wants the image to have the digest sha256:${'a'.repeat(64)}`,
  verified: 'allows where verify_git_signature(input.git.commit, "key.asc") is true',
  print: 'prints "hello" and allows',
  'wrong type': 'decides with an allow of "yes"',
} as const

export type EngineBehaviour = keyof typeof ENGINE_BEHAVIOURS

export interface TestEngineOptions extends TestFramework {
  readonly name: string
  /** The policy that behaves so, in the engine's language; undefined where the language cannot say it. */
  load(behaviour: EngineBehaviour): Promise<Policy | undefined>
}

const pinned = `sha256:${'a'.repeat(64)}`
const labels: Path = ['image', 'labels']

const tree = '1'.repeat(40)
const gitInput: Input = { git: { host: 'example.com', commit: { tree } } }

/**
 * The contract of an engine, as tests: what its policies answer, that they ask for exactly the holes that they need,
 * that what is unknown never counts as absent, and that asking twice gives the same.
 */
export function testEngine(options: TestEngineOptions): void {
  const { name, load, describe, it, expect } = options

  const image = (more: Input['image'] = {}): Input => ({
    image: { ref: 'docker.io/library/alpine:3.22', repo: 'alpine', ...more },
  })

  async function evaluate(
    behaviour: EngineBehaviour,
    given: Partial<EvaluationRequest> = {},
  ): Promise<Evaluation | undefined> {
    const policy = await load(behaviour)
    return policy?.evaluate(deepFreeze({ ...request, ...given }))
  }

  const missing = async (behaviour: EngineBehaviour, given: Partial<EvaluationRequest>, ...paths: Path[]) => {
    const evaluation = await evaluate(behaviour, given)
    if (evaluation !== undefined) expect(evaluation).toEqual({ kind: 'missing', paths, calls: [] })
  }
  const verdict = async (behaviour: EngineBehaviour, given: Partial<EvaluationRequest>, expected: object) => {
    const evaluation = await evaluate(behaviour, given)
    if (evaluation !== undefined) expect(evaluation).toMatchObject({ kind: 'verdict', verdict: expected })
  }

  describe(`the engine ${name}`, () => {
    it('allows', () => verdict('allow', { input: image() }, { allow: true, messages: [], pins: [] }))

    it('denies with the messages of the policy', async () => {
      await verdict('deny', { input: image() }, { allow: false, messages: ['first', 'second'] })
    })

    it('decides from what is known', async () => {
      await verdict('repo', { input: image() }, { allow: true })
      await verdict('repo', { input: image({ repo: 'busybox' }) }, { allow: false })
    })

    it('asks for the hole above the field that it needs', async () => {
      await missing('label', { input: image(), unknown: [labels, ['image', 'user']] }, labels)
      await verdict(
        'label',
        { input: image({ labels: { tier: 'gold' } }), unknown: [['image', 'user']] },
        { allow: true },
      )
      await verdict('label', { input: image() }, { allow: false })
    })

    it('asks for nothing where the decision does not depend on it', async () => {
      await verdict('repo', { input: image(), unknown: [labels] }, { allow: true })
    })

    it('does not take unknown for absent', async () => {
      await missing('no label', { input: image(), unknown: [labels] }, labels)
      await verdict('no label', { input: image() }, { allow: true })
      await verdict('no label', { input: image({ labels: { blocked: 'yes' } }) }, { allow: false })
    })

    it('comes to the same end in whatever order fields become known', async () => {
      const input = image({ user: 'app', workingDir: '/app' })
      const holes: Path[] = [
        ['image', 'user'],
        ['image', 'workingDir'],
      ]
      for (const unknown of [holes, [holes[0]!], [holes[1]!]]) {
        const evaluation = await evaluate('two fields', { input: without(input, unknown), unknown })
        if (evaluation === undefined) continue
        expect(evaluation.kind).toBe('missing')
        if (evaluation.kind !== 'missing') continue
        expect(evaluation.paths.length).toBeGreaterThan(0)
        for (const path of evaluation.paths) expect(unknown).toContainEqual(path)
      }
      await verdict('two fields', { input }, { allow: true })
    })

    it('needs no facts beside what is false', async () => {
      const evaluation = await evaluate('repo and label', { input: image({ repo: 'busybox' }), unknown: [labels] })
      // an engine without three-valued logic may ask; it may not allow
      if (evaluation?.kind === 'verdict') expect(evaluation.verdict.allow).toBe(false)
      await missing('repo and label', { input: image(), unknown: [labels] }, labels)
    })

    it('denies whatever its messages lack, or asks for it', async () => {
      const evaluation = await evaluate('message from label', { input: image(), unknown: [labels] })
      if (evaluation?.kind === 'verdict') {
        expect(evaluation.verdict.allow).toBe(false)
        expect(evaluation.verdict.lacking).toEqual({ paths: [labels], calls: [] })
      } else if (evaluation !== undefined) expect(evaluation.paths).toEqual([labels])
      const input = image({ labels: { tier: 'tin' } })
      const complete = await evaluate('message from label', { input })
      if (complete?.kind === 'verdict') expect(complete.verdict.messages.join()).toContain('tin')
    })

    it('records pins', async () => {
      await verdict('pin', { input: image() }, { allow: true, pins: [{ path: ['image'], digest: pinned }] })
    })

    it('asks for host calls once the field that they name is known, and takes their answers', async () => {
      const commit: Path = ['git', 'commit']
      await missing('verified', { input: { git: { host: 'example.com' } }, unknown: [commit] }, commit)
      const asked = await evaluate('verified', { input: gitInput })
      if (asked === undefined) return
      expect(asked).toMatchObject({
        kind: 'missing',
        paths: [],
        calls: [{ name: 'verify_git_signature', path: commit }],
      })
      const [call] = (asked as { calls: readonly HostCall[] }).calls
      const answered = (answer: Answer) =>
        evaluate('verified', { input: gitInput, answers: new Map([[call!.id, answer]]) })
      expect(await answered({ value: true })).toMatchObject({ verdict: { allow: true } })
      expect(await answered({ undefined: 'wrong key' })).toMatchObject({ verdict: { allow: false } })
      const unavailable = await answered({ unavailable: { code: 'timeout', message: 'no answer' } })
      expect(unavailable).toMatchObject({ kind: 'missing', paths: [], calls: [{ id: call!.id }] })
    })

    it('prints where somebody listens', async () => {
      const lines: PrintedLine[] = []
      const evaluation = await evaluate('print', { input: image(), print: line => lines.push(line) })
      if (evaluation === undefined) return
      expect(lines.map(line => line.message)).toEqual(['hello'])
      await verdict('print', { input: image() }, { allow: true })
    })

    it('refuses a decision of a wrong type', async () => {
      const error = await evaluate('wrong type', { input: image() }).catch((thrown: unknown) => thrown)
      if (error !== undefined) expect(error).toMatchObject({ code: 'invalid_decision' })
    })

    it('gives the same twice', async () => {
      const policy = await load('label')
      if (policy === undefined) return
      const given = { ...request, input: image(), unknown: [labels] }
      expect(await policy.evaluate(given)).toEqual(await policy.evaluate(given))
    })
  })
}

const request: EvaluationRequest = {
  input: {},
  unknown: [],
  answers: new Map(),
  time: 1_700_000_000_000_000_000n,
  seed: 1,
  limits: { maxSteps: 1_000_000, timeoutMs: 5_000 },
}

function without(input: Input, paths: readonly Path[]): Input {
  const copy = structuredClone(input)
  for (const [, field] of paths) delete (copy.image as Record<string, unknown>)[String(field)]
  return copy
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !(value instanceof Map)) Object.values(value).forEach(deepFreeze)
  return Object.isFrozen(value) || value instanceof Map ? value : Object.freeze(value)
}
