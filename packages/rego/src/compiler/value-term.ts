import type { Term } from '../ast.ts'
import type { Span } from '../source-text.ts'
import { numberText } from '../value/number.ts'
import { objectEntries } from '../value/object.ts'
import { isArray, isNumber, isSet, type Value } from '../value/value.ts'

/** A value as a term of the program. */
export function termOf(value: Value, span: Span): Term {
  if (value === null) return { kind: 'null', span }
  if (typeof value === 'boolean') return { kind: 'boolean', span, value }
  if (typeof value === 'string') return { kind: 'string', span, value, raw: false }
  if (isNumber(value)) return { kind: 'number', span, text: numberText(value) }
  if (isArray(value)) return { kind: 'array', span, items: value.map(item => termOf(item, span)) }
  if (isSet(value)) return { kind: 'set', span, items: [...value.items()].map(item => termOf(item, span)) }
  const entries = objectEntries(value).map(([key, item]) => ({ key: termOf(key, span), value: termOf(item, span) }))
  return { kind: 'object', span, entries }
}
