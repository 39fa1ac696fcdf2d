import { describe, expect, it } from 'vitest'
import { outcomeOf } from './decision.ts'
import type { Evaluation, EvaluationRequest, HostCall, Policy, Verdict } from './engine.ts'
import { CoreError } from './error.ts'
import { createEvaluator } from './evaluate.ts'
import type { Facts } from './facts.ts'
import type { Input } from './input.ts'
import { isWithin, type Path, valueAt } from './path.ts'
import type { Resolver } from './resolver.ts'
import { createRun } from './run.ts'

/** A policy in the smallest language there is: functions that read through `ask`. */
function policy(name: string, decide: (ask: Ask) => Partial<Verdict>, options: Partial<Policy> = {}): Policy {
  return {
    name,
    ...options,
    evaluate(request): Evaluation {
      const paths: Path[] = []
      const calls: HostCall[] = []
      const stop = Symbol('missing')
      const read = (path: Path) => {
        const hole = request.unknown.find(unknown => isWithin(path, unknown))
        if (hole === undefined) return valueAt(request.input, path)
        paths.push(hole)
        throw stop
      }
      const call = (call: HostCall) => {
        const answer = request.answers.get(call.id)
        if (answer !== undefined && 'value' in answer) return answer.value
        if (answer !== undefined && 'undefined' in answer) return undefined
        calls.push(call)
        throw stop
      }
      try {
        const verdict = decide({ read, call, request })
        return {
          kind: 'verdict',
          verdict: { allow: false, messages: [], pins: [], caps: {}, warnings: [], ...verdict },
        }
      } catch (thrown) {
        if (thrown !== stop) throw thrown
        return { kind: 'missing', paths, calls }
      }
    },
  }
}

interface Ask {
  read(path: Path): unknown
  call(call: HostCall): unknown
  request: EvaluationRequest
}

const allowAll = policy('allow', () => ({ allow: true }))

/** Images whose facts are given; counts what it is asked. */
function imageResolver(answer: (path: Path, source: string) => unknown, more: Partial<Resolver> = {}) {
  const asked: string[][] = []
  const resolver: Resolver = {
    kind: 'image',
    schemes: ['docker-image'],
    parse: (identifier, { attrs, platform }) => ({ kind: 'image', identifier, attrs, ...(platform && { platform }) }),
    describe: ({ identifier }) => {
      const ref = identifier.slice('docker-image://'.length)
      const checksum = ref.split('@')[1]
      const holes = ['labels', 'user', 'provenance'].map(name => ['image', name])
      return {
        input: { image: { ref, ...(checksum !== undefined && { checksum }) } },
        unknown: checksum === undefined ? [['image', 'checksum'], ...holes] : holes,
      }
    },
    async resolve(source, paths): Promise<Facts> {
      asked.push(paths.map(path => path.join('.')))
      const facts = { known: [], absent: [], unavailable: [], children: [] } as {
        -readonly [K in 'known' | 'absent' | 'unavailable' | 'children']: Facts[K][number][]
      }
      for (const path of paths) {
        const value = answer(path, source.identifier)
        if (value instanceof CoreError) facts.unavailable.push({ path, error: value })
        else if (value === undefined) facts.absent.push({ path, basis: 'digest' })
        else facts.known.push({ path, value, basis: path[1] === 'checksum' ? 'server' : 'digest' })
        const materials = (value as { materials?: string[] } | undefined)?.materials ?? []
        materials.forEach((identifier, index) => {
          facts.children.push({ path: [...path, 'materials', index], identifier })
        })
      }
      return facts
    },
    pin: (source, digest) => ({
      ...source,
      identifier: `${source.identifier.split('@')[0]}@${digest}`,
      attrs: { ...source.attrs, 'image.checksum': digest },
    }),
    ...more,
  }
  return { resolver, asked }
}

