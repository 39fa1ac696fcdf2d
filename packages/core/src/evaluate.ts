import { decideOnce } from './decide-once.ts'
import { type Decision, type Deny, denialOf, failureDecision, type Waiver } from './decision.ts'
import type { Lacking, Policy, PrintedLine, Verdict } from './engine.ts'
import { type CodedError, CoreError } from './error.ts'
import { type GatherContext, gather, lackingOf, obtainable, reasons, unanswered } from './gather.ts'
import type { EnvInput } from './input.ts'
import type { Limits } from './limits.ts'
import { localResolver } from './local.ts'
import { convertedBy } from './pin.ts'
import { createTrail, describeLacking, type Report, reportOf, type Trail } from './report.ts'
import type { Answer, Resolver } from './resolver.ts'
import { createResolvers, type Resolvers } from './resolvers.ts'
import { playRound, type Round } from './round.ts'
import { createRun, type Run } from './run.ts'
import type { Platform, Source } from './source.ts'
import { plantTree, type SourceNode, type SourceTree } from './source-tree.ts'
import { redactIdentifier } from './url.ts'

export interface EvaluatorOptions {
  /** Evaluated in this order; all must allow. */
  readonly policies: readonly Policy[]
  /** Local sources are resolved without one. */
  readonly resolvers: readonly Resolver[]
  /** Default: `DEFAULT_LIMITS`. For runs that the evaluator makes itself. */
  readonly limits?: Partial<Limits>
  /** Without it, having no policy breaks the evaluation. */
  readonly allowNoPolicy?: boolean
  /** Whether materials are fetched with credentials. Default: no. */
  readonly materialCredentials?: boolean
  /** The operator's waiver that covers a denial; undefined where none does. What is broken or undecided cannot be waived. */
  readonly waive?: (denial: Deny) => Waiver | undefined
}

export interface EvaluateOptions {
  /** Needed where an image is decided. */
  readonly platform?: Platform | undefined
  /** The build that wants the source. Default: nothing is known of it. */
  readonly env?: Partial<EnvInput> | undefined
  readonly signal?: AbortSignal
  /** The snapshot to decide in; give the same run for all sources of a build. Default: a new one. */
  readonly run?: Run
  /** Called after each round, for logs. */
  readonly onRound?: (round: Round) => void
}

/** A decision and how it came about. */
export interface Evaluated {
  readonly decision: Decision
  readonly report: Report
}

export interface Evaluator {
  /**
   * Decides one source. Rejects only where `signal` aborts; everything else is a decision. Equal sources of one run are decided
   * once, unless `onRound` watches.
   */
  evaluate(source: string | Source, options?: EvaluateOptions): Promise<Evaluated>
}

/** An evaluator of sources under policies. */
export function createEvaluator(options: EvaluatorOptions): Evaluator {
  const resolvers = createResolvers([...options.resolvers, localResolver()])

  async function evaluate(wanted: string | Source, given: EvaluateOptions = {}): Promise<Evaluated> {
    const started = performance.now()
    const run = given.run ?? createRun({ limits: options.limits ?? {}, ...(given.signal && { signal: given.signal }) })
    const signal = given.signal ? AbortSignal.any([given.signal, run.signal]) : run.signal
    const trail = createTrail()

    try {
      const decision = await decide(wanted, { options, resolvers, given, run, signal, trail })
      given.signal?.throwIfAborted()
      return { decision, report: reportOf(trail, started) }
    } catch (error) {
      given.signal?.throwIfAborted()
      const identifier = redactIdentifier(String((typeof wanted === 'string' ? wanted : wanted?.identifier) ?? ''))
      return { decision: failureDecision(error, { identifier }), report: reportOf(trail, started) }
    }
  }

  return { evaluate: decideOnce(evaluate) }
}

/** The evaluation of one source. */
interface Deciding {
  readonly options: EvaluatorOptions
  readonly resolvers: Resolvers
  readonly given: EvaluateOptions
  readonly run: Run
  readonly signal: AbortSignal
  readonly trail: Trail
}

