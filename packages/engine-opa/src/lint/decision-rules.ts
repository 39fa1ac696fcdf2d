import { type Evaluation, type Input, toCodedError } from '@source-policy/core'
import type { ObjectTerm, Span, Term } from '@source-policy/rego/syntax'
import type { Found, LintRule } from './rule.ts'
import { nearest } from './schema-fields.ts'
import type { LintBody, Subject } from './subject.ts'

const DECISION = 'data.docker.decision'
const ALLOW = 'data.docker.allow'

const named = ({ bodies }: Subject, name: string) => bodies.filter(body => body.name === name)

/** Where something about the whole policy is told: its decision, else its package. */
function placeOf(subject: Subject): Span | undefined {
  const [decision] = named(subject, DECISION)
  return decision?.rule.head.span ?? subject.modules[0]?.package.span
}

function decisionObjects(subject: Subject): { readonly body: LintBody; readonly value: ObjectTerm }[] {
  return named(subject, DECISION).flatMap(body => {
    const { value } = body.branch.head
    return value?.kind === 'object' ? [{ body, value }] : []
  })
}

function memberOf({ entries }: ObjectTerm, name: string): Term | undefined {
  return entries.find(({ key }) => key.kind === 'string' && key.value === name)?.value
}

export const noDecisionRule: LintRule = {
  id: 'no-decision',
  title: 'no decision',
  why: 'A policy is asked for data.docker.decision; without it every source is broken (exit code 2).',
  example: { wrong: 'package policy', right: 'package docker\n\ndecision := {"allow": allow}' },
  find(subject) {
    const span = placeOf(subject)
    if (!subject.isEntry || span === undefined || named(subject, DECISION).length > 0) return []
    const elsewhere = subject.bodies.find(({ name }) => name.endsWith('.decision'))
    const hint = elsewhere === undefined ? '' : `: ${elsewhere.name} is in another package`
    return [{ span, message: `there is no data.docker.decision${hint}` }]
  },
}

export const noDefaultAllowRule: LintRule = {
  id: 'no-default-allow',
  title: 'no default for allow',
  why: 'Where no body of allow holds, allow and so the decision are undefined: the build breaks instead of being denied.',
  example: { wrong: 'allow if input.local', right: 'default allow := false\n\nallow if input.local' },
  find(subject) {
    const isNamed = decisionObjects(subject).some(({ value }) => {
      const allow = memberOf(value, 'allow')
      return allow?.kind === 'var' && allow.name === 'allow'
    })
    const bodies = named(subject, ALLOW)
    const [first] = bodies
    const isSure = bodies.some(({ rule, branch }) => rule.default || branch.body.every(expr => expr.generated))
    if (!isNamed || first === undefined || isSure) return []
    return [
      {
        span: first.rule.head.span,
        message: 'allow is undefined where none of its bodies holds: add `default allow := false`',
      },
    ]
  },
}

const noMembers = { answers: new Map(), time: 1n, seed: 1, limits: { maxSteps: 1_000_000, timeoutMs: 5_000 } }

/** What the policy says of a source that is wholly known; undefined where it needs a host function, or fails. */
async function ask({ policy }: Subject, input: Input): Promise<Evaluation | { readonly error: unknown }> {
  try {
    return await policy.evaluate({ ...noMembers, input, unknown: [] })
  } catch (error) {
    return { error }
  }
}

export const noLocalRule: LintRule = {
  id: 'no-local-rule',
  title: 'the build context is denied',
  why: 'The Dockerfile and the context are sources too, with input.local: a policy that does not allow them denies every build.',
  example: {
    wrong: 'allow if input.image.repo == "alpine"',
    right: 'allow if input.local\n\nallow if input.image.repo == "alpine"',
  },
  async find(subject) {
    // what hangs on the build's own arguments cannot be told without a build
    const hangsOnBuild = subject.bodies.some(({ inputs }) => inputs.some(({ path }) => path[0] === 'env'))
    if (!subject.isEntry || hangsOnBuild || named(subject, DECISION).length === 0) return []
    const answer = await ask(subject, { env: { depth: 0, filename: 'Dockerfile' }, local: { name: 'context' } })
    const isDenied = 'kind' in answer && answer.kind === 'verdict' && !answer.verdict.allow
    const span = named(subject, ALLOW).find(({ rule }) => !rule.default)?.rule.head.span ?? placeOf(subject)
    if (!isDenied || span === undefined) return []
    return [
      { span, message: 'local sources (the build context, the Dockerfile) are denied: add `allow if input.local`' },
    ]
  },
}

