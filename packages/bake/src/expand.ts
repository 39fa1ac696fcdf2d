import { BakeError } from './error.ts'
import { MAX_EXPANDED_LENGTH, MAX_EXPANSION_DEPTH } from './limits.ts'
import { lookUp, unsetVariable, type Variables } from './variables.ts'

const name = /[A-Za-z_][A-Za-z0-9_]*/y

/**
 * The text with variables put in as compose does: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:?message}`,
 * `${NAME:+value}`, defaults inside defaults, and `$$` for a dollar sign.
 * Throws `variable_unset`, `expansion_error`, `limit_exceeded`.
 *
 * @see https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md
 */
export function expandCompose(text: string, variables: Variables, what: string): string {
  if (!text.includes('$')) return text
  const fail = (problem: string) => new BakeError('expansion_error', `${what}: ${problem} in ${JSON.stringify(text)}`)
  let at = 0

  const readName = (): string => {
    name.lastIndex = at
    const match = name.exec(text)?.[0]
    if (match === undefined) throw fail(`expected the name of a variable at offset ${at}`)
    at += match.length
    return match
  }
  /** After `${`, up to and with `}`. */
  const readBraces = (depth: number): string => {
    const variable = readName()
    const operator = /^(?::?[-?+])?/.exec(text.slice(at, at + 2))?.[0] ?? ''
    at += operator.length
    const word = operator === '' ? undefined : readUntilBrace(depth + 1)
    if (text.charAt(at) !== '}') throw fail('a brace is not closed')
    at++
    const known = lookUp(variables, variable, what)
    const isSet = known?.value !== undefined && (known.value !== '' || !operator.startsWith(':'))
    const other = () => {
      // what nobody spoke of may be set where the build takes place
      if (word instanceof BakeError) throw word
      return word ?? ''
    }
    switch (operator.at(-1)) {
      case '-':
        return isSet ? (known?.value ?? '') : other()
      case '+':
        if (known === undefined) throw unsetVariable(variable, what)
        return isSet ? other() : ''
      case '?':
        if (known === undefined) throw unsetVariable(variable, what)
        if (!isSet) throw fail(`${variable} is not set: ${other()}`)
        return known.value ?? ''
      default:
        if (known === undefined) throw unsetVariable(variable, what)
        return known.value ?? ''
    }
  }
  /** A default may hold what is not set: that matters only where the default is taken. */
  const readUntilBrace = (depth: number): string | BakeError => {
    const start = at
    try {
      return read(depth, true)
    } catch (error) {
      if (!(error instanceof BakeError) || error.code !== 'variable_unset') throw error
      at = closingBrace(text, start)
      return error
    }
  }
  const read = (depth: number, inBraces: boolean): string => {
    if (depth > MAX_EXPANSION_DEPTH) throw new BakeError('limit_exceeded', `${what}: defaults within defaults`)
    let result = ''
    while (at < text.length) {
      const char = text.charAt(at)
      if (inBraces && char === '}') break
      at++
      if (char !== '$') result += char
      else if (text.charAt(at) === '$') {
        result += '$'
        at++
      } else if (text.charAt(at) === '{') {
        at++
        result += readBraces(depth)
      } else {
        const variable = readName()
        const known = lookUp(variables, variable, what)
        if (known === undefined) throw unsetVariable(variable, what)
        result += known.value ?? ''
      }
      if (result.length > MAX_EXPANDED_LENGTH) {
        throw new BakeError('limit_exceeded', `${what}: longer than ${MAX_EXPANDED_LENGTH} with its variables`)
      }
    }
    return result
  }
  return read(0, false)
}

/** Where the brace stands that closes what begins at `start`; the length of the text where there is none. */
function closingBrace(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    if (text.startsWith('${', at)) depth++
    else if (text.charAt(at) === '}' && depth-- === 0) return at
  }
  return text.length
}