/** All policies in order; a pin starts again from the first one with the pinned source and nothing else bound. */
async function decide(wanted: string | Source, deciding: Deciding): Promise<Decision> {
  const { options, resolvers, given, run, trail } = deciding
  const asked: Partial<Source> = typeof wanted === 'string' ? { identifier: wanted } : { ...wanted }
  const parsed = resolvers.parse(asked.identifier as string, {
    attrs: asked.attrs ?? {},
    platform: asked.platform ?? given.platform,
  })
  if (options.policies.length === 0 && options.allowNoPolicy !== true) {
    throw new CoreError('no_policy', `no policy to decide ${redactIdentifier(parsed.source.identifier)} by`)
  }
  const env: EnvInput = { depth: 0, ...given.env }
  let source = parsed.source
  for (let conversions = 0; conversions <= run.limits.maxConversions; conversions++) {
    const tree = plantTree(source, parsed.resolver, { resolvers, run, env })
    const verdict = await decideBy(tree, deciding)
    trail.facts.push(...tree.facts)
    trail.warnings.push(...tree.warnings)
    if (verdict.kind === 'convert') source = verdict.source
    else if (verdict.kind === 'allow' && conversions > 0) return { kind: 'convert', source, from: parsed.source }
    else return verdict
  }
  throw new CoreError('conversions_exhausted', `${redactIdentifier(parsed.source.identifier)}: converted too often`)
}

async function decideBy(tree: SourceTree, deciding: Deciding): Promise<Decision> {
  const { source, resolver } = tree.root
  const { options, trail } = deciding
  const identifier = redactIdentifier(source.identifier)
  for (const policy of options.policies) {
    try {
      const result = await askPolicy(policy, tree, deciding)
      if ('errors' in result) return { kind: 'undecided', identifier, policy: policy.name, ...result }
      trail.warnings.push(...result.warnings)
      for (const message of result.warnMessages ?? []) trail.warned.push({ policy: policy.name, message })
      if (!result.allow) {
        const denial = denialOf(result, policy, source)
        const by = policy.mode === 'warn' ? 'warn mode' : options.waive?.(denial)
        if (by === undefined) return denial
        const { messages, rules } = denial
        trail.overruled.push({ policy: policy.name, messages, ...(rules && { rules }), by })
        continue
      }
      const converted = convertedBy(result.pins, { source, resolver, input: tree.input })
      if (converted !== undefined) return { kind: 'convert', source: converted, from: source }
    } catch (error) {
      return failureDecision(error, { identifier, policy: policy.name })
    }
  }
  return { kind: 'allow', source }
}

/** The loop: ask the policy; where it lacks something, fetch that and ask again. */
async function askPolicy(policy: Policy, tree: SourceTree, deciding: Deciding): Promise<Verdict | Undecidable> {
  const { options, resolvers, run, signal, trail, given } = deciding
  const answers = new Map<string, Answer>()
  const contextOf = ({ parent }: SourceNode) => {
    return { run, signal, anonymous: parent !== undefined && options.materialCredentials !== true }
  }
  const context: GatherContext = { tree, policy, answers, resolvers, contextOf }
  let askedForMessages = false
  let lacking: Lacking = { paths: [], calls: [] }

  for (let number = 1; number <= run.limits.maxRounds; number++) {
    const prints: PrintedLine[] = []
    const evaluation = await playRound(policy, number, { tree, answers, run, trail, prints, onRound: given.onRound })
    given.signal?.throwIfAborted()
    lacking = lackingOf(evaluation)
    const wanted = obtainable(lacking, context)
    const nothingWanted = wanted.paths.length + wanted.calls.length === 0
    if (evaluation.kind === 'verdict') {
      // a verdict stands whatever its messages lack; they are completed once
      if (nothingWanted || askedForMessages) {
        trail.prints.push(...prints)
        trail.warnings.push(...unanswered(answers.values()))
        return evaluation.verdict
      }
      askedForMessages = true
    } else if (nothingWanted) {
      trail.warnings.push(...unanswered(answers.values()))
      return { needs: describeLacking(lacking), errors: reasons(lacking, context) }
    }
    await gather(wanted, context)
  }
  const message = `policy ${policy.name} still lacked facts after ${run.limits.maxRounds} rounds`
  return { needs: describeLacking(lacking), errors: [{ code: 'rounds_exhausted', message }] }
}

interface Undecidable {
  readonly needs: readonly string[]
  readonly errors: readonly CodedError[]
}
