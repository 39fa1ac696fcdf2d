import { dottedName, type RefTerm, type Term, walkRuleTerms } from '@source-policy/rego/syntax'
import { fieldOfSource, wrongSubject } from '../host-functions.ts'
import type { Found, LintRule } from './rule.ts'
import { inputPath, type LintBody } from './subject.ts'

export const functionSubjectRule: LintRule = {
  id: 'function-subject',
  title: 'a function called on something else than its source',
  why: 'Functions that verify or pin take the source itself, or the commit or tag of it: on anything else they are undefined, and under `not` that holds.',
  example: {
    wrong: 'not verify_git_signature(input.git, "revoked.asc")',
    right: 'not verify_git_signature(input.git.commit, "revoked.asc")',
  },
  find: ({ bodies }) => bodies.flatMap(body => callsIn(body).flatMap(call => judge(call, body))),
}

interface Call {
  readonly operator: RefTerm
  readonly args: readonly Term[]
}

function callsIn({ branch }: LintBody): Call[] {
  const calls: Call[] = []
  walkRuleTerms(
    branch,
    term => {
      if (term.kind === 'call') calls.push(term)
    },
    expr => {
      if (expr.kind === 'call') calls.push(expr)
    },
  )
  return calls
}

function judge({ operator, args: [subject] }: Call, { aliases }: LintBody): Found[] {
  if (subject === undefined) return []
  const path = inputPath(subject, aliases)
  // what is only known at run time may be right
  const isOpen = path === undefined ? !literals.has(subject.kind) : fieldOfSource(path).includes(undefined)
  if (isOpen) return []
  const message = wrongSubject(dottedName(operator) ?? '', path)
  return message === undefined ? [] : [{ span: subject.span, message }]
}

const literals: ReadonlySet<Term['kind']> = new Set(['null', 'boolean', 'number', 'string', 'array', 'object', 'set'])
