import { limitExceeded } from '../builtins/builtin-error.ts'

/** UTF-16 units of a layout, of a time and of a duration. */
const maxTimeTextLength = 10_000

/** Refuses what no time is as long as. */
export function boundTimeText({ length }: string): void {
  if (length > maxTimeTextLength) throw limitExceeded('the length of a time or its layout', maxTimeTextLength)
}

/**
 * Go's layouts spell a date by example: Mon Jan 2 15:04:05 2006, -0700. Here they are cut into what they stand for and
 * what stands for itself.
 */
export type Chunk =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: Element; readonly text: string }
  | { readonly kind: 'fraction'; readonly text: string; readonly digits: number; readonly exact: boolean }
  | ({ readonly kind: 'offset'; readonly text: string } & OffsetStyle)

export interface OffsetStyle {
  /** Z stands for no offset. */
  readonly z: boolean
  readonly colon: boolean
  readonly minutes: boolean
  readonly seconds: boolean
}

export type Element =
  | 'longMonth'
  | 'month'
  | 'longWeekday'
  | 'weekday'
  | 'zone'
  | 'zeroMonth'
  | 'zeroDay'
  | 'zeroHour12'
  | 'zeroMinute'
  | 'zeroSecond'
  | 'shortYear'
  | 'zeroDayOfYear'
  | 'hour'
  | 'numberMonth'
  | 'year'
  | 'day'
  | 'underDay'
  | 'underDayOfYear'
  | 'hour12'
  | 'minute'
  | 'second'
  | 'upperHalf'
  | 'lowerHalf'

const ELEMENTS: Readonly<Record<string, Element>> = {
  January: 'longMonth',
  Jan: 'month',
  Monday: 'longWeekday',
  Mon: 'weekday',
  MST: 'zone',
  '01': 'zeroMonth',
  '02': 'zeroDay',
  '03': 'zeroHour12',
  '04': 'zeroMinute',
  '05': 'zeroSecond',
  '06': 'shortYear',
  '002': 'zeroDayOfYear',
  '15': 'hour',
  '1': 'numberMonth',
  '2006': 'year',
  '2': 'day',
  _2: 'underDay',
  __2: 'underDayOfYear',
  '3': 'hour12',
  '4': 'minute',
  '5': 'second',
  PM: 'upperHalf',
  pm: 'lowerHalf',
}

const CHUNK =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|0[1-6]|002|15|1|2006|2|_2(?!006)|__2|3|4|5|PM|pm|[-Z](?:070000|07:00:00|0700|07:00|07)|[.,](?:0+|9+)(?!\d)/g

export function readLayout(layout: string): readonly Chunk[] {
  boundTimeText(layout)
  const chunks: Chunk[] = []
  let last = 0
  for (const match of layout.matchAll(CHUNK)) {
    const [text] = match
    if (match.index > last) chunks.push({ kind: 'text', text: layout.slice(last, match.index) })
    last = match.index + text.length
    chunks.push(chunkOf(text))
  }
  if (last < layout.length) chunks.push({ kind: 'text', text: layout.slice(last) })
  return chunks
}

function chunkOf(text: string): Chunk {
  const element = ELEMENTS[text]
  if (element !== undefined) return { kind: element, text }
  const [first] = text
  if (first === '.' || first === ',') {
    return { kind: 'fraction', text, digits: text.length - 1, exact: text[1] === '0' }
  }
  const digits = text.replace(/\D/g, '').length
  return {
    kind: 'offset',
    text,
    z: first === 'Z',
    colon: text.includes(':'),
    minutes: digits >= 4,
    seconds: digits >= 6,
  }
}

/** Layouts that go by a name. */
export const namedLayouts: ReadonlyMap<string, string> = new Map([
  ['ANSIC', 'Mon Jan _2 15:04:05 2006'],
  ['UnixDate', 'Mon Jan _2 15:04:05 MST 2006'],
  ['RubyDate', 'Mon Jan 02 15:04:05 -0700 2006'],
  ['RFC822', '02 Jan 06 15:04 MST'],
  ['RFC822Z', '02 Jan 06 15:04 -0700'],
  ['RFC850', 'Monday, 02-Jan-06 15:04:05 MST'],
  ['RFC1123', 'Mon, 02 Jan 2006 15:04:05 MST'],
  ['RFC1123Z', 'Mon, 02 Jan 2006 15:04:05 -0700'],
  ['RFC3339', '2006-01-02T15:04:05Z07:00'],
  ['RFC3339Nano', '2006-01-02T15:04:05.999999999Z07:00'],
])
