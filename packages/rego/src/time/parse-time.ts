import { BuiltinError } from '../builtins/builtin-error.ts'
import { quote } from '../value/text.ts'
import { type Clock, dayNames, daysInMonth, instantOf, isLeapYear, monthNames } from './calendar.ts'
import { boundTimeText, type Chunk, type Element, readLayout } from './layout.ts'
import { fixedZone, utc, type Zone } from './zone.ts'

interface State {
  readonly value: string
  at: number
  year: number
  month: number | undefined
  day: number | undefined
  dayOfYear: number | undefined
  hour: number
  minute: number
  second: number
  nanosecond: number
  half: 'am' | 'pm' | undefined
  /** Spelled as Z or UTC: it wins over an offset, which wins over an abbreviation. */
  isUTC: boolean
  offset: Zone | undefined
  abbreviation: Zone | undefined
}

/** Marks what cannot be read; the caller words the complaint. */
const bad = Symbol('bad')
/** Says which field has a value out of its range. */
class OutOfRange {
  readonly field: string
  constructor(field: string) {
    this.field = field
  }
}
type Outcome = undefined | typeof bad | OutOfRange

/** The instant that the text spells by Go's layout, in nanoseconds since 1970; undefined beyond all calendars. */
export function parseTime(layout: string, value: string): bigint | undefined {
  const state: State = {
    value,
    at: 0,
    year: 0,
    month: undefined,
    day: undefined,
    dayOfYear: undefined,
    hour: 0,
    minute: 0,
    second: 0,
    nanosecond: 0,
    half: undefined,
    isUTC: false,
    offset: undefined,
    abbreviation: undefined,
  }
  boundTimeText(value)
  const chunks = readLayout(layout)
  for (const [i, chunk] of chunks.entries()) {
    const start = state.at
    const outcome = readChunk(state, chunk, chunks[i + 1])
    if (outcome instanceof OutOfRange)
      throw new BuiltinError(`parsing time ${quote(value)}: ${outcome.field} out of range`)
    if (outcome === bad) {
      const rest = quote(value.slice(chunk.kind === 'text' ? state.at : start))
      throw new BuiltinError(
        `parsing time ${quote(value)} as ${quote(layout)}: cannot parse ${rest} as ${quote(chunk.text)}`,
      )
    }
  }
  if (state.at < value.length) {
    throw new BuiltinError(`parsing time ${quote(value)}: extra text: ${quote(value.slice(state.at))}`)
  }
  return instantOf(clockOf(state), state.isUTC ? utc : (state.offset ?? state.abbreviation ?? utc))
}

function clockOf(state: State): Clock {
  const fault = (what: string) => new BuiltinError(`parsing time ${quote(state.value)}: ${what}`)
  let { hour, month, day } = state
  if (state.half === 'pm' && hour < 12) hour += 12
  else if (state.half === 'am' && hour === 12) hour = 0
  if (state.dayOfYear !== undefined) {
    const days = isLeapYear(state.year) ? 366 : 365
    if (state.dayOfYear < 1 || state.dayOfYear > days) throw fault('day-of-year out of range')
    const date = new Date(0)
    date.setUTCFullYear(state.year, 0, state.dayOfYear)
    if (month !== undefined && month !== date.getUTCMonth() + 1) throw fault('day-of-year does not match month')
    if (day !== undefined && day !== date.getUTCDate()) throw fault('day-of-year does not match day')
    month = date.getUTCMonth() + 1
    day = date.getUTCDate()
  }
  const clock = { ...state, hour, month: month ?? 1, day: day ?? 1 }
  if (clock.day < 1 || clock.day > daysInMonth(clock.year, clock.month)) throw fault('day out of range')
  return clock
}

function readChunk(state: State, chunk: Chunk, next: Chunk | undefined): Outcome {
  switch (chunk.kind) {
    case 'text':
      return readText(state, chunk.text)
    case 'fraction':
      return readFraction(state, chunk.digits, chunk.exact)
    case 'offset':
      return readOffset(state, chunk)
    case 'second':
    case 'zeroSecond':
      return readSecond(state, chunk.kind === 'zeroSecond', next)
    default:
      return READERS[chunk.kind](state)
  }
}

