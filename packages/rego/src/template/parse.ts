import { BuiltinError } from '../builtins/builtin-error.ts'
import { type Lexeme, lexAction, splitTemplate } from './lex.ts'

/** An operand of a command; fields may be taken from all but functions. */
export type Operand =
  | { readonly kind: 'literal'; readonly value: string | bigint | number | boolean | null }
  | { readonly kind: 'dot'; readonly fields: readonly string[] }
  | { readonly kind: 'variable'; readonly name: string; readonly fields: readonly string[] }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'group'; readonly pipeline: Pipeline; readonly fields: readonly string[] }

export interface Pipeline {
  readonly declares: readonly string[]
  /** `=` gives a new value to a variable that is there. */
  readonly assigns: boolean
  readonly commands: readonly (readonly Operand[])[]
}

export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipeline: Pipeline }
  | {
      readonly kind: 'if' | 'with' | 'range'
      readonly pipeline: Pipeline
      readonly body: readonly Node[]
      readonly otherwise: readonly Node[]
    }
  | { readonly kind: 'break' | 'continue' }
  | { readonly kind: 'template'; readonly name: string; readonly pipeline: Pipeline | undefined }

export interface Template {
  readonly body: readonly Node[]
  readonly named: ReadonlyMap<string, readonly Node[]>
}

/** Actions inside each other that a template may have. */
const maxDepth = 100

type Piece = { readonly text: string } | { readonly action: readonly Lexeme[] }

interface State {
  readonly pieces: readonly Piece[]
  at: number
  depth: number
  /** Of `range` around what is read. */
  ranges: number
  readonly named: Map<string, readonly Node[]>
}

export const fault = (what: string): BuiltinError => new BuiltinError(`template: template:1: ${what}`)

/** Reads a template of Go's text/template. */
export function parseTemplate(text: string): Template {
  const pieces = splitTemplate(text).map(
    (piece): Piece => ('text' in piece ? piece : { action: lexAction(piece.action) }),
  )
  const state: State = { pieces, at: 0, depth: 0, ranges: 0, named: new Map() }
  const { nodes, end } = parseList(state)
  if (end !== undefined) throw fault(`unexpected {{${end[0]!.text}}}`)
  return { body: nodes, named: state.named }
}

const ENDS = new Set(['end', 'else'])

/** Reads nodes up to the end of the text, or up to an action that ends or divides a list. */
function parseList(state: State): { nodes: readonly Node[]; end: readonly Lexeme[] | undefined } {
  if (++state.depth > maxDepth) throw fault(`actions nested more than ${maxDepth} deep`)
  const nodes: Node[] = []
  let end: readonly Lexeme[] | undefined
  while (end === undefined && state.at < state.pieces.length) {
    const piece = state.pieces[state.at++]!
    if ('text' in piece) {
      if (piece.text !== '') nodes.push({ kind: 'text', text: piece.text })
      continue
    }
    const [first] = piece.action
    // a comment is an action without anything
    if (first === undefined) continue
    if (first.kind === 'word' && ENDS.has(first.text)) end = piece.action
    else nodes.push(...parseAction(state, piece.action))
  }
  state.depth--
  return { nodes, end }
}

function parseAction(state: State, action: readonly Lexeme[]): readonly Node[] {
  const [first, ...rest] = action as readonly [Lexeme, ...Lexeme[]]
  if (first.kind !== 'word') return [{ kind: 'action', pipeline: parsePipeline(action) }]
  switch (first.text) {
    case 'if':
    case 'with':
    case 'range':
      return [parseControl(state, first.text, rest)]
    case 'break':
    case 'continue':
      if (state.ranges === 0) throw fault(`{{${first.text}}} outside {{range}}`)
      return [{ kind: first.text }]
    case 'define':
    case 'block': {
      const name = nameOf(rest[0])
      const { ranges } = state
      state.ranges = 0
      const { nodes, end } = parseList(state)
      state.ranges = ranges
      requireEnd(end)
      if (state.named.get(name)?.length && nodes.length > 0) throw fault(`multiple definition of template ${name}`)
      state.named.set(name, nodes)
      return first.text === 'define' ? [] : [{ kind: 'template', name, pipeline: parsePipeline(rest.slice(1)) }]
    }
    case 'template': {
      const pipeline = rest.length > 1 ? parsePipeline(rest.slice(1)) : undefined
      return [{ kind: 'template', name: nameOf(rest[0]), pipeline }]
    }
    default:
      return [{ kind: 'action', pipeline: parsePipeline(action) }]
  }
}

