import type { Evaluation, HostCall, Lacking, Policy } from './engine.ts'
import { type CodedError, CoreError, toCodedError } from './error.ts'
import type { Facts } from './facts.ts'
import { decodeJSON } from './json.ts'
import { MAX_LOAD_JSON_BYTES } from './limits.ts'
import { formatPath, type Path } from './path.ts'
import { type PolicyFiles, readPolicyFile } from './policy-set.ts'
import type { Answer, ResolveContext } from './resolver.ts'
import type { Resolvers } from './resolvers.ts'
import type { SourceNode, SourceTree } from './source-tree.ts'

export interface GatherContext {
  readonly tree: SourceTree
  readonly policy: Pick<Policy, 'name' | 'files' | 'parseJSON'>
  /** Answers to the policy's host calls so far, by call id. */
  readonly answers: Map<string, Answer>
  readonly resolvers: Resolvers
  /** How a source is resolved: materials without credentials, unless allowed. */
  contextOf(node: SourceNode): ResolveContext
}

/** What the policy lacks: for its decision, or for the messages of one. */
export function lackingOf(evaluation: Evaluation): Lacking {
  if (evaluation.kind === 'missing') return evaluation
  return evaluation.verdict.lacking ?? { paths: [], calls: [] }
}

/** What of `lacking` can still be had in this run: what was not tried yet. Throws where it is not lacking at all. */
export function obtainable(lacking: Lacking, { tree, answers, policy }: GatherContext): Lacking {
  for (const path of lacking.paths) {
    if (tree.isHole(path)) continue
    throw new CoreError('contract_violation', `policy ${policy.name} asked for ${formatPath(path)}, which is known`)
  }
  return {
    paths: lacking.paths.filter(path => tree.whyUnavailable(path) === undefined),
    calls: lacking.calls.filter(call => !answers.has(call.id)),
  }
}

/** Why what is lacking cannot be had. */
export function reasons(lacking: Lacking, { tree, answers }: GatherContext): CodedError[] {
  const errors = lacking.paths.map(path => tree.whyUnavailable(path))
  for (const call of lacking.calls) {
    const answer = answers.get(call.id)
    errors.push(answer !== undefined && 'unavailable' in answer ? answer.unavailable : undefined)
  }
  return errors.filter(error => error !== undefined)
}

/** Why calls did not hold: a policy cannot tell a failed check from a missing one, its author should. */
export function unanswered(answers: Iterable<Answer>): string[] {
  return Array.from(answers, reasonOf).filter(reason => reason !== undefined)
}

function reasonOf(answer: Answer): string | undefined {
  if ('undefined' in answer) return answer.undefined
  return 'value' in answer ? answer.reason : undefined
}

/** Fetches what is lacking, side by side: fields from the resolvers of the sources that own them, calls from their functions. */
export async function gather(lacking: Lacking, context: GatherContext): Promise<void> {
  const byNode = new Map<SourceNode, Path[]>()
  for (const path of lacking.paths) {
    const node = context.tree.ownerOf(path)
    const own = path.slice(node.prefix.length)
    byNode.set(node, [...(byNode.get(node) ?? []), own])
  }
  const fields = Array.from(byNode, async ([node, paths]) => {
    return { node, paths, facts: await resolveFields(node, paths, context) }
  })
  const calls = lacking.calls.map(async call => ({ call, answer: await answerCall(call, context) }))

  // added in the order asked, not in the order in which servers answered: runs are to be repeatable
  for (const { node, paths, facts } of await Promise.all(fields)) context.tree.add(node, paths, facts)
  for (const { call, answer } of await Promise.all(calls)) context.answers.set(call.id, located(answer, call))
}

/** The answer with the place of the call: that is where the policy's author will look. */
function located(answer: Answer, { name, location }: HostCall): Answer {
  if (location === undefined) return answer
  if ('undefined' in answer) return { undefined: `${location}: ${answer.undefined}` }
  if ('unavailable' in answer) {
    const { code, message } = answer.unavailable
    return { unavailable: { code, message: `${location}: ${name}: ${message}` } }
  }
  return answer.reason === undefined ? answer : { ...answer, reason: `${location}: ${answer.reason}` }
}

async function resolveFields(node: SourceNode, paths: readonly Path[], context: GatherContext): Promise<Facts> {
  try {
    return await node.resolver.resolve(node.source, paths, context.contextOf(node))
  } catch (thrown) {
    const error = toCodedError(thrown)
    return { known: [], absent: [], unavailable: paths.map(path => ({ path, error })), children: [] }
  }
}

/** Functions that are false for sources of another kind, as in docker buildx; the others have no answer there. */
const falseElsewhere: ReadonlySet<string> = new Set(['verify_git_signature', 'verify_http_pgp_signature'])

async function answerCall(call: HostCall, context: GatherContext): Promise<Answer> {
  const files = context.policy.files ?? noFiles
  try {
    if (call.name === 'load_json') return await loadJSON(call.args, files, context.policy)
    const node = call.path === undefined ? context.tree.root : context.tree.ownerOf(call.path)
    const implementation = node.resolver.functions?.[call.name]
    if (implementation !== undefined) {
      if (call.path === undefined) return { undefined: `${call.name}: the argument names no field of the input` }
      const path = call.path.slice(node.prefix.length)
      return await implementation(call.args, { ...context.contextOf(node), source: node.source, path, files })
    }
    const offered = context.resolvers.all.some(resolver => resolver.functions?.[call.name] !== undefined)
    const reason = `${call.name}: does not apply to ${node.resolver.kind} sources`
    if (offered) return falseElsewhere.has(call.name) ? { value: false, reason } : { undefined: reason }
    throw new CoreError('function_unavailable', `no resolver offers the function ${call.name}`)
  } catch (thrown) {
    const error = toCodedError(thrown)
    // the policy does not work: no fact would make it
    if (error.code === 'invalid_call')
      throw new CoreError('invalid_call', placed(call, error.message), { cause: thrown })
    return { unavailable: error }
  }
}

function placed({ location }: HostCall, message: string): string {
  return location === undefined ? message : `${location}: ${message}`
}

/** `load_json(path)`: a file of the policy set. A file that is missing or malformed is undefined, as in buildx. */
export async function loadJSON(
  args: readonly unknown[],
  files: PolicyFiles,
  policy: Pick<Policy, 'parseJSON'>,
): Promise<Answer> {
  const [path] = args
  const file = await readPolicyFile(files, path, MAX_LOAD_JSON_BYTES)
  if ('problem' in file) return { undefined: `load_json: ${file.problem}` }
  const parse = policy.parseJSON ?? (text => decodeJSON(text, { what: String(path) }))
  try {
    return { value: parse(new TextDecoder('utf-8', { fatal: true }).decode(file.bytes)) }
  } catch (error) {
    return { undefined: `load_json: reading ${String(path)}: ${toCodedError(error).message}` }
  }
}

const noFiles: PolicyFiles = { read: async () => undefined }
