import type { Annotations, Body, Expr, Term } from '../ast.ts'
import { dottedName, formatTerm } from '../format.ts'
import { readAnnotations } from '../parser/annotations.ts'
import type { Span } from '../source-text.ts'
import { objectEntries } from '../value/object.ts'
import { isObject, type Value } from '../value/value.ts'
import { walkBodyTerms, walkTerms } from '../walk.ts'
import { groundPrefix } from './rule-tree.ts'
import { mapBodies, mapBodiesOfTerm } from './transform.ts'
import { termOf } from './value-term.ts'
import {
  appendToBody,
  type Definition,
  definitionsOf,
  equation,
  fullReference,
  stringTerm,
  varTerm,
  type Work,
} from './work.ts'

type Call = 'rego.metadata.chain' | 'rego.metadata.rule'

function isCall(expr: Expr, name: Call): expr is Expr & { kind: 'call' } {
  return expr.kind === 'call' && dottedName(expr.operator) === name
}

/**
 * Stage: `rego.metadata.chain()` and `rego.metadata.rule()` become what stands in the comments of the rule that calls them.
 * Only then are the blocks read.
 */
export function rewriteMetadataCalls(work: Work): void {
  const names = (['rego.metadata.chain', 'rego.metadata.rule'] as const).filter(name => work.builtins.has(name))
  const calling = [...definitionsOf(work, 'metadata')].filter(rule =>
    names.some(name => callOf(rule, name) !== undefined),
  )
  if (calling.length === 0) return
  for (const module of work.modules) {
    const { annotations, errors } = readAnnotations(module.module)
    module.annotations = annotations
    work.errors.push(...errors)
  }
  if (work.errors.length > 0) return
  for (const rule of calling) for (const name of names) replaceCalls(work, rule, name)
}

function callOf(rule: Definition, name: Call): Expr | undefined {
  let found: Expr | undefined
  const note = (expr: Expr): void => {
    if (found === undefined && isCall(expr, name)) found = expr
  }
  for (const term of [rule.key, rule.value]) if (term !== undefined) walkTerms(term, () => undefined, note)
  walkBodyTerms(rule.body, () => undefined, note)
  return found
}

function replaceCalls(work: Work, rule: Definition, name: Call): void {
  const call = callOf(rule, name)
  if (call === undefined) return
  const { span } = call
  const value = name === 'rego.metadata.chain' ? chainTerm(work, rule, span) : ruleTerm(work, rule, span)
  const local = varTerm(work.fresh(), span)
  const replaceIn = (body: Body): Body => body.map(expr => (isCall(expr, name) ? replaced(expr, local) : expr))
  const replaceAll = (body: Body): Body => replaceIn(body.map(expr => mapBodies(expr, replaceIn)))
  rule.body = appendToBody([equation(local, value)], replaceAll(rule.body))
  if (rule.key !== undefined) rule.key = mapBodiesOfTerm(rule.key, replaceIn)
  if (rule.value !== undefined) rule.value = mapBodiesOfTerm(rule.value, replaceIn)
}

function replaced(expr: Expr & { kind: 'call' }, local: Term): Expr {
  const [output] = expr.args
  if (output !== undefined) return { ...equation(output, local, expr), span: expr.span, with: [] }
  return { kind: 'term', span: expr.span, term: local, negated: false, with: [], generated: true }
}