/** Blanks in the layout stand for any number of blanks, none included. */
function readText(state: State, text: string): Outcome {
  const { value } = state
  for (let i = 0; i < text.length; ) {
    if (text[i] === ' ') {
      if (state.at < value.length && value[state.at] !== ' ') return bad
      while (text[i] === ' ') i++
      while (value[state.at] === ' ') state.at++
    } else {
      if (value[state.at] !== text[i]) return bad
      i++
      state.at++
    }
  }
  return undefined
}

const isDigit = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at)
  return code >= 48 && code <= 57
}

/** One or two digits; two where the layout has a zero. */
function readNumber(state: State, fixed: boolean): number | undefined {
  const { value, at } = state
  if (!isDigit(value, at)) return undefined
  if (!isDigit(value, at + 1)) {
    if (fixed) return undefined
    state.at++
    return Number(value[at])
  }
  state.at += 2
  return Number(value.slice(at, at + 2))
}

const skipBlank = (state: State): void => {
  if (state.value[state.at] === ' ') state.at++
}

function readName(state: State, names: readonly string[], length?: number): number | undefined {
  const rest = state.value.slice(state.at).toLowerCase()
  const index = names.findIndex(name =>
    rest.startsWith((length === undefined ? name : name.slice(0, length)).toLowerCase()),
  )
  if (index < 0) return undefined
  state.at += length ?? names[index]!.length
  return index
}

type Field = 'month' | 'day' | 'dayOfYear' | 'hour' | 'minute' | 'second'

const number =
  (field: Field, fixed: boolean, [min, max]: readonly [number, number], prepare?: (state: State) => void) =>
  (state: State): Outcome => {
    prepare?.(state)
    const read = readNumber(state, fixed)
    if (read === undefined) return bad
    if (read < min || read > max) return new OutOfRange(field)
    state[field] = read
    return undefined
  }

const monthName =
  (length?: number) =>
  (state: State): Outcome => {
    const index = readName(state, monthNames, length)
    if (index === undefined) return bad
    state.month = index + 1
    return undefined
  }

const dayName =
  (length?: number) =>
  (state: State): Outcome =>
    readName(state, dayNames, length) === undefined ? bad : undefined

function readYear(state: State, length: number): number | undefined {
  const text = state.value.slice(state.at, state.at + length)
  if (text.length < length || !/^\d+$/.test(text)) return undefined
  state.at += length
  return Number(text)
}

const dayOfYear =
  (fixed: boolean) =>
  (state: State): Outcome => {
    if (!fixed) {
      skipBlank(state)
      skipBlank(state)
    }
    const digits = /^\d{1,3}/.exec(state.value.slice(state.at, state.at + 3))?.[0]
    if (digits === undefined || (fixed && digits.length < 3)) return bad
    state.at += digits.length
    state.dayOfYear = Number(digits)
    return undefined
  }

const half =
  (names: readonly [string, string]) =>
  (state: State): Outcome => {
    const text = state.value.slice(state.at, state.at + 2)
    if (text !== names[0] && text !== names[1]) return bad
    state.at += 2
    state.half = text === names[0] ? 'am' : 'pm'
    return undefined
  }

const ANY_DAY = [0, 99] as const
const HOUR_12 = [0, 12] as const
const SIXTY = [0, 59] as const

