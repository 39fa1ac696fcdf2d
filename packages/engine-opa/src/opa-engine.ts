import {
  type Answer,
  CoreError,
  type Engine,
  type Evaluation,
  type EvaluationRequest,
  type Lacking,
  type Path,
  type Pin,
  type Policy,
  type PolicySet,
  type RuleMetadata,
  readDecision,
} from '@source-policy/core'
import {
  type Blocked,
  type BuiltinDeclaration,
  type EvaluationEvent,
  isUnknown,
  lacking,
  type Outcome,
  objectGet,
  parseJSON,
  prepare,
  type Query,
  type Answer as RegoAnswer,
  RegoError,
  type RegoObject,
  toJSON,
  typeName,
  type Value,
} from '@source-policy/rego'
import { BUILDX_BUILTINS } from './capabilities.ts'
import { type Dependencies, dependenciesOf } from './dependencies.ts'
import { HELPER_NAMES, HELPERS_FILE, helpersFor } from './docker-helpers.ts'
import { waitingOf } from './explain/attempts.ts'
import { createEventLog } from './explain/event-log.ts'
import { type Explainer, explainerOf } from './explain/explanation.ts'
import { indexRules, type RuleIndex } from './explain/rule-index.ts'
import { HOST_FUNCTIONS, invalidSubject } from './host-functions.ts'
import { MAX_TOLD_ERRORS } from './limits.ts'
import { loadModules } from './modules.ts'

export interface OpaEngineOptions {
  /** Builtins that policies may call, by name. Default: those of docker buildx, `BUILDX_BUILTINS`. */
  readonly builtins?: readonly string[]
  /** More functions that resolvers answer, or declarations in place of those of docker buildx. */
  readonly functions?: Readonly<Record<string, BuiltinDeclaration>>
}

/**
 * Build policies in Rego v1, compatible with docker buildx: package `docker`, decision `data.docker.decision`, its
 * functions, its list of builtins, imports of files.
 * Sets with equal modules are compiled once; where they read no files, they are one policy.
 * `load` throws `RegoError` for what is wrong in the language, `OpaEngineError` for files that cannot be had.
 *
 * @see https://docs.docker.com/build/policies/
 */
export function opaEngine(options: OpaEngineOptions = {}): Engine {
  const functions = { ...HOST_FUNCTIONS, ...options.functions }
  const capabilities = { builtins: options.builtins ?? BUILDX_BUILTINS }
  const helpers = helpersFor(capabilities.builtins)
  const readers = Object.keys(functions).filter(name => functions[name]?.implementation === undefined)
  if (HELPERS_FILE in helpers) readers.push(...HELPER_NAMES)
  const queries = new Map<string, Query>()
  const policies = new Map<string, Policy>()
  return {
    name: 'opa',
    extensions: ['.rego'],
    async load(set) {
      const own = await loadModules(set)
      const modules = { ...own, ...helpers }
      const key = JSON.stringify(modules)
      const query =
        queries.get(key) ??
        prepare({ modules, query: 'data.docker.decision = decision', capabilities, builtins: functions })
      queries.set(key, query)
      const dependencies = dependenciesOf(Object.values(own), readers)
      const named = JSON.stringify([set.name, set.origin, key])
      const policy = policies.get(named) ?? opaPolicy(set, query, modules, dependencies)
      if (!dependencies.files) policies.set(named, policy)
      return policy
    },
  }
}

