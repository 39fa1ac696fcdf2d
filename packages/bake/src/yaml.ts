import { type Document, isScalar, Lexer, parseDocument, type Scalar, visit } from 'yaml'
import { BakeError } from './error.ts'
import { MAX_YAML_ALIASES, MAX_YAML_NESTING } from './limits.ts'

/** Numbers as they are written. */
const asWritten = ({ value, source }: Scalar): unknown => (typeof value === 'number' ? source : value)

/**
 * What one YAML document says, without tags or directives; `plain` is the value of a scalar that is not quoted. Throws `malformed`
 * and `limit_exceeded`.
 */
export function parseYAML(text: string, file: string, plain: (scalar: Scalar) => unknown = asWritten): unknown {
  if (isTooNested(text)) {
    throw new BakeError('limit_exceeded', `${file}: more than ${MAX_YAML_NESTING} collections inside each other`)
  }
  // `<<` is not of YAML 1.2, but compose files use it
  const document = parseDocument(text, { merge: true, uniqueKeys: true, logLevel: 'error' })
  const [problem] = document.errors
  if (problem !== undefined) throw new BakeError('malformed', `${file}: ${problem.message.split('\n')[0]}`)
  if (document.directives.yaml.version !== '1.2') throw new BakeError('malformed', `${file}: a directive of YAML`)
  readPlain(document, file, plain)
  try {
    return document.toJS({ maxAliasCount: MAX_YAML_ALIASES })
  } catch (cause) {
    throw new BakeError('malformed', `${file}: its aliases lead nowhere, or to too much`, { cause })
  }
}

/** Without exponents, digits that are lost, or a sign of zero. */
const plainNumber = /^(?:0|-?[1-9]\d{0,14}|[1-9]\d{0,5}\.\d{1,9}|0\.[1-9]\d{0,8})$/

function readPlain(document: Document, file: string, plain: (scalar: Scalar) => unknown): void {
  visit(document, {
    Node(_, node) {
      const tag = 'tag' in node ? node.tag : undefined
      if (tag !== undefined && tag !== 'tag:yaml.org,2002:str') {
        throw new BakeError('malformed', `${file}: the tag ${tag}, to which each reader may give a meaning of its own`)
      }
      if (isScalar(node) && node.type === 'PLAIN' && tag === undefined) node.value = plain(node)
    },
  })
}

/**
 * Numbers as their text where Go writes the same one. Compose is written in Go, to whose reader `017` and `1_000` are numbers and
 * `2001-01-01` is a time: where the two differ NaN stands, which is no text.
 */
export function composeValue({ value, source = '' }: Scalar): unknown {
  if (typeof value === 'number') return plainNumber.test(source) ? String(value) : Number.NaN
  if (typeof value !== 'string') return value
  const digits = value.replaceAll('_', '').replace(/^[-+]/, '')
  const isNumber = digits !== '' && !Number.isNaN(Number(digits))
  return isNumber || /^\d{4}-\d/.test(value) ? Number.NaN : value
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
