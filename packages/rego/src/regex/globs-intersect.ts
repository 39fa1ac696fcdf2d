import { BuiltinError, limitExceeded } from '../builtins/builtin-error.ts'
import type { BuiltinContext } from '../builtins/signature.ts'
import { maxPatternLength } from './regex.ts'

type Flag = '' | '+' | '*'

/** One element of a glob of `regex.globs_match`: a character, a dot or a set, perhaps repeated. */
interface Token {
  /** Undefined for the dot, which is any character. */
  readonly chars: ReadonlySet<string> | undefined
  readonly isSet: boolean
  readonly flag: Flag
}

/** Characters that a range of a set may hold. */
const maxRange = 10_000
/** What a character of a set takes up. */
const bytesPerCharacter = 48

function invalid(input: string, position: number, what: string): BuiltinError {
  return new BuiltinError(`input:${input}, pos:${position}, ${what}: the input provided is invalid`)
}

function tokenize(input: string, context: BuiltinContext): Token[] {
  if (input.length > maxPatternLength) throw limitExceeded('the length of a glob', maxPatternLength)
  const chars = [...input]
  const tokens: Token[] = []
  let at = 0
  const next = (): { char: string; escaped: boolean } | undefined => {
    const char = chars[at]
    if (char === undefined) return undefined
    if (char !== '\\') {
      at++
      return { char, escaped: false }
    }
    const escaped = chars[at + 1]
    if (escaped === undefined) throw invalid(input, at, 'input ends with a \\ (escape) character')
    at += 2
    return { char: escaped, escaped: true }
  }
  const readSet = (): ReadonlySet<string> => {
    const set = new Set<string>()
    let previous: string | undefined
    for (let item = next(); item !== undefined; item = next()) {
      if (!item.escaped && item.char === ']') return set
      if (item.escaped || item.char !== '-') {
        set.add(item.char)
        previous = item.char
        continue
      }
      if (previous === undefined) {
        throw invalid(input, at, "range character '-' must be preceded by a Unicode character")
      }
      const end = at >= chars.length - 1 ? undefined : next()
      if (end === undefined) throw invalid(input, at, "range character '-' must be followed by a Unicode character")
      if (!end.escaped && (end.char === ']' || end.char === '-')) {
        throw invalid(input, at, "range character '-' cannot be followed by a special symbol")
      }
      const from = previous.codePointAt(0)!
      const to = end.char.codePointAt(0)!
      if (to < from) {
        throw invalid(input, at, `range is out of order: '${end.char}' comes before '${previous}' in Unicode`)
      }
      if (to - from > maxRange) throw invalid(input, at, `range of more than ${maxRange} characters`)
      context.charge(1 + to - from)
      context.spend(bytesPerCharacter * (1 + to - from))
      for (let code = from; code <= to; code++) set.add(String.fromCodePoint(code))
      previous = undefined
    }
    throw invalid(input, at, 'found [ without matching ]')
  }
  for (let item = next(); item !== undefined; item = next()) {
    const { char, escaped } = item
    if (!escaped && char === ']') throw invalid(input, at, "set-close ']' with no preceding '['")
    if (!escaped && (char === '+' || char === '*')) {
      throw invalid(input, at, `flag '${char}' must be preceded by a non-flag`)
    }
    const isSet = !escaped && char === '['
    const isDot = !escaped && char === '.'
    const set = isSet ? readSet() : isDot ? undefined : new Set([char])
    const flag = chars[at] === '+' || chars[at] === '*' ? (chars[at++] as Flag) : ''
    tokens.push({ chars: set, isSet, flag })
  }
  return tokens
}

const sameContent = (a: Token, b: Token): boolean =>
  a.isSet === b.isSet &&
  (a.chars === undefined || b.chars === undefined
    ? a.chars === b.chars
    : a.chars.size === b.chars.size && [...a.chars].every(char => b.chars!.has(char)))

/** Joins neighbours that repeat the same content. */
function simplify(tokens: readonly Token[]): Token[] {
  const simple: Token[] = []
  for (const token of tokens) {
    const last = simple.at(-1)
    if (last !== undefined && last.flag !== '' && token.flag !== '' && sameContent(token, last)) {
      simple[simple.length - 1] = { ...last, flag: token.flag === '+' || last.flag === '+' ? '+' : '*' }
    } else {
      simple.push(token)
    }
  }
  return simple
}

function overlap(a: Token, b: Token): boolean {
  if (a.chars === undefined || b.chars === undefined) return true
  for (const char of a.chars) if (b.chars.has(char)) return true
  return false
}

/**
 * Whether OPA finds a text that both globs match. Its search is greedy, so it misses some; what it found for a pair of
 * rests is kept, which makes the time quadratic where it would be exponential.
 */
export function globsIntersect(left: string, right: string, context: BuiltinContext): boolean {
  const trimmed = trim(simplify(tokenize(left, context)), simplify(tokenize(right, context)))
  if (trimmed === undefined) return false
  const [a, b] = trimmed
  const known = new Map<string, boolean>()
  const meet = (x: Token, y: Token): boolean => {
    context.charge(1 + ((x.chars?.size ?? 0) >> 4))
    return overlap(x, y)
  }

  const normal = (x: readonly Token[], y: readonly Token[]): boolean => {
    const key = `${x.length} ${y.length} ${x.at(-1) === a.at(-1)}`
    const answer = known.get(key)
    if (answer !== undefined) return answer
    context.charge(1 + ((x.length + y.length) >> 4))
    const found = search(x, y)
    known.set(key, found)
    return found
  }
  const search = (x: readonly Token[], y: readonly Token[]): boolean => {
    for (let i = 0; i < x.length && i < y.length; i++) {
      if (x[i]!.flag !== '' || y[i]!.flag !== '') return special(x.slice(i), y.slice(i))
      if (!meet(x[i]!, y[i]!)) return false
    }
    return x.length === y.length
  }
  const special = (x: readonly Token[], y: readonly Token[]): boolean => {
    const [repeated, other] = x[0]!.flag !== '' ? [x, y] : [y, x]
    return repeated[0]!.flag === '+' ? plus(repeated, other) : star(repeated, other)
  }
  const plus = (repeated: readonly Token[], other: readonly Token[]): boolean => {
    if (!meet(repeated[0]!, other[0]!)) return false
    if (star(repeated, other.slice(1))) return true
    return other[0]!.flag !== '' && normal(repeated.slice(1), other)
  }
  const star = (repeated: readonly Token[], other: readonly Token[]): boolean => {
    const [first, following] = repeated
    for (let i = 0; i < other.length; i++) {
      context.charge(1)
      const token = other[i]!
      if (following !== undefined && meet(token, following) && normal(repeated.slice(1), other.slice(i))) return true
      if (!meet(token, first!)) return false
    }
    return following === undefined
  }
  return normal(a, b)
}

/** Cuts off what has no repetition at both ends, but for one token each; undefined where these cannot match. */
function trim(a: readonly Token[], b: readonly Token[]): readonly [readonly Token[], readonly Token[]] | undefined {
  let left = 0
  while (left < a.length && left < b.length && a[left]!.flag === '' && b[left]!.flag === '') {
    if (!overlap(a[left]!, b[left]!)) return undefined
    left++
  }
  if (left > 0) left--
  let i = a.length - 1
  let j = b.length - 1
  while (i >= left && j >= left && a[i]!.flag === '' && b[j]!.flag === '') {
    if (!overlap(a[i]!, b[j]!)) return undefined
    i--
    j--
  }
  if (i < a.length - 1) {
    i++
    j++
  }
  return [a.slice(left, i + 1), b.slice(left, j + 1)]
}
