import type { Zone } from './zone.ts'

const BILLION = 1_000_000_000n

/** An instant in nanoseconds since 1970, and the zone in which it is read. */
export interface Moment {
  readonly nanoseconds: bigint
  readonly zone: Zone
}

/** What calendar and clock of the zone show. */
export interface Fields {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly nanosecond: number
  /** 0 is Sunday. */
  readonly weekday: number
  /** 1 is the first of January. */
  readonly dayOfYear: number
  /** Seconds east of Greenwich. */
  readonly offset: number
}

export const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const

export const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const

function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor
  return value % divisor < 0n ? quotient - 1n : quotient
}

/** Seconds since 1970, rounded down. */
export const secondsOf = (nanoseconds: bigint): number => Number(floorDivide(nanoseconds, BILLION))

/** Seconds since 1970 of a date and time in UTC; months and days beyond their ranges run on. NaN if too far off. */
function utcSeconds(year: number, month: number, day: number, hour: number, minute: number, second: number): number {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getTime() / 1000 + hour * 3600 + minute * 60 + second
}

export function fieldsOf({ nanoseconds, zone }: Moment): Fields {
  const seconds = secondsOf(nanoseconds)
  const offset = zone.offsetAt(seconds)
  const date = new Date((seconds + offset) * 1000)
  const year = date.getUTCFullYear()
  return {
    year,
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    nanosecond: Number(nanoseconds - BigInt(seconds) * BILLION),
    weekday: date.getUTCDay(),
    dayOfYear: Math.floor((seconds + offset - utcSeconds(year, 1, 1, 0, 0, 0)) / 86_400) + 1,
    offset,
  }
}

export type Clock = Pick<Fields, 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'nanosecond'>

/** The instant at which the zone's clocks show this; undefined where it is beyond all calendars. */
export function instantOf(
  { year, month, day, hour, minute, second, nanosecond }: Clock,
  zone: Zone,
): bigint | undefined {
  const seconds = utcSeconds(year, month, day, hour, minute, second)
  if (!Number.isSafeInteger(seconds) || !Number.isFinite(new Date(seconds * 1000).getTime())) return undefined
  // as Go does: the offset at the clock's reading, unless that leads to a time with another one
  const guess = zone.offsetAt(seconds)
  const offset = guess === 0 ? 0 : zone.offsetAt(seconds - guess)
  return BigInt(seconds - offset) * BILLION + BigInt(nanosecond)
}

export const isLeapYear = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

export const daysInMonth = (year: number, month: number): number =>
  month === 2 ? (isLeapYear(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31
