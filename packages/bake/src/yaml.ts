import { Lexer, parseDocument } from 'yaml'
import { BakeError } from './error.ts'
import { MAX_YAML_ALIASES, MAX_YAML_NESTING } from './limits.ts'

/** What one YAML document says. Throws `malformed` and `limit_exceeded`. */
export function parseYAML(text: string, file: string): unknown {
  if (isTooNested(text)) {
    throw new BakeError('limit_exceeded', `${file}: more than ${MAX_YAML_NESTING} collections inside each other`)
  }
  // `<<` is not of YAML 1.2, but compose files use it
  const document = parseDocument(text, { merge: true, uniqueKeys: true, logLevel: 'error' })
  const [problem] = document.errors
  if (problem !== undefined) throw new BakeError('malformed', `${file}: ${problem.message.split('\n')[0]}`)
  try {
    return document.toJS({ maxAliasCount: MAX_YAML_ALIASES })
  } catch (cause) {
    throw new BakeError('malformed', `${file}: its aliases lead nowhere, or to too much`, { cause })
  }
}

/** Lines of `[[[[` or `- - - -` cost the parser far more than they cost to write; reading tokens alone does not. */
function isTooNested(text: string): boolean {
  let flow = 0
  let indicators = 0
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') flow++
    else if (token === ']' || token === '}') flow = Math.max(0, flow - 1)
    else if (token === '-' || token === '?' || token === ':') indicators++
    else if (token.includes('\n')) indicators = 0
    if (flow > MAX_YAML_NESTING || (flow === 0 && indicators > MAX_YAML_NESTING)) return true
  }
  return false
}
