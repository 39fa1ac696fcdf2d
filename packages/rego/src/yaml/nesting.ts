import { Lexer } from 'yaml'

/** Collections inside each other in a YAML text. */
export const maxYAMLNesting = 500

/**
 * Whether more collections are opened inside each other than the parser can follow in a fair time. Lines of `[[[[` or
 * `- - - -` cost it far more than they cost to write; reading tokens alone does not.
 */
export function isTooNested(text: string): boolean {
  let flow = 0
  let indicators = 0
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') flow++
    else if (token === ']' || token === '}') flow = Math.max(0, flow - 1)
    else if (token === '-' || token === '?' || token === ':') indicators++
    else if (token.includes('\n')) indicators = 0
    if (flow > maxYAMLNesting || (flow === 0 && indicators > maxYAMLNesting)) return true
  }
  return false
}
