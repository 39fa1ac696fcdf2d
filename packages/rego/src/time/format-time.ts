import { dayNames, type Fields, fieldsOf, type Moment, monthNames, secondsOf } from './calendar.ts'
import { type Chunk, type Element, type OffsetStyle, readLayout } from './layout.ts'

const two = (n: number): string => String(n).padStart(2, '0')
const hour12 = ({ hour }: Fields): number => (hour % 12 === 0 ? 12 : hour % 12)

const ELEMENTS: Readonly<Record<Exclude<Element, 'zone'>, (fields: Fields) => string>> = {
  longMonth: ({ month }) => monthNames[month - 1]!,
  month: ({ month }) => monthNames[month - 1]!.slice(0, 3),
  longWeekday: ({ weekday }) => dayNames[weekday]!,
  weekday: ({ weekday }) => dayNames[weekday]!.slice(0, 3),
  zeroMonth: ({ month }) => two(month),
  numberMonth: ({ month }) => String(month),
  day: ({ day }) => String(day),
  zeroDay: ({ day }) => two(day),
  underDay: ({ day }) => String(day).padStart(2),
  zeroDayOfYear: ({ dayOfYear }) => String(dayOfYear).padStart(3, '0'),
  underDayOfYear: ({ dayOfYear }) => String(dayOfYear).padStart(3),
  hour: ({ hour }) => two(hour),
  hour12: fields => String(hour12(fields)),
  zeroHour12: fields => two(hour12(fields)),
  minute: ({ minute }) => String(minute),
  zeroMinute: ({ minute }) => two(minute),
  second: ({ second }) => String(second),
  zeroSecond: ({ second }) => two(second),
  year: ({ year }) => String(year).padStart(4, '0'),
  shortYear: ({ year }) => two(Math.abs(year) % 100),
  upperHalf: ({ hour }) => (hour >= 12 ? 'PM' : 'AM'),
  lowerHalf: ({ hour }) => (hour >= 12 ? 'pm' : 'am'),
}

/** Writes the moment by Go's layout. */
export function formatTime(moment: Moment, layout: string): string {
  const fields = fieldsOf(moment)
  return readLayout(layout)
    .map(chunk => formatChunk(chunk, fields, moment))
    .join('')
}

function formatChunk(chunk: Chunk, fields: Fields, { nanoseconds, zone }: Moment): string {
  switch (chunk.kind) {
    case 'text':
      return chunk.text
    case 'offset':
      return formatOffset(fields.offset, chunk)
    case 'fraction':
      return formatFraction(fields.nanosecond, chunk.text[0]!, chunk.digits, chunk.exact)
    case 'zone': {
      const name = zone.abbreviationAt(secondsOf(nanoseconds))
      return name === '' ? formatOffset(fields.offset, { z: false, colon: false, minutes: true, seconds: false }) : name
    }
    default:
      return ELEMENTS[chunk.kind](fields)
  }
}

function formatOffset(offset: number, { z, colon, minutes, seconds }: OffsetStyle): string {
  if (z && offset === 0) return 'Z'
  const size = Math.abs(offset)
  const separator = colon ? ':' : ''
  const sign = Math.trunc(offset / 60) < 0 ? '-' : '+'
  const wholeMinutes = Math.floor(size / 60)
  let text = sign + two(Math.floor(wholeMinutes / 60))
  if (minutes) text += separator + two(wholeMinutes % 60)
  if (seconds) text += separator + two(size % 60)
  return text
}

function formatFraction(nanosecond: number, separator: string, digits: number, exact: boolean): string {
  const all = String(nanosecond).padStart(9, '0').padEnd(digits, '0').slice(0, digits)
  const kept = exact ? all : all.replace(/0+$/, '')
  return kept === '' ? '' : separator + kept
}