function nameOf(lexeme: Lexeme | undefined): string {
  if (lexeme?.kind !== 'literal' || typeof lexeme.value !== 'string') throw fault('a template has a name in quotes')
  return lexeme.value
}

function requireEnd(end: readonly Lexeme[] | undefined): void {
  if (end === undefined) throw fault('unexpected EOF')
  if (end[0]!.text !== 'end') throw fault(`unexpected {{${end[0]!.text}}}`)
}

function parseControl(state: State, kind: 'if' | 'with' | 'range', rest: readonly Lexeme[]): Node {
  const pipeline = parsePipeline(rest)
  if (kind === 'range') state.ranges++
  const { nodes: body, end } = parseList(state)
  if (kind === 'range') state.ranges--
  if (end === undefined || end[0]!.text !== 'else') {
    requireEnd(end)
    return { kind, pipeline, body, otherwise: [] }
  }
  const [, next, ...more] = end
  if (next?.kind === 'word' && (next.text === 'if' || next.text === 'with')) {
    return { kind, pipeline, body, otherwise: [parseControl(state, next.text, more)] }
  }
  const otherwise = parseList(state)
  requireEnd(otherwise.end)
  return { kind, pipeline, body, otherwise: otherwise.nodes }
}

const isSymbol = (lexeme: Lexeme | undefined, text: string): boolean =>
  lexeme?.kind === 'symbol' && lexeme.text === text

function parsePipeline(lexemes: readonly Lexeme[]): Pipeline {
  const cursor = { lexemes, at: 0 }
  const declares: string[] = []
  let assigns = false
  const operator = lexemes.findIndex(lexeme => isSymbol(lexeme, ':=') || isSymbol(lexeme, '='))
  if (operator > 0 && lexemes.slice(0, operator).every(lexeme => lexeme.kind === 'variable' || isSymbol(lexeme, ','))) {
    for (const lexeme of lexemes.slice(0, operator)) if (lexeme.kind === 'variable') declares.push(lexeme.text)
    assigns = lexemes[operator]!.text === '='
    cursor.at = operator + 1
  }
  const commands = parseCommands(cursor, 0)
  if (cursor.at < lexemes.length) throw fault(`unexpected ${JSON.stringify(lexemes[cursor.at]!.text)} in operand`)
  return { declares, assigns, commands }
}

interface Cursor {
  readonly lexemes: readonly Lexeme[]
  at: number
}

function parseCommands(cursor: Cursor, depth: number): readonly (readonly Operand[])[] {
  if (depth > maxDepth) throw fault(`parentheses nested more than ${maxDepth} deep`)
  const commands: Operand[][] = [[]]
  while (cursor.at < cursor.lexemes.length && !isSymbol(cursor.lexemes[cursor.at], ')')) {
    if (isSymbol(cursor.lexemes[cursor.at], '|')) {
      cursor.at++
      commands.push([])
    } else {
      commands.at(-1)!.push(parseOperand(cursor, depth))
    }
  }
  if (commands.some(command => command.length === 0)) throw fault('missing value for command')
  return commands
}

function parseOperand(cursor: Cursor, depth: number): Operand {
  const lexeme = cursor.lexemes[cursor.at++]!
  switch (lexeme.kind) {
    case 'literal':
      return { kind: 'literal', value: lexeme.value }
    case 'variable':
      return { kind: 'variable', name: lexeme.text, fields: parseFields(cursor) }
    case 'dot':
      return { kind: 'dot', fields: parseFields(cursor) }
    case 'field':
      return { kind: 'dot', fields: [lexeme.text, ...parseFields(cursor)] }
    case 'word':
      return { kind: 'function', name: lexeme.text }
    case 'symbol': {
      if (lexeme.text !== '(') throw fault(`unexpected ${JSON.stringify(lexeme.text)} in operand`)
      const commands = parseCommands(cursor, depth + 1)
      if (!isSymbol(cursor.lexemes[cursor.at], ')')) throw fault('unclosed left paren')
      cursor.at++
      return { kind: 'group', pipeline: { declares: [], assigns: false, commands }, fields: parseFields(cursor) }
    }
  }
}

/** Fields that follow without a blank. */
function parseFields(cursor: Cursor): readonly string[] {
  const fields: string[] = []
  for (let next = cursor.lexemes[cursor.at]; next?.kind === 'field' && next.joined; next = cursor.lexemes[cursor.at]) {
    fields.push(next.text)
    cursor.at++
  }
  return fields
}
