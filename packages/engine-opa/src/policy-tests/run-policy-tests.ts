import {
  type Answer,
  type ExplainedBody,
  loadJSON,
  type PolicyFiles,
  type PrintedLine,
  toCodedError,
} from '@source-policy/core'
import {
  type BuiltinDeclaration,
  type EvaluationEvent,
  type HostCall,
  isUnknown,
  lacking,
  type Outcome,
  parseJSON,
  prepare,
  type Query,
  type Value,
} from '@source-policy/rego'
import { BUILDX_BUILTINS } from '../capabilities.ts'
import { helpersFor } from '../docker-helpers.ts'
import { createEventLog, type EventLog } from '../explain/event-log.ts'
import { type Explainer, explainerOf } from '../explain/explanation.ts'
import { indexRules, type RuleIndex } from '../explain/rule-index.ts'
import { MAX_TEST_ROUNDS } from '../limits.ts'
import { loadModules } from '../modules.ts'
import { lackingOf, plain, regoAnswers } from '../opa-engine.ts'
import { createCoverage } from './coverage.ts'
import { type FoundTest, findTests } from './find-tests.ts'
import { TEST_FUNCTIONS } from './test-functions.ts'
import type {
  PolicyTestResult,
  PolicyTestsOptions,
  PolicyTestsResult,
  TestedDecision,
  TestFailure,
  TestFixture,
} from './types.ts'

/**
 * The results of a policy's tests. Nothing is fetched: an input is what `with input as` gives, or a recorded source; a host
 * function is what `with` puts in its place, what was recorded, or undefined.
 * Throws what loading a policy throws; what happens in a test fails that test.
 *
 * @see https://docs.docker.com/build/policies/testing/
 */
export async function runPolicyTests(options: PolicyTestsOptions): Promise<PolicyTestsResult> {
  const { policy, tests, root } = options
  const testFiles = new Set(tests.map(({ path }) => path))
  const set = { name: tests.map(({ path }) => path).join(', '), files: [...policy, ...tests], root }
  const helpers = helpersFor(options.builtins ?? BUILDX_BUILTINS)
  const modules = { ...(await loadModules(set, { presentFirst: true })), ...helpers }
  const selected = findTests(modules)
    .filter(({ name }) => options.select?.(name) ?? true)
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  const tested = Object.fromEntries(policy.map(({ path }) => [path, modules[path] ?? '']))
  const coverage = options.coverage === true ? createCoverage(tested) : undefined
  const runner: Runner = {
    options,
    testFiles,
    index: indexRules(modules),
    queryOf: queries(modules, options),
    ...(coverage && { note: coverage.note }),
  }
  // what does not compile is nobody's failed test
  for (const { package: path } of [{ package: ['docker'] }, ...selected]) runner.queryOf(path)
  const results: PolicyTestResult[] = []
  for (const test of selected) {
    options.signal?.throwIfAborted()
    results.push(await runTest(test, runner))
  }
  return { tests: results, ...(coverage && { coverage: coverage.result() }) }
}

interface Runner {
  readonly options: PolicyTestsOptions
  readonly testFiles: ReadonlySet<string>
  readonly index: RuleIndex
  /** Gives the value of a rule by its name, for tests of a package. */
  queryOf(path: readonly string[]): (name: string) => Query
  readonly note?: (event: EvaluationEvent) => void
}

const NAME_FUNCTION = 'policy_test.name'

/** A query for each package, compiled once: which test it is about is the answer of a function. */
function queries(
  modules: Readonly<Record<string, string>>,
  { builtins: allowed = BUILDX_BUILTINS, functions }: PolicyTestsOptions,
): Runner['queryOf'] {
  const byPackage = new Map<string, (name: string) => Query>()
  return path => {
    const prefix = ['data', ...path.map(part => `[${JSON.stringify(part)}]`)].join('')
    const known = byPackage.get(prefix)
    if (known !== undefined) return known
    let current = ''
    const name: BuiltinDeclaration = { args: [], result: 'string', implementation: () => current }
    const query = prepare({
      modules,
      query: `x = ${prefix}[${NAME_FUNCTION}()]`,
      capabilities: { builtins: allowed },
      builtins: { ...TEST_FUNCTIONS, ...functions, [NAME_FUNCTION]: name },
    })
    const select = (test: string) => {
      current = test
      return query
    }
    byPackage.set(prefix, select)
    return select
  }
}

/** What was told while a test ran for the last time. */
interface Told {
  log: EventLog
  scenes: Scene[]
  prints: PrintedLine[]
}