export const decisionTypeRule: LintRule = {
  id: 'decision-type',
  title: 'a decision that is not an object',
  why: 'The decision has to be an object with allow (a boolean) and deny_msg; anything else breaks the build.',
  example: { wrong: 'decision := allow', right: 'decision := {"allow": allow, "deny_msg": deny_msg}' },
  async find(subject) {
    const [decision] = named(subject, DECISION)
    if (!subject.isEntry || decision === undefined) return []
    const answers = await Promise.all(
      [{ local: { name: 'context' } }, { image: { ref: 'docker.io/library/alpine:3.22' } }].map(input =>
        ask(subject, input),
      ),
    )
    for (const answer of answers) {
      if (!('error' in answer)) continue
      const { code, message } = toCodedError(answer.error)
      if (code !== 'invalid_decision' || message === 'policy returned zero result') continue
      return [{ span: decision.rule.head.span, message }]
    }
    return []
  },
}

export const denyMessageRule: LintRule = {
  id: 'message-type',
  title: 'a message that is no array or set',
  why: 'Only the strings of an array or a set are shown; a single string, a number or an object is passed over without a word.',
  example: { wrong: 'deny_msg := "not allowed"', right: 'deny_msg contains "not allowed" if not allow' },
  find(subject) {
    const rules = ['deny_msg', 'warn_msg'].flatMap(name =>
      named(subject, `data.docker.${name}`).flatMap(({ branch }): Found[] => {
        const { value, reference, key, span } = branch.head
        const isObject = key === undefined && reference.path.length > 0
        if (isObject) return [{ span, message: `${name} is an object here: write \`${name} contains ...\`` }]
        return value !== undefined && isWrong(value) ? [{ span, message: wrongType(name, value) }] : []
      }),
    )
    const members = decisionObjects(subject).flatMap(({ value }) =>
      ['deny_msg', 'warn_msg'].flatMap((name): Found[] => {
        const member = memberOf(value, name)
        return member !== undefined && isWrong(member) ? [{ span: member.span, message: wrongType(name, member) }] : []
      }),
    )
    return [...rules, ...members]
  },
}

const wrongKinds: ReadonlySet<Term['kind']> = new Set([
  'null',
  'boolean',
  'number',
  'string',
  'template',
  'object',
  'object-comprehension',
])

function isWrong(term: Term): boolean {
  const isText = term.kind === 'call' && term.operator.head.kind === 'var' && term.operator.head.name === 'sprintf'
  return isText || wrongKinds.has(term.kind)
}

function wrongType(name: string, { kind }: Term): string {
  const what = kind === 'call' || kind === 'template' ? 'string' : kind.replace('-comprehension', '')
  return `${name} is a ${what} here, and only strings of an array or set are shown: write \`${name} contains ...\``
}

const members = ['allow', 'deny_msg', 'warn_msg', 'caps']

export const decisionMemberRule: LintRule = {
  id: 'decision-member',
  title: 'a misspelt member of the decision',
  why: 'Members of the decision that are not known are passed over: a misspelt allow denies everything.',
  example: { wrong: 'decision := {"allowed": allow}', right: 'decision := {"allow": allow}' },
  find: subject =>
    decisionObjects(subject).flatMap(({ value }) =>
      value.entries.flatMap(({ key }) => {
        if (key.kind !== 'string' || members.includes(key.value)) return []
        const meant = nearest(key.value, members)
        return meant === undefined
          ? []
          : [{ span: key.span, message: `${key.value} says nothing: did you mean ${meant}?` }]
      }),
    ),
}