const alpine = 'docker-image://docker.io/library/alpine:3.22'
const digest = `sha256:${'a'.repeat(64)}`
const offline = new CoreError('timeout', 'the registry did not answer')

describe('the loop', () => {
  it('fetches nothing that the decision does not depend on', async () => {
    const { resolver, asked } = imageResolver(() => ({}))
    const byRef = policy('by ref', ({ read }) => ({
      allow: read(['image', 'ref']) === 'docker.io/library/alpine:3.22',
    }))
    const { decision, report } = await createEvaluator({ policies: [byRef], resolvers: [resolver] }).evaluate(alpine)
    expect(decision.kind).toBe('allow')
    expect(asked).toEqual([])
    expect(report).toMatchObject({ facts: [], rounds: [{ verdict: 'allow', missing: [] }] })
    expect(report.basis).toBeUndefined()
  })

  it('fetches what is lacking and asks again', async () => {
    const { resolver, asked } = imageResolver(path => (path[1] === 'labels' ? { tier: 'gold' } : digest))
    const gold = policy('gold', ({ read }) => {
      return { allow: read(['image', 'labels', 'tier']) === 'gold' && read(['image', 'checksum']) === digest }
    })
    const { decision, report } = await createEvaluator({ policies: [gold], resolvers: [resolver] }).evaluate(alpine)
    expect(decision.kind).toBe('allow')
    expect(asked).toEqual([['image.labels'], ['image.checksum']])
    expect(report.rounds.map(round => round.missing)).toEqual([['input.image.labels'], ['input.image.checksum'], []])
    expect(report.basis).toBe('server')
  })

  it('takes "there is none" for an answer', async () => {
    const { resolver } = imageResolver(() => undefined)
    const unlabelled = policy('unlabelled', ({ read }) => ({ allow: read(['image', 'labels']) === undefined }))
    const { decision, report } = await createEvaluator({ policies: [unlabelled], resolvers: [resolver] }).evaluate(
      alpine,
    )
    expect(decision.kind).toBe('allow')
    expect(report.facts).toEqual([{ path: 'input.image.labels', state: 'absent', basis: 'digest', asked: true }])
  })

  it('never takes "could not be reached" for "there is none"', async () => {
    const { resolver, asked } = imageResolver(() => offline)
    const unlabelled = policy('unlabelled', ({ read }) => ({ allow: read(['image', 'labels']) === undefined }))
    const { decision } = await createEvaluator({ policies: [unlabelled], resolvers: [resolver] }).evaluate(alpine)
    expect(decision).toMatchObject({ kind: 'undecided', needs: ['input.image.labels'], errors: [{ code: 'timeout' }] })
    expect(asked).toHaveLength(1)
  })

  it('denies although messages lack what cannot be reached', async () => {
    const { resolver, asked } = imageResolver(() => offline)
    const lacking = { paths: [['image', 'labels']], calls: [] }
    const denies = policy('denies', () => ({ allow: false, messages: ['never'], lacking }))
    const { decision } = await createEvaluator({ policies: [denies], resolvers: [resolver] }).evaluate(alpine)
    expect(decision).toMatchObject({ kind: 'deny', messages: ['never'] })
    expect(asked).toEqual([['image.labels']])
  })

  it('treats a resolver that throws, or answers too little, as unable to answer', async () => {
    const unlabelled = policy('unlabelled', ({ read }) => ({ allow: read(['image', 'labels']) === undefined }))
    const evaluate = (resolve: Resolver['resolve']) => {
      const { resolver } = imageResolver(() => undefined, { resolve })
      return createEvaluator({ policies: [unlabelled], resolvers: [resolver] }).evaluate(alpine)
    }
    const silent = await evaluate(async () => ({ known: [], absent: [], unavailable: [], children: [] }))
    expect(silent.decision).toMatchObject({ kind: 'undecided', errors: [{ code: 'contract_violation' }] })
    const thrown = await evaluate(async () => {
      throw new TypeError('boom')
    })
    expect(thrown.decision).toMatchObject({ kind: 'undecided', errors: [{ code: 'internal_error', message: 'boom' }] })
  })

  it('ends when a policy never has enough', async () => {
    const { resolver } = imageResolver(() => ({}))
    const greedy = policy('greedy', ({ read }) => {
      for (const name of ['checksum', 'labels', 'user']) read(['image', name])
      return { allow: true }
    })
    const evaluator = createEvaluator({ policies: [greedy], resolvers: [resolver], limits: { maxRounds: 2 } })
    const { decision } = await evaluator.evaluate(alpine)
    expect(decision).toMatchObject({ kind: 'undecided', errors: [{ code: 'rounds_exhausted' }] })
  })

  it('refuses a policy that asks for what it was given', async () => {
    const { resolver } = imageResolver(() => ({}))
    const confused: Policy = {
      name: 'confused',
      evaluate: () => ({ kind: 'missing', paths: [['image', 'ref']], calls: [] }),
    }
    const { decision } = await createEvaluator({ policies: [confused], resolvers: [resolver] }).evaluate(alpine)
    expect(decision).toMatchObject({ kind: 'broken', error: { code: 'contract_violation' } })
  })

  it('shows what policies print in their last round only', async () => {
    const { resolver } = imageResolver(() => ({}))
    const chatty = policy('chatty', ({ read, request }) => {
      request.print?.({ file: 'p', row: 1, message: `round of ${request.unknown.length} holes` })
      read(['image', 'labels'])
      return { allow: true }
    })
    const { report } = await createEvaluator({ policies: [chatty], resolvers: [resolver] }).evaluate(alpine)
    expect(report.prints).toEqual([{ file: 'p', row: 1, message: 'round of 3 holes' }])
  })

  it('gives up when the caller does', async () => {
    const controller = new AbortController()
    const { resolver } = imageResolver(() => ({}), {
      resolve: (_source, _paths, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    })
    const needy = policy('needy', ({ read }) => ({ allow: read(['image', 'labels']) === undefined }))
    const evaluator = createEvaluator({ policies: [needy], resolvers: [resolver] })
    const result = evaluator.evaluate(alpine, { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(result).rejects.toThrow('enough')
  })

  it('leaves undecided what takes longer than the run may', async () => {
    const { resolver } = imageResolver(() => ({}), {
      resolve: (_source, _paths, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    })
    const needy = policy('needy', ({ read }) => ({ allow: read(['image', 'labels']) === undefined }))
    const evaluator = createEvaluator({ policies: [needy], resolvers: [resolver], limits: { timeoutMs: 20 } })
    const { decision } = await evaluator.evaluate(alpine)
    expect(decision).toMatchObject({ kind: 'undecided', errors: [{ code: 'timeout' }] })
  })
})

describe('what is wrong on our side', () => {
  const { resolver } = imageResolver(() => ({}))
  const evaluate = (source: unknown, policies = [allowAll]) =>
    createEvaluator({ policies, resolvers: [resolver] }).evaluate(source as string)

  it.each([
    ['no policy', alpine, [], 'no_policy'],
    ['nothing', undefined, [allowAll], 'invalid_source'],
    ['no identifier', 'alpine', [allowAll], 'invalid_source'],
    ['a scheme without resolver', 'oci-layout://x', [allowAll], 'unsupported_scheme'],
    [
      'a policy that throws',
      alpine,
      [
        policy('throws', () => {
          throw new CoreError('invalid_decision', 'no')
        }),
      ],
      'invalid_decision',
    ],
  ])('is broken: %s', async (_name, source, policies, code) => {
    const { decision } = await evaluate(source, policies)
    expect(decision).toMatchObject({ kind: 'broken', error: { code } })
    expect(outcomeOf(decision)).toBe('broken')
  })

  it('is no policy, unless nobody wants one', async () => {
    const { decision } = await createEvaluator({ policies: [], resolvers: [resolver], allowNoPolicy: true }).evaluate(
      alpine,
    )
    expect(decision.kind).toBe('allow')
  })

  it('leaves a source undecided whose evaluation exceeds its budget', async () => {
    const endless = policy('endless', () => {
      throw new CoreError('budget_exceeded', 'too many steps')
    })
    expect((await evaluate(alpine, [endless])).decision.kind).toBe('undecided')
  })
})

describe('several policies', () => {
  const { resolver } = imageResolver(() => ({}))
  const seen: string[] = []
  const says = (name: string, verdict: Partial<Verdict>) =>
    policy(name, () => {
      seen.push(name)
      return verdict
    })

  it('must all allow, in order, and the first that does not ends it', async () => {
    const policies = [
      says('one', { allow: true }),
      says('two', { messages: ['no', 'never'] }),
      says('three', { allow: true }),
    ]
    const { decision } = await createEvaluator({ policies, resolvers: [resolver] }).evaluate(alpine)
    expect(decision).toMatchObject({ kind: 'deny', policy: 'two', messages: ['no', 'never'] })
    expect(seen).toEqual(['one', 'two'])
  })
})

describe('pins', () => {
  const pinning = (digests: string[], path: Path = ['image']) =>
    policy('pins', ({ request }) => ({
      allow: true,
      pins: digests.map(digest => ({ path, digest })),
      messages: [String(request.input.image?.ref)],
    }))

  it('convert the source, which is then decided again from the first policy, with nothing bound but the pin', async () => {
    const refs: unknown[] = []
    const first = policy('first', ({ read }) => {
      refs.push(read(['image', 'ref']), read(['image', 'labels']))
      return { allow: true }
    })
    const { resolver, asked } = imageResolver(() => ({}))
    const policies = [first, pinning([digest])]
    const { decision } = await createEvaluator({ policies, resolvers: [resolver] }).evaluate(alpine)
    const pinned = `${alpine}@${digest}`
    expect(decision).toMatchObject({
      kind: 'convert',
      source: { identifier: pinned, attrs: { 'image.checksum': digest } },
      from: { identifier: alpine },
    })
    expect(asked).toEqual([['image.labels'], ['image.labels']])
    expect(refs.filter(ref => typeof ref === 'string')).toEqual([
      'docker.io/library/alpine:3.22',
      `docker.io/library/alpine:3.22@${digest}`,
    ])
  })

  it('that say what is known already change nothing', async () => {
    const { resolver } = imageResolver(() => ({}))
    const evaluator = createEvaluator({ policies: [pinning([digest, digest])], resolvers: [resolver] })
    expect((await evaluator.evaluate(`${alpine}@${digest}`)).decision.kind).toBe('allow')
  })

  it.each([
    ['contradict each other', pinning([digest, `sha256:${'b'.repeat(64)}`])],
    ['name a material', pinning([digest], ['image', 'provenance', 'materials', 0, 'image'])],
  ])('are refused where they %s', async (_name, pins) => {
    const { resolver } = imageResolver(() => ({}))
    const { decision } = await createEvaluator({ policies: [pins], resolvers: [resolver] }).evaluate(alpine)
    expect(decision).toMatchObject({ kind: 'broken', error: { code: 'invalid_pin' } })
  })

  it('that never settle leave the source undecided', async () => {
    let turn = 0
    const restless = policy('restless', () => {
      turn++
      return { allow: true, pins: [{ path: ['image'], digest: `sha256:${String(turn).padStart(64, '0')}` }] }
    })
    const { resolver } = imageResolver(() => ({}))
    const { decision } = await createEvaluator({ policies: [restless], resolvers: [resolver] }).evaluate(alpine)
    expect(decision).toMatchObject({ kind: 'undecided', errors: [{ code: 'conversions_exhausted' }] })
    expect(turn).toBe(11)
  })
})

describe('materials', () => {
  const materialsOf: Record<string, string[]> = {
    [alpine]: ['docker-image://base:1', 'docker-image://base:2', 'npm://left-pad'],
    'docker-image://base:1': ['docker-image://root:1'],
    'docker-image://loop:1': ['docker-image://loop:1'],
  }
  const { resolver, asked } = imageResolver((path, source) => {
    return path[1] === 'provenance' ? { materials: materialsOf[source] ?? [] } : { of: source }
  })
  const material = (index: number, ...path: (string | number)[]): Path => [
    'image',
    'provenance',
    'materials',
    index,
    ...path,
  ]

  it('are inputs of their own, resolved where a policy looks at them', async () => {
    asked.length = 0
    const deep = policy('deep', ({ read }) => {
      const own = read(material(1, 'image', 'labels', 'of'))
      const nested = read([...material(0), ...material(0, 'image', 'labels', 'of')])
      return { allow: own === 'docker-image://base:2' && nested === 'docker-image://root:1' }
    })
    const evaluator = createEvaluator({ policies: [deep], resolvers: [resolver] })
    const { decision } = await evaluator.evaluate(alpine, { env: { target: 'release' } })
    expect(decision.kind).toBe('allow')
    expect(asked).toEqual([['image.provenance'], ['image.labels'], ['image.provenance'], ['image.labels']])
  })

  it('carry the build with the depth at which they stand', async () => {
    let input: Input = {}
    const look = policy('look', ({ read, request }) => {
      input = request.input
      return { allow: read(['image', 'provenance']) !== undefined }
    })
    await createEvaluator({ policies: [look], resolvers: [resolver] }).evaluate(alpine, { env: { target: 'release' } })
    expect(input.env).toEqual({ target: 'release', depth: 0 })
    expect(valueAt(input, material(0, 'env'))).toEqual({ target: 'release', depth: 1 })
  })

  it('that no resolver reads are unavailable, not empty', async () => {
    const look = policy('look', ({ read }) => ({ allow: read(material(2, 'image')) === undefined }))
    const { decision } = await createEvaluator({ policies: [look], resolvers: [resolver] }).evaluate(alpine)
    expect(decision).toMatchObject({ kind: 'undecided', errors: [{ code: 'unsupported_scheme' }] })
  })

  it('that are their own materials are unavailable', async () => {
    const look = policy('look', ({ read }) => ({ allow: read(material(0, 'image', 'ref')) === undefined }))
    const { decision } = await createEvaluator({ policies: [look], resolvers: [resolver] }).evaluate(
      'docker-image://loop:1',
    )
    expect(decision).toMatchObject({ kind: 'undecided', errors: [{ code: 'source_cycle' }] })
  })

  it('end at the depth that a run allows', async () => {
    let serial = 0
    const { resolver } = imageResolver(() => ({ materials: [`docker-image://next:${++serial}`] }))
    const dig = policy('dig', ({ read }) => {
      let path: Path = []
      for (let depth = 0; depth < 30; depth++) {
        read([...path, 'image', 'provenance'])
        path = [...path, ...material(0)]
      }
      return { allow: true }
    })
    const { decision } = await createEvaluator({ policies: [dig], resolvers: [resolver] }).evaluate(alpine)
    expect(decision).toMatchObject({ kind: 'undecided', errors: [{ code: 'budget_exceeded' }] })
    expect(serial).toBe(25)
  })

  it('are fetched without credentials unless that is allowed', async () => {
    const anonymous: boolean[] = []
    const watching: Resolver = {
      ...resolver,
      resolve: (source, paths, context) => {
        anonymous.push(context.anonymous)
        return resolver.resolve(source, paths, context)
      },
    }
    const look = policy('look', ({ read }) => ({ allow: read(material(0, 'image', 'labels')) !== undefined }))
    const options = { policies: [look], resolvers: [watching] }
    await createEvaluator(options).evaluate(alpine)
    await createEvaluator({ ...options, materialCredentials: true }).evaluate(alpine)
    expect(anonymous).toEqual([false, true, false, false])
  })
})

describe('holes beneath a fact', () => {
  const list: Path = ['image', 'labels']
  const item: Path = ['image', 'labels', 0, 'predicate']

  function lists(answer: (path: Path) => Partial<Facts>) {
    const asked: string[][] = []
    const { resolver } = imageResolver(() => undefined, {
      async resolve(_source, paths): Promise<Facts> {
        asked.push(paths.map(path => path.join('.')))
        const parts = paths.map(answer)
        return {
          known: parts.flatMap(({ known = [] }) => known),
          absent: [],
          unavailable: [],
          children: [],
          holes: parts.flatMap(({ holes = [] }) => holes),
          warnings: ['one is odd'],
        }
      },
    })
    return { resolver, asked }
  }

  const known = (path: Path, value: unknown) => ({ path, value, basis: 'digest' as const })
  const whole = known(list, [{ type: 'x' }])

  it('are fetched where a policy looks at them, and opened once', async () => {
    const { resolver, asked } = lists(path =>
      path.length === 2 ? { known: [whole], holes: [item] } : { known: [whole, known(item, 1)], holes: [item] },
    )
    const reads = (path: Path, value: unknown) => policy('look', ({ read }) => ({ allow: read(path) === value }))
    const shallow = createEvaluator({ policies: [reads([...list, 0, 'type'], 'x')], resolvers: [resolver] })
    expect((await shallow.evaluate(alpine)).decision.kind).toBe('allow')
    expect(asked).toEqual([['image.labels']])
    const deep = createEvaluator({ policies: [reads(item, 1), reads(item, 1)], resolvers: [resolver] })
    const { decision, report } = await deep.evaluate(alpine)
    expect(decision.kind).toBe('allow')
    expect(asked.slice(1)).toEqual([['image.labels'], ['image.labels.0.predicate']])
    expect(report.warnings).toEqual(['one is odd'])
  })

  it('may give a better reason to believe what is known already', async () => {
    const { resolver } = lists(path =>
      path.length === 2
        ? { known: [{ ...whole, basis: 'server' }], holes: [item] }
        : {
            known: [
              { ...whole, basis: 'signature' },
              { ...known(item, 1), basis: 'signature' },
            ],
          },
    )
    const deep = policy('deep', ({ read }) => ({ allow: read(item) === 1 }))
    const { report } = await createEvaluator({ policies: [deep], resolvers: [resolver] }).evaluate(alpine)
    expect(report.basis).toBe('signature')
    expect(report.facts.map(({ basis }) => basis)).toEqual(['signature', 'signature'])
  })

  it('are filled by facts that come along', async () => {
    const { resolver, asked } = lists(() => ({ known: [whole, known(item, 1)], holes: [item] }))
    const deep = policy('deep', ({ read }) => ({ allow: read(item) === 1 }))
    const { decision } = await createEvaluator({ policies: [deep], resolvers: [resolver] }).evaluate(alpine)
    expect([decision.kind, asked]).toEqual(['allow', [['image.labels']]])
  })
})

describe('host functions', () => {
  const verify: HostCall = { id: 'v', name: 'verify', args: [null, 'key.pub'], path: ['image'] }
  const verified = policy('verified', ({ call }) => ({ allow: call(verify) === true }))
  const evaluate = (functions: Resolver['functions'], policies = [verified], resolvers: Resolver[] = []) => {
    const { resolver } = imageResolver(() => ({}), functions && { functions })
    return createEvaluator({ policies, resolvers: [resolver, ...resolvers] }).evaluate(alpine)
  }

  it('are answered by the resolver of the source that they name', async () => {
    const { decision } = await evaluate({
      verify: async (args, { path }) => ({ value: args[1] === 'key.pub' && path[0] === 'image' }),
    })
    expect(decision.kind).toBe('allow')
  })

  it('that do not hold are undefined, and the report says why', async () => {
    const { decision, report } = await evaluate({ verify: async () => ({ undefined: 'wrong key' }) })
    expect(decision.kind).toBe('deny')
    expect(report.warnings).toEqual(['wrong key'])
  })

  it.each([
    ['undefined', { undefined: 'verify: wrong key' }, 'deny'],
    ['a value', { value: false, reason: 'verify: wrong key' }, 'deny'],
  ] as const)('are reported with the place of the call: %s', async (_name, answer, kind) => {
    const placed = policy('placed', ({ call }) => ({ allow: call({ ...verify, location: 'a.rego:5:3' }) === true }))
    const { decision, report } = await evaluate({ verify: async () => answer }, [placed])
    expect(decision.kind).toBe(kind)
    expect(report.warnings).toEqual(['a.rego:5:3: verify: wrong key'])
  })

  it('that cannot be checked are reported with the place of the call, and why others did not hold beside them', async () => {
    const placed = policy('placed', ({ call }) => {
      const held = call({ ...verify, id: 'w', args: [null, 'other.pub'], location: 'a.rego:4:3' }) === true
      return { allow: call({ ...verify, location: 'a.rego:5:3' }) === true || held }
    })
    const { decision, report } = await evaluate(
      {
        verify: async ([, key]) =>
          key === 'other.pub' ? { undefined: 'verify: wrong key' } : { unavailable: offline },
      },
      [placed],
    )
    expect(decision).toMatchObject({ kind: 'undecided', errors: [{ code: 'timeout' }] })
    expect(decision).toHaveProperty('errors.0.message', expect.stringMatching(/^a\.rego:5:3: verify: /))
    expect(report.warnings).toEqual(['a.rego:4:3: verify: wrong key'])
  })

  it.each([
    ['cannot be checked', { verify: async () => ({ unavailable: offline }) }, 'timeout'],
    [
      'fail',
      {
        verify: async () => {
          throw new TypeError('boom')
        },
      },
      'internal_error',
    ],
    ['nobody offers', undefined, 'function_unavailable'],
  ] as const)('that %s leave the source undecided', async (_name, functions, code) => {
    const { decision } = await evaluate(functions as Resolver['functions'])
    expect(decision).toMatchObject({ kind: 'undecided', needs: ['verify(input.image, "key.pub")'], errors: [{ code }] })
  })

  it('of another kind of source do not hold', async () => {
    const other: Resolver = {
      ...imageResolver(() => ({})).resolver,
      kind: 'git',
      schemes: ['git'],
      functions: { verify: async () => ({ value: true }) },
    }
    expect((await evaluate(undefined, [verified], [other])).decision.kind).toBe('deny')
  })

  it('of git are false for an image, as in docker buildx, and the report says why', async () => {
    const name = 'verify_git_signature'
    const git: Resolver = {
      ...imageResolver(() => ({})).resolver,
      kind: 'git',
      schemes: ['git'],
      functions: { [name]: async () => ({ value: true }) },
    }
    const calls: HostCall[] = [
      { id: 'a', name, args: [null], path: ['image'] },
      { id: 'b', name, args: [{}] },
    ]
    const refuted = policy('refuted', ({ call }) => ({ allow: calls.every(each => call(each) === false) }))
    const { decision, report } = await evaluate(undefined, [refuted], [git])
    expect(decision.kind).toBe('allow')
    expect(report.warnings).toEqual(Array(2).fill(`${name}: does not apply to image sources`))
  })

  it('load_json reads the files of the policy that calls it', async () => {
    const load: HostCall = { id: 'l', name: 'load_json', args: ['allowed.json'] }
    const text = new TextEncoder().encode('{"refs": ["docker.io/library/alpine:3.22"]}')
    const files = { read: async (path: string) => (path === 'allowed.json' ? text : undefined) }
    const listed = (options: Partial<Policy>) =>
      policy(
        'listed',
        ({ call, read }) => {
          const list = call(load) as { refs: string[] } | undefined
          return { allow: list?.refs.includes(String(read(['image', 'ref']))) ?? false }
        },
        options,
      )
    expect((await evaluate(undefined, [listed({ files })])).decision.kind).toBe('allow')
    const without = await evaluate(undefined, [listed({})])
    expect(without.decision.kind).toBe('deny')
    expect(without.report.warnings).toEqual(['load_json: no file allowed.json in the root of the policy'])
  })

  it('that a policy calls wrongly break the policy, with the place of the call', async () => {
    const refuses = async () => {
      throw Object.assign(new Error('verify: unknown option "kee"'), { code: 'invalid_call' })
    }
    const calling = policy('calling', ({ call }) => ({
      allow: call({ id: 'v', name: 'verify', args: [], path: ['image'], location: 'a.rego:3:5' }) === true,
    }))
    const { decision } = await evaluate({ verify: refuses }, [calling])
    expect(decision).toMatchObject({
      kind: 'broken',
      policy: 'calling',
      error: { code: 'invalid_call', message: 'a.rego:3:5: verify: unknown option "kee"' },
    })
  })
})

describe('a run', () => {
  it('counts the sources of a build together', async () => {
    const { resolver } = imageResolver(() => ({}))
    const evaluator = createEvaluator({ policies: [allowAll], resolvers: [resolver] })
    const run = createRun({ limits: { maxSources: 2 } })
    const kinds: string[] = []
    for (const tag of ['a', 'b', 'c'])
      kinds.push((await evaluator.evaluate(`docker-image://${tag}`, { run })).decision.kind)
    expect(kinds).toEqual(['allow', 'allow', 'undecided'])
  })

  it('loads a thing once, whoever asks, and a waiter that gives up cancels only itself', async () => {
    const run = createRun()
    let loads = 0
    const load = () => new Promise<number>(resolve => setTimeout(() => resolve(++loads), 20))
    const impatient = new AbortController()
    const waiting = run.once('k', load, impatient.signal)
    const patient = run.once('k', load)
    impatient.abort(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
    await expect(patient).resolves.toBe(1)
    await expect(run.once('k', load)).resolves.toBe(1)
  })

  it('keeps a failure', async () => {
    const run = createRun()
    let loads = 0
    const load = async () => {
      loads++
      throw new Error('down')
    }
    await expect(run.once('k', load)).rejects.toThrow('down')
    await expect(run.once('k', load)).rejects.toThrow('down')
    expect(loads).toBe(1)
  })

  it('keeps what a load throws before it waits, also for a waiter that gave up before', async () => {
    const run = createRun()
    let loads = 0
    const load = (): Promise<never> => {
      loads++
      throw new Error('down')
    }
    await expect(run.once('k', load, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone')
    await expect(run.once('k', load)).rejects.toThrow('down')
    expect(loads).toBe(1)
  })

  it('takes a value that is no promise', async () => {
    const run = createRun()
    expect(await run.once('k', () => 1 as never)).toBe(1)
    expect(await run.once('k', () => 2 as never, run.signal)).toBe(1)
    expect(await run.once('other', () => 3 as never, run.signal)).toBe(3)
  })

  it('bounds requests, bytes and hosts', () => {
    const run = createRun({ limits: { maxRequests: 1, maxBytes: 10, maxHosts: 1 } })
    run.spend('requests', 1, 'GET')
    expect(() => run.spend('requests', 1, 'GET')).toThrow(expect.objectContaining({ code: 'budget_exceeded' }))
    expect(() => run.spend('bytes', 11, 'GET')).toThrow(expect.objectContaining({ code: 'budget_exceeded' }))
    run.contact('a')
    run.contact('a')
    expect(() => run.contact('b')).toThrow(expect.objectContaining({ code: 'budget_exceeded' }))
  })
})
