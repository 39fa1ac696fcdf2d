import { isAlias, isMap, isScalar, isSeq, type ParsedNode, parseAllDocuments } from 'yaml'
import { BuiltinError, limitExceeded } from '../builtins/builtin-error.ts'
import { base64Text } from '../builtins/encoding.ts'
import { shortDouble } from '../format/double.ts'
import { maxJSONDepth, setOwn } from '../value/json.ts'
import { numberText } from '../value/number.ts'
import type { Value } from '../value/value.ts'
import { isNumber, typeName } from '../value/value.ts'
import { isTooNested, maxYAMLNesting } from './nesting.ts'
import { type Resolved, resolveScalar } from './resolve.ts'

/** Nodes of a document after its aliases are put in place: a few lines of YAML can stand for billions. */
export const maxYAMLNodes = 200_000
/** UTF-16 units of a YAML text: what the parser makes of each takes hundreds of bytes. */
export const maxYAMLLength = 512 * 1024

const CONTROL = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u
/** What the text of a scalar with one of YAML's own tags has to stand for; that of one with another tag is a string. */
const TAGGED: ReadonlyMap<string, string> = new Map([
  ['null', 'null'],
  ['bool', 'boolean'],
  ['int', 'number'],
  ['float', 'number'],
])

interface State {
  readonly anchors: Map<string, ParsedNode>
  nodes: number
  readonly resolve: (text: string) => Resolved
}

/**
 * The value of a YAML text as sigs.k8s.io/yaml turns it to JSON: the first document, YAML 1.1's words unless `resolve` has others,
 * keys as texts.
 */
export function parseYAML(text: string, resolve = resolveScalar): Value {
  if (text.length > maxYAMLLength) throw limitExceeded('the length of a YAML text', maxYAMLLength)
  if (isTooNested(text)) throw new BuiltinError(`yaml: exceeded max depth of ${maxYAMLNesting}`)
  if (CONTROL.test(text)) throw new BuiltinError('yaml: control characters are not allowed')
  const documents = parseAllDocuments(text.replaceAll(/\r\n?|\x85/g, '\n'), {
    version: '1.1',
    schema: 'failsafe',
    resolveKnownTags: false,
    uniqueKeys: false,
    merge: false,
    logLevel: 'silent',
    prettyErrors: false,
    keepSourceTokens: false,
  })
  const { errors, warnings, directives } = 'empty' in documents ? documents : documents[0]!
  const [error] = errors
  if (error !== undefined) throw new BuiltinError(complaint(text, error.pos[0], error.message))
  // the library only warns of directives that it does not know
  if (warnings.some(({ code }) => code === 'BAD_DIRECTIVE') || directives?.yaml.version !== '1.1') {
    throw new BuiltinError('yaml: found incompatible YAML document')
  }
  const contents = documents[0]?.contents ?? null
  return contents === null ? null : convert(contents, { anchors: new Map(), nodes: 0, resolve }, 0)
}

/** The place and fault in the words of Go's scanner, where there are such. */
function complaint(text: string, offset: number, message: string): string {
  const line = text.slice(0, offset).split('\n').length
  return `yaml: line ${line}: ${/flow|end with/i.test(message) ? "did not find expected ',' or ']'" : message}`
}

function convert(node: ParsedNode, state: State, depth: number): Value {
  if (depth > maxJSONDepth) throw new BuiltinError(`yaml: exceeded max depth of ${maxJSONDepth}`)
  if (++state.nodes > maxYAMLNodes) throw new BuiltinError('yaml: document contains excessive aliasing')
  if (isAlias(node)) {
    const target = state.anchors.get(node.source)
    if (target === undefined) throw new BuiltinError(`yaml: unknown anchor '${node.source}' referenced`)
    return convert(target, state, depth + 1)
  }
  const value = isMap(node)
    ? convertMap(node as ParsedNode & { items: Pair[] }, state, depth)
    : isSeq(node)
      ? (node.items as ParsedNode[]).map(item => convert(item, state, depth + 1))
      : scalarValue(node, state)
  // an anchor is known only after its node: it cannot hold itself
  if ('anchor' in node && node.anchor !== undefined) state.anchors.set(node.anchor, node)
  return value
}

function scalarValue(node: ParsedNode, { resolve }: State): Value {
  if (!isScalar(node)) return null
  const text = typeof node.value === 'string' ? node.value : ''
  if (node.tag === undefined && node.type !== 'PLAIN') return text
  const tag = node.tag?.replace('tag:yaml.org,2002:', '')
  if (tag === 'binary') return base64Text(text)
  if (tag !== undefined && !TAGGED.has(tag)) return text
  const resolved = resolve(text)
  if (resolved.kind === 'infinite') throw new BuiltinError(`json: unsupported value: ${text}`)
  const value = resolved.kind === 'string' ? text : resolved.value
  if (tag === undefined || TAGGED.get(tag) === typeName(value)) return value
  throw new BuiltinError(`yaml: cannot decode \`${text}\` as a !!${tag}`)
}

interface Pair {
  readonly key: ParsedNode
  readonly value: ParsedNode | null
}

function convertMap(map: ParsedNode & { items: Pair[] }, state: State, depth: number): Value {
  const object: { [key: string]: Value } = {}
  const merged: { [key: string]: Value } = {}
  for (const { key, value } of map.items) {
    const item = value === null ? null : convert(value, state, depth + 1)
    if (isScalar(key) && key.value === '<<' && key.type === 'PLAIN') mergeInto(merged, item)
    else setOwn(object, keyOf(convert(key, state, depth + 1)), item)
  }
  const whole: { [key: string]: Value } = {}
  for (const source of [merged, object]) for (const [key, item] of Object.entries(source)) setOwn(whole, key, item)
  return whole
}

function mergeInto(merged: { [key: string]: Value }, item: Value): void {
  const sources = Array.isArray(item) ? item : [item]
  for (const source of sources) {
    if (typeof source !== 'object' || source === null || Array.isArray(source)) {
      throw new BuiltinError('yaml: map merge requires map or sequence of maps as the value')
    }
    for (const [key, value] of Object.entries(source))
      if (!Object.hasOwn(merged, key)) setOwn(merged, key, value as Value)
  }
}

/** Keys are texts; numbers with a fraction lose what a single float cannot hold, as in Go. */
function keyOf(key: Value): string {
  if (typeof key === 'string') return key
  if (typeof key === 'boolean') return String(key)
  if (key === null || !isNumber(key)) throw new BuiltinError('unsupported map key')
  if (typeof key !== 'number' || Number.isInteger(key)) return numberText(key)
  const single = Number(Math.fround(key).toPrecision(8))
  return shortDouble(single)
}