function opaPolicy(
  set: PolicySet,
  query: Query,
  modules: Readonly<Record<string, string>>,
  { build }: Dependencies,
): Policy {
  const isAnnotated = Object.values(modules).some(text => /^# METADATA/m.test(text))
  let known: RuleIndex | undefined
  const explain = (request: EvaluationRequest) => {
    known ??= indexRules(modules)
    const { events, add } = createEventLog()
    run(query, { ...request, print: () => {} }, add)
    return { explainer: explainerOf(events, known), events, index: known }
  }
  return {
    name: set.name,
    origin: set.origin,
    files: set.root,
    seesBuild: build,
    parseJSON,
    evaluate(request) {
      const evaluation = readOutcome(run(query, request))
      if (evaluation.kind === 'missing' || evaluation.verdict.allow || !isAnnotated) return evaluation
      const rules = attempt(() => rulesBehind(explain(request).explainer)) ?? []
      return rules.length === 0 ? evaluation : { ...evaluation, verdict: { ...evaluation.verdict, rules } }
    },
    explain(request) {
      const { explainer, events, index } = explain(request)
      return {
        rules: explainer.partsOf('data.docker.decision'),
        waiting: waitingOf(events, index).map(({ lacking, ...where }) => ({ ...where, lacking: lackingOf(lacking) })),
      }
    },
  }
}

function run(query: Query, request: EvaluationRequest, events?: (event: EvaluationEvent) => void): Outcome {
  try {
    return query.evaluate({
      input: request.input as Value,
      unknown: request.unknown,
      answers: regoAnswers(request.answers),
      time: request.time,
      seed: String(request.seed),
      limits: { steps: request.limits.maxSteps, timeoutMs: request.limits.timeoutMs },
      print: (message, { file, row }) => request.print?.({ file, row, message }),
      ...(events && { events }),
    })
  } catch (error) {
    if (!(error instanceof RegoError) || error.code !== 'eval_cancel_error') throw error
    throw new CoreError('budget_exceeded', error.message, { cause: error })
  }
}

export function regoAnswers(answers: ReadonlyMap<string, Answer>): Map<string, RegoAnswer> {
  return new Map(Array.from(answers, ([id, answer]) => [id, regoAnswer(answer)]))
}

function regoAnswer(answer: Answer): RegoAnswer {
  if ('value' in answer) return { value: answer.value as Value }
  return 'unavailable' in answer ? { error: answer.unavailable } : { undefined: true }
}

/** Undefined where there was no time left: a verdict stands without what is said about it. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch (error) {
    if (error instanceof CoreError && error.code === 'budget_exceeded') return undefined
    throw error
  }
}

/** What the author says of the rules that gave a denial its messages; where of none, of the rules that would have allowed. */
function rulesBehind({ attempts }: Explainer): RuleMetadata[] {
  const said = (rule: string, held: boolean) =>
    attempts.flatMap(({ body, held: gave }) =>
      body.rule === rule && gave === held && body.metadata ? [body.metadata] : [],
    )
  const denying = said('data.docker.deny_msg', true)
  const rules = denying.length > 0 ? denying : said('data.docker.allow', false)
  return [...new Map(rules.map(rule => [rule.place, rule])).values()]
}

/** The members of a decision that decide, in the order in which they are needed. */
const members = ['allow', 'caps', 'deny_msg', 'warn_msg'] as const

function readOutcome(outcome: Outcome): Evaluation {
  const decision = outcome.results[0]?.bindings.decision
  const isObject = decision !== undefined && !isUnknown(decision) && typeName(decision) === 'object'
  if (outcome.kind === 'blocked' && !isObject) return missing(askedOf(outcome))
  const { known, lacks } = isObject ? readMembers(decision) : { known: plain(decision), lacks: {} as Lacks }
  if (lacks.allow !== undefined) return missing(lacks.allow)
  const { messages, ...verdict } = readDecision(known)
  if (verdict.allow && lacks.caps !== undefined) return missing(lacks.caps)
  const pins = outcome.effects.flatMap(({ name, args, source }): Pin[] => {
    return name === 'pin_image' && source !== undefined ? [{ path: source, digest: args[1] as string }] : []
  })
  const open = [verdict.allow ? undefined : lacks.deny_msg, lacks.warn_msg].filter(lack => lack !== undefined)
  return {
    kind: 'verdict',
    verdict: {
      ...verdict,
      messages,
      pins,
      warnings: warningsOf(outcome.builtinErrors ?? []),
      ...(open.length > 0 && { lacking: joinLacking(open) }),
    },
  }
}

function joinLacking(all: readonly Lacking[]): Lacking {
  const paths = new Map(all.flatMap(lack => lack.paths.map(path => [JSON.stringify(path), path] as const)))
  const calls = new Map(all.flatMap(lack => lack.calls.map(call => [call.id, call] as const)))
  return { paths: [...paths.values()], calls: [...calls.values()] }
}

/** Calls of builtins that failed are undefined, as in docker buildx; here their author is told where and why. */
function warningsOf(errors: readonly RegoError[]): string[] {
  const told = errors.slice(0, MAX_TOLD_ERRORS).map(({ location, reason }) => {
    const place = location === undefined ? '' : `${location.file}:${location.row}:${location.col}: `
    return `${place}${reason}`
  })
  return [...new Set(told)]
}

type Lacks = Partial<Record<(typeof members)[number], Lacking>>

/** The known members as plain JSON, and what the others lack. */
function readMembers(decision: Value) {
  const known: Record<string, unknown> = {}
  const lacks: Lacks = {}
  for (const name of members) {
    const value = objectGet(decision as RegoObject, name)
    const blocked = lacking(value)
    if (blocked === undefined) known[name] = plain(value)
    else lacks[name] = askedOf(blocked)
  }
  return { known, lacks }
}

export function lackingOf({ paths, calls, failed }: Pick<Blocked, 'paths' | 'calls' | 'failed'>): Lacking {
  return {
    paths,
    calls: [...calls, ...failed].map(({ id, name, args, source, location }) => ({
      id,
      name,
      args: args.map(plain),
      ...(source && { path: source as Path }),
      location: `${location.file}:${location.row}:${location.col}`,
    })),
  }
}

/** What is asked of resolvers. Throws `invalid_call` where a call cannot be meant. */
function askedOf(blocked: Pick<Blocked, 'paths' | 'calls' | 'failed'>): Lacking {
  const lacking = lackingOf(blocked)
  for (const { name, path, location } of lacking.calls) {
    const problem = invalidSubject(name, path)
    if (problem !== undefined) throw new CoreError('invalid_call', `${location}: ${problem}`)
  }
  return lacking
}

function missing(lacking: Lacking): Evaluation {
  return { kind: 'missing', ...lacking }
}

export function plain(value: Value | undefined): unknown {
  return value === undefined ? undefined : JSON.parse(toJSON(value))
}