const READERS: Readonly<Record<Exclude<Element, 'second' | 'zeroSecond'>, (state: State) => Outcome>> = {
  longMonth: monthName(),
  month: monthName(3),
  longWeekday: dayName(),
  weekday: dayName(3),
  zone: readZone,
  zeroMonth: number('month', true, [1, 12]),
  numberMonth: number('month', false, [1, 12]),
  zeroDay: number('day', true, ANY_DAY),
  day: number('day', false, ANY_DAY),
  underDay: number('day', false, ANY_DAY, skipBlank),
  zeroDayOfYear: dayOfYear(true),
  underDayOfYear: dayOfYear(false),
  hour: number('hour', false, [0, 23]),
  hour12: number('hour', false, HOUR_12),
  zeroHour12: number('hour', true, HOUR_12),
  minute: number('minute', false, SIXTY),
  zeroMinute: number('minute', true, SIXTY),
  year(state) {
    const year = readYear(state, 4)
    if (year === undefined) return bad
    state.year = year
    return undefined
  },
  shortYear(state) {
    const year = readYear(state, 2)
    if (year === undefined) return bad
    state.year = year >= 69 ? year + 1900 : year + 2000
    return undefined
  },
  upperHalf: half(['AM', 'PM']),
  lowerHalf: half(['am', 'pm']),
}

const nanosecondsOf = (digits: string): number => Number(digits.slice(0, 9).padEnd(9, '0'))

/** Seconds may have a fraction although the layout has none. */
function readSecond(state: State, fixed: boolean, next: Chunk | undefined): Outcome {
  const outcome = number('second', fixed, SIXTY)(state)
  if (outcome !== undefined || next?.kind === 'fraction') return outcome
  const digits = /^[.,](\d+)/.exec(state.value.slice(state.at))?.[1]
  if (digits !== undefined) {
    state.nanosecond = nanosecondsOf(digits)
    state.at += digits.length + 1
  }
  return undefined
}

function readFraction(state: State, count: number, exact: boolean): Outcome {
  const rest = state.value.slice(state.at)
  const digits = exact ? rest.slice(1, count + 1) : /^[.,](\d+)/.exec(rest)?.[1]
  if (digits === undefined) return undefined
  if (!/^[.,]/.test(rest) || digits.length < (exact ? count : 1) || !/^\d+$/.test(digits)) return bad
  state.nanosecond = nanosecondsOf(digits)
  state.at += digits.length + 1
  return undefined
}

function readOffset(state: State, { z, colon, minutes, seconds }: Chunk & { kind: 'offset' }): Outcome {
  const rest = state.value.slice(state.at)
  if (z && rest.startsWith('Z')) {
    state.at++
    state.isUTC = true
    return undefined
  }
  const separator = colon ? ':' : ''
  const shape = `^([+-])(\\d\\d)${minutes ? `${separator}(\\d\\d)` : ''}${seconds ? `${separator}(\\d\\d)` : ''}`
  const match = new RegExp(shape).exec(rest)
  if (match === null) return bad
  const [text, sign, hour, minute = '0', second = '0'] = match
  if (Number(hour) > 24) return new OutOfRange('time zone offset hour')
  if (Number(minute) > 60) return new OutOfRange('time zone offset minute')
  if (Number(second) > 60) return new OutOfRange('time zone offset second')
  state.at += text.length
  const offset = (Number(hour) * 60 + Number(minute)) * 60 + Number(second)
  state.offset = fixedZone('', sign === '-' ? -offset : offset)
  return undefined
}

const ZONE_NAME = /^(?:ChST|MeST|GMT(?:[+-]\d+)?|[+-]\d+|(?:[A-Z]{4}T|[A-Z]{3}T|WITA|[A-Z]{3})(?![A-Z]))/

/** An abbreviation says nothing of the offset, but for `GMT+3`; as in Go it is then taken for UTC. */
function readZone(state: State): Outcome {
  const rest = state.value.slice(state.at)
  if (rest.startsWith('UTC')) {
    state.at += 3
    state.isUTC = true
    return undefined
  }
  const name = ZONE_NAME.exec(rest)?.[0]
  if (name === undefined) return bad
  const hours = Number(/[+-]\d+$/.exec(name)?.[0] ?? 0)
  if (Math.abs(hours) > 23) return bad
  state.at += name.length
  state.abbreviation = fixedZone(name, name.startsWith('GMT') ? hours * 3600 : 0)
  return undefined
}
