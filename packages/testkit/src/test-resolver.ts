import {
  createRun,
  type Facts,
  formatPath,
  type Path,
  type Platform,
  pathKey,
  type Resolver,
  type Run,
  type Source,
  valueAt,
} from '@source-policy/core'
import type { TestFramework } from './test-framework.ts'

/** A resolver with a server behind it, set up for one test. */
export interface ResolverFixture {
  readonly resolver: Resolver
  /** A source that the server has. */
  readonly identifier: string
  readonly attrs?: Readonly<Record<string, string>>
  readonly platform?: Platform
  /** Fields that it has a value for, one request or more away. */
  readonly known: readonly Path[]
  /** Fields that it definitely has not. */
  readonly absent?: readonly Path[]
  /** Requests that the server got so far. */
  requests(): number
  /** From now on the server does this to every request. */
  spoil(how: Spoiling): void
  stop(): Promise<void>
}

/** Ways in which a server fails; `corrupt` where the source is checked by a digest. */
export type Spoiling = 'refuse' | 'stall' | 'truncate' | 'status 404' | 'status 500' | 'corrupt'

export interface TestResolverOptions extends TestFramework {
  readonly name: string
  /** Identifiers of its schemes that name nothing. */
  readonly malformed: readonly string[]
  /** Ways of failing that are tested; default: all but `corrupt`. */
  readonly spoilings?: readonly Spoiling[]
  start(): Promise<ResolverFixture>
}

const DEFAULT_SPOILINGS: readonly Spoiling[] = ['refuse', 'truncate', 'status 404', 'status 500']
const digest = `sha256:${'a'.repeat(64)}`

/**
 * The contract of a resolver, as tests: descriptions without I/O, each asked field in exactly one list, nothing fetched
 * twice in a run, and that what could not be reached or checked is unavailable, never absent.
 */