/** An input that a test gave, and the decision document under it. */
interface Scene {
  readonly input: unknown
  readonly decision: unknown
  /** How much had been told by then. */
  readonly order: number
}

async function runTest(test: FoundTest, runner: Runner): Promise<PolicyTestResult> {
  const started = performance.now()
  const told: Told = { log: createEventLog(), scenes: [], prints: [] }
  const notes = new Set<string>()
  const { name, place } = test
  const result = (passed: boolean, failure?: TestFailure): PolicyTestResult => ({
    name,
    package: test.package.join('.'),
    place,
    passed,
    decisions: decisionsOf(told.scenes),
    ...(failure && { failure }),
    notes: [...notes],
    prints: told.prints,
    durationMs: performance.now() - started,
  })
  try {
    const { fixture: wanted } = test
    if (wanted !== undefined && runner.options.fixture === undefined)
      throw new Error(`no fixtures to find ${wanted} in`)
    const fixture = wanted === undefined ? undefined : await runner.options.fixture?.(wanted)
    const outcome = await evaluate(test, fixture, runner, told, notes)
    if (told.scenes.length === 0) told.scenes.push(ownScene(test, fixture, runner))
    if (outcome.results[0]?.bindings.x === true && outcome.kind === 'results') return result(true)
    return result(false, failureOf(test, outcome, runner.index, told))
  } catch (error) {
    runner.options.signal?.throwIfAborted()
    return result(false, { ...failureOf(test, undefined, runner.index, told), error: toCodedError(error) })
  }
}

/** Evaluates until all calls that can be answered are. */
async function evaluate(
  test: FoundTest,
  fixture: TestFixture | undefined,
  runner: Runner,
  told: Told,
  notes: Set<string>,
): Promise<Outcome> {
  const query = runner.queryOf(test.package)(test.name)
  const answers = new Map<string, Answer>()
  for (let round = 0; ; round++) {
    Object.assign(told, { log: createEventLog(), scenes: [], prints: [] })
    const outcome = query.evaluate(evaluationOf(test, fixture, runner, told, answers))
    const open = outcome.kind === 'blocked' ? outcome.calls.filter(({ id }) => !answers.has(id)) : []
    if (open.length === 0 || round >= MAX_TEST_ROUNDS) return outcome
    for (const call of open) answers.set(call.id, await answerTo(call, fixture, runner.options.root, notes))
  }
}

function evaluationOf(
  test: FoundTest,
  fixture: TestFixture | undefined,
  { options, testFiles, note }: Runner,
  told: Told,
  answers: ReadonlyMap<string, Answer>,
): Parameters<Query['evaluate']>[0] {
  /** Set while the decision is worked out for the report: the test has not asked for it. */
  let isReporting = false
  const { time = BigInt(Date.now()) * 1_000_000n, limits, signal } = options
  return {
    ...(fixture && { input: fixture.input as Value, unknown: fixture.unknown }),
    answers: regoAnswers(answers),
    time: fixture?.time ?? time,
    seed: String(fixture?.seed ?? 0),
    ...(limits && { limits: { steps: limits.maxSteps, timeoutMs: limits.timeoutMs } }),
    ...(signal && { signal }),
    print: (message, { file, row }) => told.prints.push({ file, row, message }),
    events(event) {
      if (isReporting) return
      note?.(event)
      if (event.scene !== undefined && testFiles.has(event.location.file)) {
        const { input, document } = event.scene
        isReporting = true
        const decision = document([...test.package, 'decision']) ?? document(['docker', 'decision'])
        isReporting = false
        told.scenes.push({ input: knownPart(input), decision: plain(decision), order: told.log.events.length })
      }
      told.log.add(event)
    },
  }
}

/** The decision where a test gives no input of its own: under its fixture, or under none. */
function ownScene(test: FoundTest, fixture: TestFixture | undefined, runner: Runner): Scene {
  const find = (path: readonly string[]) => {
    const {
      events: _told,
      print: _print,
      ...rest
    } = evaluationOf(test, fixture, runner, { log: createEventLog(), scenes: [], prints: [] }, new Map()) ?? {}
    return plain(runner.queryOf(path)('decision').evaluate(rest).results[0]?.bindings.x)
  }
  const isThere = (path: readonly string[]) => runner.index.byRule.has(['data', ...path, 'decision'].join('.'))
  const path = [test.package, ['docker']].find(isThere)
  return { input: fixture?.input, decision: path === undefined ? undefined : find(path), order: 0 }
}

