import { compareStrings } from '../value/strings.ts'
import { quote } from '../value/text.ts'
import type { Value } from '../value/value.ts'
import { BuiltinError } from './builtin-error.ts'
import { defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

interface Version {
  readonly numbers: readonly bigint[]
  readonly preRelease: string
}

const IDENTIFIERS = /^[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*$/
const NUMBER = /^[+-]?\d+$/

const cut = (text: string, separator: string): readonly [string, string] => {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

/** Reads a version as OPA does: a leading v is allowed, numbers may have zeros in front. */
function parseVersion(text: string): Version | undefined {
  const [beforeMetadata, metadata] = cut(text.replace(/^v/, ''), '+')
  const [core, preRelease] = cut(beforeMetadata, '-')
  if ([metadata, preRelease].some(part => part !== '' && !IDENTIFIERS.test(part))) return undefined
  const numbers = core.split('.')
  if (numbers.length !== 3 || !numbers.every(number => NUMBER.test(number))) return undefined
  const integers = numbers.map(BigInt)
  return integers.some(integer => BigInt.asIntN(64, integer) !== integer)
    ? undefined
    : { numbers: integers, preRelease }
}

const order = (a: bigint | number, b: bigint | number): number => (a < b ? -1 : a > b ? 1 : 0)

function compareIdentifiers(a: string, b: string): number {
  const aIsNumber = /^\d+$/.test(a)
  const bIsNumber = /^\d+$/.test(b)
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1
  return aIsNumber ? order(BigInt(a), BigInt(b)) : compareStrings(a, b)
}

/** Precedence by semver.org, section 11. */
function compareVersions(a: Version, b: Version): number {
  for (const [i, number] of a.numbers.entries()) {
    const result = order(number, b.numbers[i]!)
    if (result !== 0) return result
  }
  if (a.preRelease === b.preRelease) return 0
  if (a.preRelease === '' || b.preRelease === '') return a.preRelease === '' ? 1 : -1
  const left = a.preRelease.split('.')
  const right = b.preRelease.split('.')
  for (const [i, identifier] of left.entries()) {
    const other = right[i]
    if (other === undefined) return 1
    const result = compareIdentifiers(identifier, other)
    if (result !== 0) return result
  }
  return order(left.length, right.length)
}

function versionOperand(text: string, position: number): Version {
  const version = parseVersion(text)
  if (version === undefined) throw new BuiltinError(`operand ${position}: string ${quote(text)} is not a valid SemVer`)
  return version
}

export const semver = [
  defineBuiltin({
    name: 'semver.is_valid',
    args: [t.any],
    result: t.boolean,
    implementation: ([value]: readonly [Value]) => typeof value === 'string' && parseVersion(value) !== undefined,
  }),
  defineBuiltin({
    name: 'semver.compare',
    args: [t.string, t.string],
    result: t.number,
    implementation: ([a, b]: readonly [string, string]) => compareVersions(versionOperand(a, 1), versionOperand(b, 2)),
  }),
]
