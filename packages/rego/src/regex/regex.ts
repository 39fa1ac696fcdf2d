import { RE2JS } from 're2js'
import { BuiltinError } from '../builtins/builtin-error.ts'
import { type NativePattern, nativePattern } from './native-pattern.ts'
import { type Pattern, parseSimplePattern } from './simple-pattern.ts'

/** The bounds of a match and of its groups, two by two; -1 where a group took no part. */
export type Match = readonly number[]

/** A compiled pattern with RE2's syntax and meaning. All methods take time linear in the text. */
export interface Regex {
  readonly groupNames: ReadonlyMap<string, number>
  /** Milliseconds that a search of the text may take at worst: it cannot be interrupted. */
  cost(text: string): number
  test(text: string): boolean
  /**
   * The matches one after another, at most `limit` of them where it is not negative, by the rules of Go's `FindAll`.
   * `onMatch` may end the search: each match may have cost a look at the whole text.
   */
  findAll(text: string, limit: number, onMatch: () => void): readonly Match[]
}

/** What a step of the linear engine takes: for each code point all instructions of the pattern may be followed. */
const millisecondsPerStep = 25e-6

/** UTF-16 units of a pattern. */
export const maxPatternLength = 20_000

type Searcher = (from: number) => Match | undefined

/** Compiles a pattern. Throws BuiltinError with Go's text where it is none of RE2's. */
export function compileRegex(pattern: string): Regex {
  if (pattern.length > maxPatternLength) {
    throw new BuiltinError(`error parsing regexp: expression too large: more than ${maxPatternLength} characters`)
  }
  const simple = parseSimplePattern(pattern)
  return compile(pattern, simple === undefined ? undefined : nativePattern(simple))
}

/** Compiles a pattern that another syntax was translated to; `source` spells it in RE2's. */
export const compilePattern = (pattern: Pattern, source: string): Regex => compile(source, nativePattern(pattern))

function compile(pattern: string, native: NativePattern | undefined): Regex {
  let linear: RE2JS | undefined
  const re2 = (): RE2JS => {
    linear ??= compileLinear(pattern)
    return linear
  }
  if (native === undefined) re2()
  const searcher = (text: string): Searcher =>
    native?.exactGroups && text.length <= native.maxTextLength ? searchNative(native, text) : searchLinear(re2(), text)
  return {
    // the native engine takes unnamed groups only
    groupNames: native === undefined ? new Map(Object.entries(re2().namedGroups())) : new Map(),
    cost: text =>
      native !== undefined && text.length <= native.maxTextLength
        ? 0
        : text.length * re2().programSize() * millisecondsPerStep,
    test(text) {
      if (native === undefined || text.length > native.maxTextLength) return re2().matcher(text).find()
      native.regex.lastIndex = 0
      return native.regex.test(text)
    },
    findAll: (text, limit, onMatch) => findAll(text, limit, searcher(text), onMatch),
  }
}

function compileLinear(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    throw new BuiltinError(error instanceof Error ? error.message : String(error))
  }
}

function searchNative({ regex }: NativePattern, text: string): Searcher {
  return from => {
    regex.lastIndex = from
    const found = regex.exec(text)
    return found === null ? undefined : found.indices!.flatMap(bounds => bounds ?? [-1, -1])
  }
}

function searchLinear(regex: RE2JS, text: string): Searcher {
  const matcher = regex.matcher(text)
  return from => {
    if (!matcher.find(from)) return undefined
    const match: number[] = []
    for (let group = 0; group <= matcher.groupCount(); group++) match.push(matcher.start(group), matcher.end(group))
    return match
  }
}

/** Go's rules: an empty match right after another match does not count, and the search goes on one code point later. */
function findAll(text: string, limit: number, search: Searcher, onMatch: () => void): readonly Match[] {
  const matches: Match[] = []
  let position = 0
  let previousEnd = -1
  while (position <= text.length && (limit < 0 || matches.length < limit)) {
    const match = search(position)
    if (match === undefined) break
    onMatch()
    const [start, end] = match as readonly [number, number]
    const isEmpty = end === position
    if (!isEmpty || start !== previousEnd) matches.push(match)
    position = isEmpty ? position + ((text.codePointAt(position) ?? 0) > 0xffff ? 2 : 1) : end
    previousEnd = end
  }
  return matches
}
