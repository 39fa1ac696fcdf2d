import { expandTemplate } from '../regex/expand.ts'
import { globsIntersect } from '../regex/globs-intersect.ts'
import { compileRegex, type Match, maxPatternLength, type Regex } from '../regex/regex.ts'
import type { NumberValue } from '../value/number.ts'
import type { Value } from '../value/value.ts'
import { BuiltinError, limitExceeded } from './builtin-error.ts'
import { cached } from './cached.ts'
import { boundItems, boundLength, intOperand } from './operands.ts'
import { type BuiltinContext, defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

/** Code points that one step of the budget pays for. */
const charsPerStep = 64

function regexOf(pattern: string, text: string, context: BuiltinContext): Regex {
  context.charge(1 + Math.ceil((text.length + pattern.length) / charsPerStep))
  const regex = cached(context, 'regex', pattern, compileRegex)
  context.reserve(regex.cost(text))
  return regex
}

function isValid(pattern: string, context: BuiltinContext): boolean {
  context.charge(pattern.length)
  try {
    compileRegex(pattern)
    return true
  } catch (error) {
    if (error instanceof BuiltinError) return false
    throw error
  }
}

const isMatch = (pattern: string, text: string, context: BuiltinContext): boolean =>
  regexOf(pattern, text, context).test(text)

const textOf = (text: string, [start, end]: Match): string => text.slice(start, end)

function groupsOf(text: string, match: Match): readonly string[] {
  const groups: string[] = []
  for (let i = 0; i < match.length; i += 2) groups.push(match[i]! < 0 ? '' : text.slice(match[i], match[i + 1]))
  return groups
}

function find(pattern: string, text: string, limit: number, context: BuiltinContext): readonly Match[] {
  const { maxItems } = context.limits
  const most = limit < 0 || limit > maxItems ? maxItems + 1 : limit
  const found = regexOf(pattern, text, context).findAll(text, most, () => context.reserve(0))
  boundItems(found.length, 'a regex search', context)
  for (const match of found) context.spend(64 + 24 * match.length)
  return found
}

/** Splits as Go's `Regexp.Split` with no limit. */
function split(pattern: string, text: string, context: BuiltinContext): readonly string[] {
  const matches = find(pattern, text, -1, context)
  if (pattern !== '' && text === '') return ['']
  const parts: string[] = []
  let begin = 0
  let end = 0
  for (const match of matches) {
    end = match[0]!
    if (match[1] !== 0) parts.push(text.slice(begin, end))
    begin = match[1]!
  }
  if (end !== text.length) parts.push(text.slice(begin))
  return parts
}

function replace(text: string, pattern: string, template: string, context: BuiltinContext): string {
  const { groupNames } = regexOf(pattern, text, context)
  let out = ''
  let last = 0
  for (const match of find(pattern, text, -1, context)) {
    out += text.slice(last, match[0]) + expandTemplate(template, text, match, groupNames)
    boundLength(out.length, 'regex.replace', context)
    last = match[1]!
  }
  return out + text.slice(last)
}

const quoteMeta = (text: string): string => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')

/** The parts of a template between delimiters, which may nest, are regexes; the rest stands for itself. */
function templateRegex(template: string, start: string, end: string): string {
  let level = 0
  let open = 0
  let last = 0
  let out = '^'
  for (let i = 0; i < template.length; i++) {
    if (template[i] === start && ++level === 1) open = i
    else if (template[i] === end && start !== end) {
      level--
      if (level < 0) break
      if (level > 0) continue
      const part = template.slice(open + 1, i)
      compileRegex(`^${part}$`)
      out += `${quoteMeta(template.slice(last, open))}(${part})`
      last = i + 1
    }
  }
  if (level !== 0) throw new BuiltinError(`unbalanced braces in ${JSON.stringify(template)}`)
  return `${out}${quoteMeta(template.slice(last))}$`
}

type Template = readonly [pattern: string, text: string, start: string, end: string]

function matchesTemplate([pattern, text, start, end]: Template, context: BuiltinContext): boolean {
  const size = (delimiter: string) => new TextEncoder().encode(delimiter).length
  if (size(start) !== 1) {
    throw new BuiltinError(`start delimiter has to be exactly one character long but is ${size(start)} long`)
  }
  if (size(end) !== 1) {
    throw new BuiltinError(`end delimiter has to be exactly one character long but is ${size(start)} long`)
  }
  if (pattern.length > maxPatternLength) throw limitExceeded('the length of a template', maxPatternLength)
  context.charge(pattern.length)
  const regex = cached(context, `template ${start}${end}`, pattern, () => templateRegex(pattern, start, end))
  return isMatch(regex, text, context)
}

const two = [t.string, t.string]

export const regex = [
  defineBuiltin({
    name: 'regex.is_valid',
    args: [t.string],
    result: t.boolean,
    unchecked: true,
    implementation: ([pattern]: readonly [Value], context) => typeof pattern === 'string' && isValid(pattern, context),
  }),
  defineBuiltin({
    name: 'regex.match',
    args: two,
    result: t.boolean,
    implementation: ([pattern, text]: readonly [string, string], context) => isMatch(pattern, text, context),
  }),
  defineBuiltin({
    name: 're_match',
    args: two,
    result: t.boolean,
    deprecated: true,
    implementation: ([pattern, text]: readonly [string, string], context) => isMatch(pattern, text, context),
  }),
  defineBuiltin({
    name: 'regex.split',
    args: two,
    result: t.array(t.string),
    implementation: ([pattern, text]: readonly [string, string], context) => split(pattern, text, context),
  }),
  defineBuiltin({
    name: 'regex.globs_match',
    args: two,
    result: t.boolean,
    implementation: ([a, b]: readonly [string, string], context) => globsIntersect(a, b, context),
  }),
  defineBuiltin({
    name: 'regex.template_match',
    args: [t.string, t.string, t.string, t.string],
    result: t.boolean,
    implementation: (args: Template, context) => matchesTemplate(args, context),
  }),
  defineBuiltin({
    name: 'regex.find_n',
    args: [t.string, t.string, t.number],
    result: t.array(t.string),
    implementation: ([pattern, text, limit]: readonly [string, string, NumberValue], context): Value =>
      find(pattern, text, intOperand(limit, 3), context).map(match => textOf(text, match)),
  }),
  defineBuiltin({
    name: 'regex.find_all_string_submatch_n',
    args: [t.string, t.string, t.number],
    result: t.array(t.array(t.string)),
    implementation: ([pattern, text, limit]: readonly [string, string, NumberValue], context): Value =>
      find(pattern, text, intOperand(limit, 3), context).map(match => groupsOf(text, match)),
  }),
  defineBuiltin({
    name: 'regex.replace',
    args: [t.string, t.string, t.string],
    result: t.string,
    implementation: ([text, pattern, template]: readonly [string, string, string], context) =>
      replace(text, pattern, template, context),
  }),
]
