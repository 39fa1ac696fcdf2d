import { limitExceeded } from '../builtins/builtin-error.ts'
import { boundItems, boundLength } from '../builtins/operands.ts'
import type { BuiltinContext } from '../builtins/signature.ts'
import { jsonEntries } from '../value/json.ts'
import { objectGet } from '../value/object.ts'
import { isArray, isNumber, isObject, type RegoObject, type Value } from '../value/value.ts'
import { functions } from './functions.ts'
import { Double, type Item, isTrue, printItem } from './item.ts'
import { fault, type Node, type Operand, type Pipeline, type Template } from './parse.ts'

/** Templates that may call each other. */
const maxTemplateDepth = 100

interface Scope {
  readonly dot: Item
  readonly variables: Map<string, { value: Item }>
}

interface State {
  readonly template: Template
  readonly context: BuiltinContext
  out: string
  depth: number
}

type Flow = 'on' | 'break' | 'continue'

/** Renders the template with the object as its dot. */
export function renderTemplate(template: Template, data: Item, context: BuiltinContext): string {
  const state: State = { template, context, out: '', depth: 0 }
  run(template.body, { dot: data, variables: new Map([['$', { value: data }]]) }, state)
  return state.out
}

const inner = (scope: Scope, dot: Item = scope.dot): Scope => ({ dot, variables: new Map(scope.variables) })

function run(nodes: readonly Node[], scope: Scope, state: State): Flow {
  for (const node of nodes) {
    state.context.charge(1)
    const flow = step(node, scope, state)
    if (flow !== 'on') return flow
  }
  return 'on'
}

function write(text: string, state: State): void {
  state.out += text
  boundLength(state.out.length, 'strings.render_template', state.context)
}

function step(node: Node, scope: Scope, state: State): Flow {
  switch (node.kind) {
    case 'text':
      write(node.text, state)
      return 'on'
    case 'action': {
      const value = evaluate(node.pipeline, scope, state)
      if (node.pipeline.declares.length === 0) write(printItem(value), state)
      return 'on'
    }
    case 'if':
    case 'with': {
      const within = inner(scope)
      const value = evaluate(node.pipeline, within, state)
      if (!isTrue(value)) return run(node.otherwise, within, state)
      return run(node.body, node.kind === 'with' ? inner(within, value) : within, state)
    }
    case 'range':
      return range(node, scope, state)
    case 'template': {
      const body = state.template.named.get(node.name)
      if (body === undefined) throw fault(`template ${JSON.stringify(node.name)} not defined`)
      if (++state.depth > maxTemplateDepth) throw limitExceeded('the depth of templates', maxTemplateDepth)
      const dot = node.pipeline === undefined ? undefined : evaluate(node.pipeline, scope, state)
      run(body, { dot, variables: new Map([['$', { value: dot }]]) }, state)
      state.depth--
      return 'on'
    }
    default:
      return node.kind
  }
}

function range(node: Node & { kind: 'if' | 'with' | 'range' }, scope: Scope, state: State): Flow {
  const within = inner(scope)
  const { declares, assigns, commands } = node.pipeline
  const entries = entriesOf(evaluate({ declares: [], assigns: false, commands }, within, state), state.context)
  if (entries.length === 0) return run(node.otherwise, within, state)
  for (const [key, value] of entries) {
    const turn = inner(within, value)
    const [first, second] = declares
    if (first !== undefined) setVariable(turn, first, second === undefined ? value : key, assigns)
    if (second !== undefined) setVariable(turn, second, value, assigns)
    if (run(node.body, turn, state) === 'break') break
  }
  return 'on'
}

function setVariable({ variables }: Scope, name: string, value: Item, assigns: boolean): void {
  const existing = variables.get(name)
  if (assigns && existing !== undefined) existing.value = value
  else variables.set(name, { value })
}

function entriesOf(item: Item, context: BuiltinContext): readonly (readonly [Item, Item])[] {
  if (typeof item === 'bigint') {
    boundItems(Math.max(Number(item), 0), 'range', context)
    return Array.from({ length: Math.max(Number(item), 0) }, (_, i) => [BigInt(i), BigInt(i)])
  }
  if (item instanceof Double) throw fault("range can't iterate over a float")
  if (item === undefined || item === null) return []
  const value = item as Value
  if (isArray(value)) return value.map((element, i) => [BigInt(i), element])
  if (isObject(value)) return jsonEntries(value)
  throw fault(`range can't iterate over ${printItem(item)}`)
}

function evaluate(pipeline: Pipeline, scope: Scope, state: State): Item {
  let value: Item
  for (const [i, command] of pipeline.commands.entries()) value = call(command, i > 0 ? [value] : [], scope, state)
  for (const name of pipeline.declares) setVariable(scope, name, value, pipeline.assigns)
  return value
}

function call(command: readonly Operand[], piped: readonly Item[], scope: Scope, state: State): Item {
  state.context.charge(1)
  const [first, ...rest] = command as readonly [Operand, ...Operand[]]
  if (first.kind !== 'function') {
    if (rest.length + piped.length > 0) throw fault("can't give argument to non-function")
    return operand(first, scope, state)
  }
  // and and or look no further than they must
  if (first.name === 'and' || first.name === 'or') {
    let value: Item
    for (const argument of [...rest.map(one => () => operand(one, scope, state)), ...piped.map(one => () => one)]) {
      value = argument()
      if (isTrue(value) === (first.name === 'or')) return value
    }
    return value
  }
  const implementation = functions.get(first.name)
  if (implementation === undefined) throw fault(`function ${JSON.stringify(first.name)} not defined`)
  return implementation([...rest.map(one => operand(one, scope, state)), ...piped], state.context)
}

function operand(node: Operand, scope: Scope, state: State): Item {
  switch (node.kind) {
    case 'literal':
      return typeof node.value === 'number' ? new Double(node.value) : node.value
    case 'dot':
      return fieldsOf(scope.dot, node.fields)
    case 'variable': {
      const variable = scope.variables.get(node.name)
      if (variable === undefined) throw fault(`undefined variable ${JSON.stringify(node.name)}`)
      return fieldsOf(variable.value, node.fields)
    }
    case 'group':
      return fieldsOf(evaluate(node.pipeline, inner(scope), state), node.fields)
    case 'function':
      return call([node], [], scope, state)
  }
}

/** A field that an object has not is no error, but a field of what is no object is. */
function fieldsOf(item: Item, fields: readonly string[]): Item {
  let value = item
  for (const field of fields) {
    if (value === undefined || value === null) throw fault(`nil pointer evaluating interface {}.${field}`)
    if (typeof value === 'bigint' || value instanceof Double || isNumber(value as Value) || !isObject(value as Value)) {
      throw fault(`can't evaluate field ${field} in type ${typeof value}`)
    }
    value = objectGet(value as RegoObject, field)
  }
  return value
}
