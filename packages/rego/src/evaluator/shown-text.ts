import { BigNumber } from '../value/number.ts'
import { ObjectValue } from '../value/object.ts'
import { SetValue } from '../value/set.ts'
import { TaggedValue } from '../value/tagged.ts'
import { quote, termText } from '../value/text.ts'
import type { PlainObject, Value } from '../value/value.ts'
import { Unknown } from './lacks.ts'

/** Characters of a value in an event, about. */
export const maxShownChars = 1_000

/** Members of a set that is shown; sorting more would take long. */
const maxShownMembers = 1_000

/** A value as the language writes it, cut after `maxShownChars`; what is not known is `<unknown>`. It takes time in proportion to what is shown. */
export function shownText(value: Value | Unknown): string {
  let room = maxShownChars
  const text = (part: string): string => {
    room -= part.length
    return part
  }
  const list = (open: string, members: Iterable<() => string>, close: string): string => {
    const parts: string[] = []
    for (const member of members) {
      if (room <= 0) {
        parts.push('...')
        break
      }
      parts.push(member())
    }
    return `${open}${parts.join(', ')}${close}`
  }
  const show = (part: Value | Unknown): string => {
    if (part instanceof Unknown) return text('<unknown>')
    if (typeof part === 'string') {
      const cut = part.length > room ? `${part.slice(0, Math.max(0, room))}...` : part
      return text(quote(cut))
    }
    if (typeof part !== 'object' || part === null || part instanceof BigNumber) return text(termText(part))
    if (Array.isArray(part))
      return list(
        '[',
        lazily(part as readonly Value[], item => show(item)),
        ']',
      )
    if (part instanceof SetValue) {
      if (part.size === 0) return text('set()')
      if (part.size > maxShownMembers) return text(`<set of ${part.size} members>`)
      return list(
        '{',
        lazily(part.values(), item => show(item)),
        '}',
      )
    }
    if (part instanceof ObjectValue) {
      return list(
        '{',
        lazily(part.items(), ([key, member]) => `${show(key)}: ${show(member)}`),
        '}',
      )
    }
    if (part instanceof TaggedValue) return text('<unknown>')
    return list(
      '{',
      lazily(namesOf(part as PlainObject), name => `${text(quote(name))}: ${show((part as PlainObject)[name]!)}`),
      '}',
    )
  }
  return show(value)
}

function* lazily<T>(items: Iterable<T>, show: (item: T) => string): Generator<() => string> {
  for (const item of items) yield () => show(item)
}

/** One after the other: the list of all names of a large object takes long. */
function* namesOf(object: PlainObject): Generator<string> {
  for (const name in object) if (Object.hasOwn(object, name)) yield name
}
