import { type Clock, dayNames, fieldsOf, instantOf, type Moment } from '../time/calendar.ts'
import { formatTime } from '../time/format-time.ts'
import { namedLayouts } from '../time/layout.ts'
import { parseDuration } from '../time/parse-duration.ts'
import { parseTime } from '../time/parse-time.ts'
import { loadZone, utc } from '../time/zone.ts'
import { bigIntOf } from '../value/arithmetic.ts'
import { fromBigInt, type NumberValue } from '../value/number.ts'
import { isArray, isNumber, type Value } from '../value/value.ts'
import { BuiltinError } from './builtin-error.ts'
import { cached } from './cached.ts'
import { intOperand, wrongType } from './operands.ts'
import { type BuiltinContext, defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

const expected = 'either number (ns) or [number (ns), string (tz)]'

/** A number of nanoseconds, or an array of it, a zone and a layout. */
type TimeOperand = NumberValue | readonly Value[]

/** Instants are of 64 bits: from 1677 to 2262. */
function inRange(instant: bigint | undefined): NumberValue {
  if (instant === undefined || BigInt.asIntN(64, instant) !== instant) {
    throw new BuiltinError('time outside of valid range')
  }
  return fromBigInt(instant)
}

function nanosecondsOf(value: NumberValue): bigint {
  const instant = bigIntOf(value)
  if (instant === undefined || BigInt.asIntN(64, instant) !== instant) throw new BuiltinError('timestamp too big')
  return instant
}

function textOf(value: Value): string {
  if (typeof value !== 'string') throw wrongType(1, value, 'string')
  return value
}

function momentOf(operand: Value, context: BuiltinContext): Moment & { readonly layout: string } {
  const [number, zone, layout] = isArray(operand) ? operand : isNumber(operand) ? [operand] : []
  if (number === undefined) throw wrongType(1, operand, expected)
  if (!isNumber(number)) throw wrongType(1, number, 'number')
  return {
    zone: zone === undefined ? utc : cached(context, 'zone', textOf(zone), loadZone),
    nanoseconds: nanosecondsOf(number),
    layout: layout === undefined ? '' : textOf(layout),
  }
}

function format(operand: TimeOperand, context: BuiltinContext): string {
  const { layout, ...moment } = momentOf(operand, context)
  return formatTime(moment, namedLayouts.get(layout === '' ? 'RFC3339Nano' : layout) ?? layout)
}

function addDate([operand, years, months, days]: readonly Value[], context: BuiltinContext): NumberValue {
  const moment = momentOf(operand!, context)
  const fields = fieldsOf(moment)
  const moved: Clock = {
    ...fields,
    year: fields.year + intOperand(years!, 2),
    month: fields.month + intOperand(months!, 3),
    day: fields.day + intOperand(days!, 4),
  }
  return inRange(instantOf(moved, moment.zone))
}

/** Years, months, days, hours, minutes and seconds between two moments, read in the zone of the first. */
function difference(a: TimeOperand, b: TimeOperand, context: BuiltinContext): readonly number[] {
  const first = momentOf(a, context)
  const second = { ...momentOf(b, context), zone: first.zone }
  const [from, to] = (first.nanoseconds > second.nanoseconds ? [second, first] : [first, second]).map(fieldsOf)
  let [years, months, days] = [to!.year - from!.year, to!.month - from!.month, to!.day - from!.day]
  let [hours, minutes, seconds] = [to!.hour - from!.hour, to!.minute - from!.minute, to!.second - from!.second]
  if (seconds < 0) {
    seconds += 60
    minutes--
  }
  if (minutes < 0) {
    minutes += 60
    hours--
  }
  if (hours < 0) {
    hours += 24
    days--
  }
  if (days < 0) {
    days += new Date(Date.UTC(2000 + (from!.year % 400), from!.month, 0)).getUTCDate()
    months--
  }
  if (months < 0) {
    months += 12
    years--
  }
  return [years, months, days, hours, minutes, seconds]
}

const zoned = t.labelled(expected, t.number, t.tuple(t.number, t.string))
const triple = t.tuple(t.number, t.number, t.number)
const timeOperand = [zoned]
type One = readonly [TimeOperand]

export const time = [
  defineBuiltin({
    name: 'time.now_ns',
    args: [],
    result: t.number,
    nondeterministic: true,
    implementation: (_, { time: now }) => fromBigInt(now),
  }),
  defineBuiltin({
    name: 'time.parse_ns',
    args: [t.string, t.string],
    result: t.number,
    implementation: ([layout, value]: readonly [string, string]) =>
      inRange(parseTime(namedLayouts.get(layout) ?? layout, value)),
  }),
  defineBuiltin({
    name: 'time.parse_rfc3339_ns',
    args: [t.string],
    result: t.number,
    implementation: ([value]: readonly [string]) => inRange(parseTime(namedLayouts.get('RFC3339')!, value)),
  }),
  defineBuiltin({
    name: 'time.parse_duration_ns',
    args: [t.string],
    result: t.number,
    implementation: ([text]: readonly [string]) => fromBigInt(parseDuration(text)),
  }),
  defineBuiltin({
    name: 'time.format',
    args: [t.labelled(expected, t.number, t.tuple(t.number, t.string), t.tuple(t.number, t.string, t.string))],
    result: t.string,
    implementation: ([operand]: One, context) => format(operand, context),
  }),
  defineBuiltin({
    name: 'time.date',
    args: timeOperand,
    result: triple,
    implementation([operand]: One, context) {
      const { year, month, day } = fieldsOf(momentOf(operand, context))
      return [year, month, day]
    },
  }),
  defineBuiltin({
    name: 'time.clock',
    args: timeOperand,
    result: triple,
    implementation([operand]: One, context) {
      const { hour, minute, second } = fieldsOf(momentOf(operand, context))
      return [hour, minute, second]
    },
  }),
  defineBuiltin({
    name: 'time.weekday',
    args: timeOperand,
    result: t.string,
    implementation: ([operand]: One, context) => dayNames[fieldsOf(momentOf(operand, context)).weekday],
  }),
  defineBuiltin({
    name: 'time.add_date',
    args: [t.number, t.number, t.number, t.number],
    result: t.number,
    // a time may have a zone, which the checker does not know
    unchecked: true,
    implementation: addDate,
  }),
  defineBuiltin({
    name: 'time.diff',
    args: [zoned, zoned],
    result: t.tuple(t.number, t.number, t.number, t.number, t.number, t.number),
    implementation: ([a, b]: readonly [TimeOperand, TimeOperand], context) => difference(a, b, context),
  }),
]
