import { describe, expect, it } from 'vitest'
import {
  createEvaluator,
  createRun,
  type Facts,
  type HostCall,
  type Path,
  type Policy,
  type PolicyFiles,
  pathKey,
  type Resolver,
} from '../index.ts'
import { createRecorder, createReplay, decodeRecording, encodeRecording, type Recording } from './index.ts'

const labels: Path = ['image', 'labels']
const user: Path = ['image', 'user']
const signatures: Path = ['image', 'signatures']
const identifier = 'docker-image://example.com/app:1'

const answers: Facts = {
  known: [{ path: labels, value: { tier: 'gold', Tier: 'other' }, basis: 'server' }],
  absent: [{ path: user, basis: 'digest' }],
  unavailable: [{ path: signatures, error: { code: 'status', message: 'secret-token refused' } }],
  children: [],
  holes: [['image', 'labels', 'deep']],
  warnings: ['old key'],
}

function imageResolver(online: { requests: number }): Resolver {
  return {
    kind: 'image',
    schemes: ['docker-image'],
    parse: (text, { attrs }) => ({ kind: 'image', identifier: text, attrs }),
    describe: source => ({ input: { image: { ref: source.identifier } }, unknown: [labels, user, signatures] }),
    async resolve(_source, paths) {
      online.requests++
      const isAsked = ({ path }: { path: Path }) =>
        path === user || paths.some(asked => pathKey(asked) === pathKey(path))
      return { ...answers, known: answers.known.filter(isAsked), unavailable: answers.unavailable.filter(isAsked) }
    },
    functions: {
      async check([, file], { files }) {
        online.requests++
        if (file === 'wrong') throw Object.assign(new Error('check: wrong'), { code: 'invalid_call' })
        const bytes = await files.read(String(file), { maxBytes: 100 })
        return bytes === undefined ? { undefined: 'no such file' } : { value: new TextDecoder().decode(bytes) }
      },
    },
  }
}

const filesOf = (texts: Record<string, string>): PolicyFiles => ({
  read: async path => (Object.hasOwn(texts, path) ? new TextEncoder().encode(texts[path]) : undefined),
})

/** Wants the paths one after the other, then the call. */
function policyOf(paths: readonly Path[], files: PolicyFiles = filesOf({}), calls: readonly HostCall[] = []): Policy {
  return {
    name: 'p',
    files,
    evaluate({ unknown, answers: given }) {
      const lacking = paths.filter(path => unknown.some(other => JSON.stringify(other) === JSON.stringify(path)))
      const open = calls.filter(call => given.get(call.id) === undefined || 'unavailable' in given.get(call.id)!)
      const [first] = lacking
      if (first !== undefined) return { kind: 'missing', paths: [first], calls: [] }
      if (open.length > 0) return { kind: 'missing', paths: [], calls: open }
      const messages = calls.map(call => JSON.stringify(given.get(call.id)))
      return { kind: 'verdict', verdict: { allow: false, messages, pins: [], caps: {}, warnings: [] } }
    },
  }
}

const call: HostCall = { id: '1', name: 'check', args: [null, 'key'], path: ['image'] }

async function decide(policy: Policy, resolver: Resolver, source = identifier) {
  const run = createRun({ time: 1n, seed: 1 })
  const { decision, report } = await createEvaluator({ policies: [policy], resolvers: [resolver] }).evaluate(source, {
    run,
  })
  const rounds = report.rounds.map(round => ({ ...round, durationMs: 0 }))
  return JSON.parse(JSON.stringify({ decision, report: { ...report, rounds, durationMs: 0 } }))
}

async function record(policy: Policy, source = identifier, redact = (text: string) => text) {
  const recorder = createRecorder({ redact })
  const result = await decide(policy, recorder.watch(imageResolver({ requests: 0 })), source)
  return { result, recordings: recorder.recordings() }
}

const throughText = (recordings: readonly Recording[]) =>
  recordings.map(recording => decodeRecording(encodeRecording(recording), 'fixture'))

