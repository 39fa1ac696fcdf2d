/** A pattern of `${X#pattern}`: a character, `?` for any one, `*` for any number of them; neither stands for a newline. */
type Token =
  | { readonly kind: 'character'; readonly character: string }
  | { readonly kind: 'one' }
  | { readonly kind: 'any' }

export class InvalidPattern extends Error {}

/** Counts steps, and throws where they are too many: patterns and values are hostile. */
export type Spend = (steps: number) => void

/** The tokens of a pattern. Throws InvalidPattern where a backslash stands before what needs none. */
function parsePattern(pattern: readonly string[]): Token[] {
  const tokens: Token[] = []
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern[index] ?? ''
    if (character === '*') tokens.push({ kind: 'any' })
    else if (character === '?') tokens.push({ kind: 'one' })
    else if (character !== '\\') tokens.push({ kind: 'character', character })
    else {
      const escaped = pattern[index + 1]
      // } and / had to be escaped to stand inside the braces
      if (escaped === '}' || escaped === '/') continue
      if (escaped !== '*' && escaped !== '?' && escaped !== '\\') {
        throw new InvalidPattern(`invalid escape ${JSON.stringify(`\\${escaped ?? ''}`)}`)
      }
      tokens.push({ kind: 'character', character: escaped })
      index++
    }
  }
  return tokens
}

/** Where a match that begins at `start` ends; undefined where there is none. Time: tokens times characters. */
function matchEnd(
  tokens: readonly Token[],
  value: readonly string[],
  start: number,
  longest: boolean,
  spend: Spend,
): number | undefined {
  // the set of tokens that may come next, as in a nondeterministic automaton: no backtracking
  let states = closure(new Set([0]), tokens)
  let end: number | undefined
  for (let index = start; ; index++) {
    spend(states.size + 1)
    if (states.has(tokens.length)) {
      end = index
      if (!longest) return end
    }
    const character = value[index]
    if (character === undefined || states.size === 0) return end
    const next = new Set<number>()
    for (const state of states) {
      const token = tokens[state]
      if (token === undefined) continue
      if (token.kind === 'any') {
        if (character !== '\n') next.add(state)
      } else if (token.kind === 'one' ? character !== '\n' : character === token.character) next.add(state + 1)
    }
    states = closure(next, tokens)
  }
}

/** With each `*` the token after it, since it may stand for nothing. */
function closure(states: Set<number>, tokens: readonly Token[]): Set<number> {
  for (const state of states) {
    if (tokens[state]?.kind === 'any') states.add(state + 1)
  }
  return states
}

/** The value without the shortest or longest beginning that matches. */
export function trimPrefix(value: string, pattern: string, longest: boolean, spend: Spend): string {
  const characters = Array.from(value)
  const end = matchEnd(parsePattern(Array.from(pattern)), characters, 0, longest, spend)
  return characters.slice(end ?? 0).join('')
}

/** The value without the shortest or longest end that matches: the beginning of its reverse. */
export function trimSuffix(value: string, pattern: string, longest: boolean, spend: Spend): string {
  const characters = Array.from(value).toReversed()
  const end = matchEnd(parsePattern(reversePattern(Array.from(pattern))), characters, 0, longest, spend)
  return characters
    .slice(end ?? 0)
    .toReversed()
    .join('')
}

/** Escaped characters stay behind their backslash. */
function reversePattern(pattern: readonly string[]): string[] {
  const units: string[][] = []
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern[index] ?? ''
    const escaped = pattern[index + 1]
    if (character === '\\' && escaped !== undefined) {
      units.push([character, escaped])
      index++
    } else units.push([character])
  }
  return units.toReversed().flat()
}

/** The value with the first longest match replaced, or all of them; then `$0` in the replacement is the match. */
export function replacePattern(
  value: string,
  pattern: string,
  replacement: string,
  options: { readonly all: boolean; readonly spend: Spend },
): string {
  const tokens = parsePattern(Array.from(pattern))
  const characters = Array.from(value)
  let result = ''
  let copied = 0
  let previousEnd = -1
  for (let start = 0; start <= characters.length; start++) {
    const end = matchEnd(tokens, characters, start, true, options.spend)
    // an empty match right after another match is none
    if (end === undefined || (end === start && start === previousEnd)) continue
    const match = characters.slice(start, end).join('')
    result += characters.slice(copied, start).join('') + (options.all ? fillTemplate(replacement, match) : replacement)
    options.spend(replacement.length + match.length)
    copied = end
    previousEnd = end
    if (!options.all) break
    if (end > start) start = end - 1
  }
  return result + characters.slice(copied).join('')
}

/** Go's templates: `$0` or `${0}` is the match, any other name is nothing, `$$` is a dollar sign. */
function fillTemplate(template: string, match: string): string {
  return template.replace(/\$(?:(\$)|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu, (_all, dollar, name, braced) => {
    if (dollar !== undefined) return '$'
    return /^0+$/.test(name ?? braced ?? '') ? match : ''
  })
}