export function testResolver(options: TestResolverOptions): void {
  const { name, describe, it, expect, malformed, spoilings = DEFAULT_SPOILINGS } = options

  async function use(test: (fixture: ResolverFixture, source: Source) => Promise<void>): Promise<void> {
    const fixture = await options.start()
    try {
      await test(fixture, parse(fixture))
    } finally {
      await fixture.stop()
    }
  }

  const ask = (fixture: ResolverFixture, source: Source, paths: readonly Path[], run: Run, signal = run.signal) =>
    fixture.resolver.resolve(source, paths, { run, signal, anonymous: false })

  const placesOf = (facts: Facts, path: Path) =>
    [facts.known, facts.absent, facts.unavailable].filter(list =>
      list.some(fact => pathKey(fact.path) === pathKey(path)),
    ).length

  /** Each asked path is unavailable with a code and a message. */
  const expectUnavailable = (facts: Facts, paths: readonly Path[]) => {
    for (const path of paths) {
      const entry = facts.unavailable.find(fact => pathKey(fact.path) === pathKey(path))
      expect([formatPath(path), typeof entry?.error.code]).toEqual([formatPath(path), 'string'])
      expect(entry?.error.message).not.toBe('')
      expect(placesOf(facts, path)).toBe(1)
    }
  }

  describe(`${name} as a resolver`, () => {
    it('reads identifiers of its schemes', () =>
      use(async ({ resolver }, source) => {
        expect(source.kind).toBe(resolver.kind)
        expect(resolver.schemes).toContain(source.identifier.split('://')[0])
        const again = resolver.parse(source.identifier, given(source))
        expect(again).toEqual(source)
      }))

    it('refuses malformed identifiers with a code', () =>
      use(async ({ resolver, platform }) => {
        for (const identifier of malformed) {
          let thrown: unknown
          try {
            resolver.describe(resolver.parse(identifier, { attrs: {}, ...(platform && { platform }) }))
          } catch (error) {
            thrown = error
          }
          expect([identifier, typeof (thrown as { code?: unknown } | undefined)?.code]).toEqual([identifier, 'string'])
        }
      }))

    it('describes a source without I/O, each time the same', () =>
      use(async (fixture, source) => {
        const first = fixture.resolver.describe(source)
        expect(fixture.resolver.describe(source)).toEqual(first)
        expect(fixture.requests()).toBe(0)
        expect(Object.keys(first.input)).toEqual([fixture.resolver.kind])
        const unknown = first.unknown.map(pathKey)
        expect(new Set(unknown).size).toBe(unknown.length)
        for (const path of first.unknown) expect(valueAt(first.input, path)).toBe(undefined)
        for (const path of [...fixture.known, ...(fixture.absent ?? [])]) expect(unknown).toContain(pathKey(path))
      }))

    it('answers each field that it left unknown, in exactly one way', () =>
      use(async (fixture, source) => {
        const { unknown } = fixture.resolver.describe(source)
        const facts = await ask(fixture, source, unknown, createRun())
        for (const path of unknown) expect([formatPath(path), placesOf(facts, path)]).toEqual([formatPath(path), 1])
        for (const path of fixture.known) expect(facts.known.map(fact => pathKey(fact.path))).toContain(pathKey(path))
        for (const path of fixture.absent ?? []) {
          expect(facts.absent.map(fact => pathKey(fact.path))).toContain(pathKey(path))
        }
      }))

    it('answers one field as it answers all', () =>
      use(async (fixture, source) => {
        const run = createRun()
        const all = await ask(fixture, source, fixture.known, run)
        for (const path of fixture.known) {
          const one = await ask(fixture, source, [path], createRun())
          const find = (facts: Facts) => facts.known.find(fact => pathKey(fact.path) === pathKey(path))
          expect(find(one)).toEqual(find(all))
        }
      }))

    it('asks nothing twice in a run, and again in another', () =>
      use(async (fixture, source) => {
        const run = createRun()
        const [first, beside] = await Promise.all([
          ask(fixture, source, fixture.known, run),
          ask(fixture, source, fixture.known, run),
        ])
        const requests = fixture.requests()
        expect(requests).toBeGreaterThan(0)
        expect(await ask(fixture, source, fixture.known, run)).toEqual(first)
        expect(beside).toEqual(first)
        expect(fixture.requests()).toBe(requests)
        await ask(fixture, source, fixture.known, createRun())
        expect(fixture.requests()).toBeGreaterThan(requests)
      }))

    it('does not answer for fields that it does not have', () =>
      use(async (fixture, source) => {
        const path: Path = [fixture.resolver.kind, 'noSuchField']
        expectUnavailable(await ask(fixture, source, [path], createRun()), [path])
        expect(fixture.requests()).toBe(0)
      }))

    for (const how of spoilings) {
      it(`takes nothing for absent where the server fails (${how})`, () =>
        use(async (fixture, source) => {
          fixture.spoil(how)
          const run = createRun()
          const asked = [...fixture.known, ...(fixture.absent ?? [])]
          const facts = await ask(fixture, source, asked, run)
          expectUnavailable(facts, asked)
          const requests = fixture.requests()
          expect(await ask(fixture, source, asked, run)).toEqual(facts)
          expect(fixture.requests()).toBe(requests)
        }))
    }

    it('takes nothing for absent where the budget of the run is spent', () =>
      use(async (fixture, source) => {
        const facts = await ask(fixture, source, fixture.known, createRun({ limits: { maxRequests: 0 } }))
        expectUnavailable(facts, fixture.known)
        expect(facts.unavailable.map(({ error }) => error.code)).toContain('budget_exceeded')
        expect(fixture.requests()).toBe(0)
      }))

    it('rejects when it is aborted, before and while it waits', () =>
      use(async (fixture, source) => {
        const reason = new Error('aborted by the test')
        await expect(ask(fixture, source, fixture.known, createRun(), AbortSignal.abort(reason))).rejects.toBe(reason)
        fixture.spoil('stall')
        const controller = new AbortController()
        const waiting = ask(fixture, source, fixture.known, createRun(), controller.signal)
        setTimeout(() => controller.abort(reason), 20)
        await expect(waiting).rejects.toBe(reason)
      }))

    it('can be told a digest to stand by, if it can be pinned', () =>
      use(async ({ resolver }, source) => {
        if (resolver.pin === undefined) return
        const before = structuredClone(source)
        const pinned = resolver.pin(source, digest)
        expect(source).toEqual(before)
        expect(resolver.pin(pinned, digest)).toEqual(pinned)
        expect(valueAt(resolver.describe(pinned).input, [resolver.kind, 'checksum'])).toBe(digest)
        expect(resolver.parse(pinned.identifier, given(pinned))).toEqual(pinned)
      }))
  })
}

function parse({ resolver, identifier, attrs = {}, platform }: ResolverFixture): Source {
  return resolver.parse(identifier, { attrs, ...(platform && { platform }) })
}

function given({ attrs, platform }: Source) {
  return { attrs, ...(platform && { platform }) }
}