/** From the rule outwards: its own blocks, those of its document, its package, and of the packages around that. */
function chainTerm(work: Work, rule: Definition, span: Span): Term {
  const all = work.modules.flatMap(module => module.annotations.map(annotations => ({ module, annotations })))
  const own = all.filter(({ annotations }) => isOwn(annotations, rule)).toReversed()
  const path = groundPrefix(fullReference(rule).path)
  const here = JSON.stringify(path.map(formatTerm))
  const document = all.filter(
    ({ annotations }) => annotations.scope === 'document' && targetPath(work, annotations) === here,
  )
  const inPackage = all.filter(
    ({ module, annotations }) => annotations.scope === 'package' && isPrefix(module.path, rule.module.path, true),
  )
  const around = all
    .filter(
      ({ module, annotations }) =>
        annotations.scope === 'subpackages' && isPrefix(module.path, rule.module.path, false),
    )
    .toSorted((a, b) => b.module.path.length - a.module.path.length)
  const link = (place: readonly Term[], annotations: Annotations | undefined): Term =>
    objectOf(span, [
      ['path', { kind: 'array', span, items: place.map(part => asString(part, span)) }],
      ...(annotations === undefined ? [] : [['annotations', annotationsTerm(annotations, span)] as const]),
    ])
  const items = [
    ...(own.length === 0 ? [link(path, undefined)] : own.map(({ annotations }) => link(path, annotations))),
    ...document.map(({ annotations }) => link(path, annotations)),
    ...inPackage.map(({ module, annotations }) => link(module.path, annotations)),
    ...around.map(({ module, annotations }) => link(module.path, annotations)),
  ]
  return { kind: 'array', span, items }
}

function ruleTerm(work: Work, rule: Definition, span: Span): Term {
  const own = work.modules.flatMap(module => module.annotations).filter(annotations => isOwn(annotations, rule))
  const last = own.at(-1)
  return last === undefined ? objectOf(span, []) : annotationsTerm(last, span)
}

function isOwn({ scope, target }: Annotations, rule: Definition): boolean {
  return scope === 'rule' && target === rule.origin
}

function targetPath(work: Work, { target }: Annotations): string | undefined {
  for (const module of work.modules) {
    const rule = module.rules.find(({ origin }) => origin === target)
    if (rule !== undefined) return JSON.stringify(groundPrefix(fullReference(rule).path).map(formatTerm))
  }
  return undefined
}

function isPrefix(outer: readonly Term[], inner: readonly Term[], same: boolean): boolean {
  if (same && outer.length !== inner.length) return false
  return outer.length <= inner.length && outer.every((part, i) => formatTerm(part) === formatTerm(inner[i]!))
}

function asString(part: Term, span: Span): Term {
  return part.kind === 'string' ? { ...part, span } : stringTerm(formatTerm(part), span)
}

function objectOf(span: Span, entries: readonly (readonly [string, Term])[]): Term {
  return { kind: 'object', span, entries: entries.map(([key, value]) => ({ key: stringTerm(key, span), value })) }
}

/** The fields that OPA knows, in its forms. */
function annotationsTerm({ scope, entrypoint, fields }: Annotations, span: Span): Term {
  const entries: (readonly [string, Term])[] = [['scope', stringTerm(scope, span)]]
  if (entrypoint) entries.push(['entrypoint', { kind: 'boolean', span, value: true }])
  for (const [name, form] of Object.entries(forms)) {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined
    const shown = value === undefined ? undefined : form(value)
    if (shown !== undefined) entries.push([name, termOf(shown, span)])
  }
  return objectOf(span, entries)
}

type Form = (value: Value) => Value | undefined

const text: Form = value => (value === '' || value === null ? undefined : value)
const list =
  (item: Form): Form =>
  value => {
    if (!Array.isArray(value) || value.length === 0) return undefined
    return value.map(member => item(member as Value)).filter(member => member !== undefined)
  }

const forms: { readonly [field: string]: Form } = {
  title: text,
  description: text,
  organizations: list(text),
  related_resources: list(value =>
    typeof value === 'string' ? { ref: value } : membersOf(value, 'ref', 'description'),
  ),
  authors: list(value => (typeof value === 'string' ? authorOf(value) : membersOf(value, 'name', 'email'))),
  custom: value => (isObject(value) ? value : undefined),
}

function membersOf(value: Value, ...names: readonly string[]): Value {
  const members = isObject(value) ? objectEntries(value) : []
  return Object.fromEntries(members.filter(([name]) => names.includes(name as string)))
}

/** `Jane Doe <jane@example.com>`. */
function authorOf(value: string): Value {
  const [, name = '', email] = /^(.*?)\s*(?:<(\S*)>)?$/s.exec(value.trim()) ?? []
  return { ...(name === '' ? {} : { name }), ...(email === undefined || email === '' ? {} : { email }) }
}
