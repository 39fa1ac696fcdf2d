import { BuiltinError } from '../builtins/builtin-error.ts'

/** A time zone: what the clocks showed at an instant. */
export interface Zone {
  readonly name: string
  /** Seconds east of Greenwich at the given seconds since 1970. */
  offsetAt(seconds: number): number
  /** The abbreviation in use then, such as CEST; empty where there is none. */
  abbreviationAt(seconds: number): string
}

export const utc: Zone = { name: 'UTC', offsetAt: () => 0, abbreviationAt: () => 'UTC' }

export const fixedZone = (abbreviation: string, offset: number): Zone => ({
  name: abbreviation,
  offsetAt: () => offset,
  abbreviationAt: () => abbreviation,
})

/** Each locale knows the abbreviations of its own part of the world. */
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-IN', 'en-ZA', 'en-CA', 'en-NZ'] as const

/** The IANA zone of the name. `Local` is UTC here: a policy must not depend on where it runs. */
export function loadZone(name: string): Zone {
  if (name === '' || name === 'UTC' || name === 'Local') return utc
  const format = clockOf(name)
  const offsetAt = (seconds: number): number => {
    const parts = new Map(format.formatToParts(seconds * 1000).map(({ type, value }) => [type, Number(value)]))
    const [year, month, day] = [parts.get('year')!, parts.get('month')!, parts.get('day')!]
    const clock = Date.UTC(2000, month - 1, day, parts.get('hour')! % 24, parts.get('minute')!, parts.get('second')!)
    return new Date(clock).setUTCFullYear(year, month - 1, day) / 1000 - Math.floor(seconds)
  }
  const abbreviationAt = (seconds: number): string => {
    for (const locale of LOCALES) {
      const parts = new Intl.DateTimeFormat(locale, { timeZone: name, timeZoneName: 'short' }).formatToParts(
        seconds * 1000,
      )
      const found = parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
      if (/^[A-Z]{3,5}$/.test(found)) return found
    }
    return numericName(offsetAt(seconds))
  }
  return { name, offsetAt, abbreviationAt }
}

function clockOf(name: string): Intl.DateTimeFormat {
  const unknown = () => new BuiltinError(`unknown time zone ${name}`)
  if (!/^[A-Za-z]/.test(name)) throw unknown()
  try {
    const clock = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    const known = clock.resolvedOptions().timeZone
    // names are told apart by case, as files are; that of an alias comes back as another one
    if (known !== name && known.toLowerCase() === name.toLowerCase()) throw unknown()
    return clock
  } catch (error) {
    if (error instanceof RangeError) throw unknown()
    throw error
  }
}

function numericName(offset: number): string {
  const minutes = Math.abs(Math.trunc(offset / 60))
  const two = (n: number) => String(n).padStart(2, '0')
  const rest = minutes % 60 === 0 ? '' : two(minutes % 60)
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${rest}`
}