describe('a replay', () => {
  it.each([
    ['fields that are known, absent and came along', policyOf([labels, user])],
    ['a field that is unavailable', policyOf([signatures])],
    ['a call that reads a file', policyOf([], filesOf({ key: 'k' }), [call])],
    ['a call that finds no file', policyOf([], filesOf({}), [call])],
  ])('of %s decides with the same report, without a request', async (_, policy) => {
    const { result, recordings } = await record(policy)
    const online = { requests: 0 }
    const replay = createReplay(throughText(recordings))
    expect(await decide(policy, replay.resolver(imageResolver(online)))).toEqual(result)
    expect(online.requests).toBe(0)
  })

  it('opens the same fields beneath others, and warns of the same', async () => {
    const signed: Path = ['image', 'labels', 'signed']
    const opening: Resolver = {
      ...imageResolver({ requests: 0 }),
      resolve: async (_source, paths) => ({
        known: paths.map(path => ({ path, value: {}, basis: 'digest' })),
        absent: [],
        unavailable: [],
        children: [],
        holes: [signed],
        warnings: ['one is odd'],
      }),
    }
    const recorder = createRecorder()
    const policy = policyOf([labels, signed])
    const result = await decide(policy, recorder.watch(opening))
    expect(result.report.warnings).toEqual(['one is odd'])
    expect(result.report.rounds).toHaveLength(3)
    const replay = createReplay(throughText(recorder.recordings()))
    expect(await decide(policy, replay.resolver(opening))).toEqual(result)
  })

  it('breaks a policy that calls a function wrongly, as it was broken', async () => {
    const wrong: HostCall = { ...call, args: [null, 'wrong'] }
    const policy = policyOf([], filesOf({}), [wrong])
    const { result, recordings } = await record(policy)
    expect(result.decision).toMatchObject({ kind: 'broken', error: { code: 'invalid_call' } })
    const replay = createReplay(throughText(recordings)).resolver(imageResolver({ requests: 0 }))
    expect(await decide(policy, replay)).toEqual(result)
  })

  it('finds a field among those that came along with another', async () => {
    const { recordings } = await record(policyOf([labels]))
    const replay = createReplay(recordings)
    const { decision } = await decide(policyOf([user]), replay.resolver(imageResolver({ requests: 0 })))
    expect(decision.kind).toBe('deny')
  })

  it('leaves what was not recorded unavailable', async () => {
    const { recordings } = await record(policyOf([labels]))
    const replay = createReplay(recordings).resolver(imageResolver({ requests: 0 }))
    const policies = [policyOf([signatures]), policyOf([], filesOf({ key: 'k' }), [call])]
    for (const policy of policies) {
      const { decision } = await decide(policy, replay)
      expect(decision).toMatchObject({ kind: 'undecided', errors: [{ code: 'not_recorded' }] })
    }
    expect((await decide(policyOf([labels]), replay, `${identifier}2`)).decision.kind).toBe('undecided')
  })

  it('does not answer a call for a file that has changed', async () => {
    const { recordings } = await record(policyOf([], filesOf({ key: 'k' }), [call]))
    const replay = createReplay(recordings).resolver(imageResolver({ requests: 0 }))
    const { decision } = await decide(policyOf([], filesOf({ key: 'other' }), [call]), replay)
    expect(decision).toMatchObject({ kind: 'undecided', errors: [{ code: 'not_recorded' }] })
  })

  it('finds a source by its identifier without secrets', async () => {
    const withSecret = 'docker-image://example.com/app:secret-token'
    const redact = (text: string) => text.replaceAll('secret-token', 'xxxxx')
    const { recordings } = await record(policyOf([labels, signatures]), withSecret, redact)
    expect(recordings.map(encodeRecording).join('')).not.toContain('secret-token')
    const replay = createReplay(throughText(recordings), { redact }).resolver(imageResolver({ requests: 0 }))
    expect((await decide(policyOf([labels]), replay, withSecret)).decision).toMatchObject({ kind: 'deny' })
  })

  it('has what was noted beside facts', async () => {
    const recorder = createRecorder()
    const source = { kind: 'image', identifier, attrs: {} }
    recorder.note(source, 'config', { env: ['A=b'] })
    const replay = createReplay(throughText(recorder.recordings()))
    expect(replay.noted(source, 'config')).toEqual({ env: ['A=b'] })
    expect(replay.noted(source, 'toString')).toBeUndefined()
  })
})

describe('the document', () => {
  it('is the same text for the same recording', async () => {
    const [first, second] = [await record(policyOf([labels, user])), await record(policyOf([user, labels]))]
    expect(first.recordings.map(encodeRecording)).not.toEqual([])
    expect(encodeRecording(throughText(first.recordings)[0]!)).toBe(encodeRecording(first.recordings[0]!))
    expect(second.recordings).toHaveLength(1)
  })

  const source = { kind: 'image', identifier, attrs: {} }
  const fact = { path: 'image.user', basis: 'server', value: 'a' }
  const deep = `${'['.repeat(500)}${']'.repeat(500)}`
  it.each([
    ['no JSON', '{', 'invalid_json'],
    ['a truncated document', JSON.stringify({ version: 1, source }).slice(0, -2), 'invalid_json'],
    ['a deep document', `{"version":1,"source":${deep},"resolved":[]}`, 'invalid_json'],
    ['a key that stands twice', '{"version":1,"version":1}', 'invalid_json'],
    ['another version', { version: 2, source, resolved: [] }, 'invalid_recording'],
    ['no object', [], 'invalid_recording'],
    ['no source', { version: 1, resolved: [] }, 'invalid_recording'],
    ['an unknown member', { version: 1, source, resolved: [], more: 1 }, 'invalid_recording'],
    [
      'an attribute that is no text',
      { version: 1, source: { ...source, attrs: { a: 1 } }, resolved: [] },
      'invalid_recording',
    ],
    ['a path that is none', { version: 1, source, resolved: [{ asked: ['image..user'] }] }, 'invalid_recording'],
    [
      'an unknown basis',
      { version: 1, source, resolved: [{ asked: [], known: [{ ...fact, basis: 'x' }] }] },
      'invalid_recording',
    ],
    [
      'a fact without value',
      { version: 1, source, resolved: [{ asked: [], known: [{ path: 'image.user', basis: 'server' }] }] },
      'invalid_recording',
    ],
    [
      'an absent fact with a value',
      { version: 1, source, resolved: [{ asked: [], absent: [fact] }] },
      'invalid_recording',
    ],
    [
      'an answer of two kinds',
      {
        version: 1,
        source,
        resolved: [],
        calls: [{ name: 'f', path: 'image', args: [], reads: {}, answer: { value: 1, undefined: 'x' } }],
      },
      'invalid_recording',
    ],
  ])('is refused: %s', (_, document, code) => {
    const text = typeof document === 'string' ? document : JSON.stringify(document)
    expect(() => decodeRecording(text, 'fixture')).toThrow(expect.objectContaining({ code }))
  })
})