async function answerTo(
  call: HostCall,
  fixture: TestFixture | undefined,
  files: PolicyFiles,
  notes: Set<string>,
): Promise<Answer> {
  const { name, source } = call
  if (name === 'load_json') return loadJSON(call.args, files, { parseJSON })
  const [asked] = lackingOf({ paths: [], calls: [call], failed: [] }).calls
  if (fixture !== undefined && source !== undefined && asked !== undefined) return fixture.answer(asked)
  const why = `${name}() was called and is undefined in a test: mock it by \`with ${name} as ...\``
  notes.add(why)
  return { undefined: why }
}

/** The value as plain JSON, without what is not known of it. */
function knownPart(value: Value | undefined): unknown {
  if (value === undefined || lacking(value) === undefined) return plain(value)
  if (isUnknown(value) || typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) return value.map(knownPart)
  const members = Object.entries(value as Record<string, Value>).map(([name, member]) => [name, knownPart(member)])
  return Object.fromEntries(members.filter(([, member]) => member !== undefined))
}

/** Equal decisions once. */
function decisionsOf(scenes: readonly Scene[]): TestedDecision[] {
  const decisions = scenes.flatMap(({ decision }): TestedDecision[] => {
    if (typeof decision !== 'object' || decision === null) return []
    const { allow, deny_msg: said } = decision as { readonly allow?: unknown; readonly deny_msg?: unknown }
    const messages = [said].flat().filter(message => typeof message === 'string')
    return [{ allow: typeof allow === 'boolean' ? allow : undefined, messages }]
  })
  return [...new Map(decisions.map(decision => [JSON.stringify(decision), decision])).values()]
}

function failureOf(test: FoundTest, outcome: Outcome | undefined, index: RuleIndex, told: Told): TestFailure {
  const { scenes, log } = told
  const { events } = log
  const explainer = explainerOf(events, index)
  const bodies = explainer.attempts
    .filter(({ body }) => body.rule === test.rule)
    .map(attempt => withinExpression(explainer.body(attempt), test, events, index, explainer))
  const failing = bodies.at(-1)?.expression?.place
  const end = failing === undefined ? -1 : events.findLastIndex(event => placeIn(event) === failing)
  const scene = scenes.findLast(({ order }) => order <= end) ?? scenes.at(-1)
  const start = Math.max(
    0,
    events.slice(0, Math.max(0, end)).findLastIndex(event => isOwn(event, test)),
  )
  const missing = events.slice(start).flatMap(({ kind, inputs }) => (kind === 'fail' ? inputs : []))
  return {
    bodies,
    input: scene?.input,
    decision: scene?.decision,
    missingInput: [...new Set(missing.flatMap(({ name, value }) => (value === 'undefined' ? [name] : [])))].sort(),
    needs: outcome?.kind === 'blocked' ? needsOf(outcome) : [],
  }
}

function needsOf(outcome: Outcome & { readonly kind: 'blocked' }): string[] {
  const { paths, calls } = lackingOf(outcome)
  return [...paths.map(path => ['input', ...path].join('.')), ...calls.map(({ name }) => `${name}()`)]
}

/**
 * The rules that a failing expression names, by what was told while that expression was tried: under another `with` the
 * same rules may have come out otherwise.
 */
function withinExpression(
  body: ExplainedBody,
  test: FoundTest,
  events: readonly EvaluationEvent[],
  index: RuleIndex,
  all: Explainer,
): ExplainedBody {
  const { expression } = body
  if (expression === undefined) return body
  const end = events.findLastIndex(event => placeIn(event) === expression.place && event.rule === test.rule)
  const start = events.slice(0, end).findLastIndex(event => isOwn(event, test))
  const within = explainerOf(events.slice(start + 1, end), index)
  const names = index.byPlace.get(body.place)?.expressions.find(({ place }) => place === expression.place)?.rules ?? []
  const rules = names.flatMap(name => {
    const seen = within.attempts.some(({ body: tried }) => tried.rule === name) ? within : all
    return (
      (name === 'data.docker.decision' ? seen.partsOf(name) : undefined) ??
      [seen.rule(name)].flatMap(rule => rule ?? [])
    )
  })
  return { ...body, expression: { ...expression, rules } }
}

/** Told of the test itself: where the next of its expressions begins. */
function isOwn({ rule, kind }: EvaluationEvent, test: FoundTest): boolean {
  return rule === test.rule && kind !== 'with'
}

function placeIn({ location }: EvaluationEvent): string {
  return `${location.file}:${location.row}:${location.col}`
}
