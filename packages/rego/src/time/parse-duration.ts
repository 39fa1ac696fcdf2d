import { BuiltinError } from '../builtins/builtin-error.ts'
import { quote } from '../value/text.ts'
import { boundTimeText } from './layout.ts'

const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['\u00b5s', 1_000n],
  ['\u03bcs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
])

const MAX = 2n ** 63n

/** Nanoseconds of a duration such as `1h15m30.9s`, as Go's `time.ParseDuration`. */
export function parseDuration(text: string): bigint {
  boundTimeText(text)
  const invalid = () => new BuiltinError(`time: invalid duration ${quote(text)}`)
  const negative = text.startsWith('-')
  let rest = text.replace(/^[+-]/, '')
  if (rest === '0') return 0n
  if (rest === '') throw invalid()
  let total = 0n
  while (rest !== '') {
    const [number = '', whole = '', fraction = ''] = /^(\d*)(?:\.(\d*))?/.exec(rest) ?? []
    if (whole === '' && fraction === '') throw invalid()
    rest = rest.slice(number.length)
    const unit = /^[^.\d]+/.exec(rest)?.[0]
    if (unit === undefined) throw new BuiltinError(`time: missing unit in duration ${quote(text)}`)
    const size = UNITS.get(unit)
    if (size === undefined) {
      throw new BuiltinError(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`)
    }
    rest = rest.slice(unit.length)
    if (whole.length > 20) throw invalid()
    const digits = fraction.slice(0, 18)
    total += BigInt(whole || '0') * size
    if (digits !== '') total += BigInt(Math.trunc(Number(digits) * (Number(size) / 10 ** digits.length)))
    if (total > MAX) throw invalid()
  }
  if (!negative && total === MAX) throw invalid()
  return negative ? -total : total
}
