import { type Call, calls } from './calls.ts'
import { dataFields, inputFields, numbers, sameType, type Type, words } from './documents.ts'
import type { Random } from './random.ts'

/** What an expression may speak of. */
export interface Scope {
  readonly random: Random
  readonly variables: readonly { readonly name: string; readonly type: Type }[]
  readonly rules: readonly { readonly ref: string; readonly type: Type }[]
  readonly functions: readonly { readonly name: string; readonly args: readonly Type[]; readonly result: Type }[]
  /** Makes names that are used once. */
  readonly fresh: (base: string) => string
}

const text = (word: string): string => JSON.stringify(word)
const key = (name: string): string => (/^[a-z_]\w*$/.test(name) ? `.${name}` : `[${text(name)}]`)

/** A term of the type. */
export function expression(type: Type, scope: Scope, depth: number): string {
  const { random } = scope
  const options: (() => string | undefined)[] = [() => variable(type, scope), () => reference(type, scope)]
  if (depth > 0) {
    options.push(
      () => rule(type, scope),
      () => builtin(type, scope, depth),
      () => builtin(type, scope, depth),
      () => userFunction(type, scope, depth),
      () => compound(type, scope, depth),
      () => compound(type, scope, depth),
    )
  }
  for (const option of random.shuffle(options)) {
    if (random.oneIn(5)) break
    const made = option()
    if (made !== undefined) return made
  }
  return literal(type, scope, depth)
}

function variable(type: Type, { random, variables }: Scope): string | undefined {
  const fitting = variables.filter(one => sameType(one.type, type))
  return fitting.length === 0 ? undefined : random.pick(fitting).name
}

function rule(type: Type, { random, rules }: Scope): string | undefined {
  const fitting = rules.filter(one => sameType(one.type, type))
  return fitting.length === 0 ? undefined : random.pick(fitting).ref
}

/** The places below a document that have the type. */
function placesOf(base: string, fields: Readonly<Record<string, Type>>, type: Type): string[] {
  return Object.entries(fields).flatMap(([name, found]) => {
    const ref = base + key(name)
    const here = sameType(found, type) ? [ref] : []
    return typeof found === 'object' && 'item' in found ? [...here, ...placesOf(ref, found.item, type)] : here
  })
}

function reference(type: Type, { random, variables }: Scope): string | undefined {
  const places = [
    ...placesOf('input', inputFields, type),
    ...placesOf('input', inputFields, type),
    ...placesOf('data.cfg', dataFields, type),
    ...variables.flatMap(one =>
      typeof one.type === 'object' && 'item' in one.type ? placesOf(one.name, one.type.item, type) : [],
    ),
  ]
  return places.length === 0 ? undefined : random.pick(places)
}

function operand(arg: Call['args'][number], scope: Scope, depth: number): string {
  if (typeof arg === 'object' && 'of' in arg) return scope.random.pick(arg.of)
  if (typeof arg === 'object' && 'by' in arg) return `${arg.by}(${expression(arg.from, scope, depth - 1)})`
  return expression(arg, scope, depth - 1)
}

function builtin(type: Type, scope: Scope, depth: number): string | undefined {
  const fitting = calls.filter(one => sameType(one.result, type))
  if (fitting.length === 0) return undefined
  const { name, args } = scope.random.pick(fitting)
  return `${name}(${args.map(arg => operand(arg, scope, depth)).join(', ')})`
}

function userFunction(type: Type, scope: Scope, depth: number): string | undefined {
  const fitting = scope.functions.filter(one => sameType(one.result, type))
  if (fitting.length === 0) return undefined
  const { name, args } = scope.random.pick(fitting)
  return `${name}(${args.map(arg => expression(arg, scope, depth - 1)).join(', ')})`
}

const iterables: readonly { readonly type: Type; readonly member: Type }[] = [
  { type: { array: 'number' }, member: 'number' },
  { type: { array: 'string' }, member: 'string' },
  { type: { set: 'number' }, member: 'number' },
  { type: { set: 'string' }, member: 'string' },
  { type: { object: 'number' }, member: 'number' },
  { type: inputFields.items!, member: (inputFields.items as { array: Type }).array },
  { type: dataFields.users!, member: (dataFields.users as { object: Type }).object },
]

/** `some` over a collection, and the scope in which its member is known. */
export function iteration(scope: Scope, depth: number): { statement: string; scope: Scope } {
  const { random } = scope
  const { type, member } = random.pick(iterables)
  const made = expression(type, scope, depth)
  // OPA goes over the terms of a set that is spelled out, in their order, equal ones again; ours has members
  const isSpelledSet = typeof type === 'object' && 'set' in type && made.startsWith('{')
  const collection = isSpelledSet ? `(${made} | set())` : made
  const value = scope.fresh('v')
  const inner = { ...scope, variables: [...scope.variables, { name: value, type: member }] }
  if (random.oneIn(3)) {
    const index = scope.fresh('k')
    const isObject = typeof type === 'object' && 'object' in type
    const isSet = typeof type === 'object' && 'set' in type
    const keyType: Type = isObject ? 'string' : isSet ? member : 'number'
    const withKey = { ...inner, variables: [...inner.variables, { name: index, type: keyType }] }
    return { statement: `some ${index}, ${value} in ${collection}`, scope: withKey }
  }
  if (random.oneIn(4) && /^(?:input|data)\b/.test(collection)) {
    return { statement: `${value} := ${collection}[_]`, scope: inner }
  }
  return { statement: `some ${value} in ${collection}`, scope: inner }
}

function comprehension(type: Type, scope: Scope, depth: number): string | undefined {
  if (typeof type === 'string' || 'item' in type) return undefined
  const { statement, scope: inner } = iteration(scope, depth - 1)
  const more = scope.random.oneIn(2) ? `; ${condition(inner, depth - 1)}` : ''
  if ('array' in type) return `[${expression(type.array, inner, depth - 1)} | ${statement}${more}]`
  if ('set' in type) return `{${expression(type.set, inner, depth - 1)} | ${statement}${more}}`
  return `{${expression('string', inner, depth - 1)}: ${expression(type.object, inner, depth - 1)} | ${statement}${more}}`
}

function compound(type: Type, scope: Scope, depth: number): string | undefined {
  const { random } = scope
  if (type === 'number') {
    const operator = random.pick(['+', '-', '*', '/', '%'])
    return `(${expression('number', scope, depth - 1)} ${operator} ${expression('number', scope, depth - 1)})`
  }
  if (type === 'string') {
    return `$"<{${expression(random.pick<Type>(['string', 'number', 'boolean']), scope, 0)}}>"`
  }
  if (type === 'boolean') return `(${comparison(scope, depth - 1)})`
  if ('set' in type && random.oneIn(3)) {
    const operator = random.pick(['|', '&', '-'])
    return `(${expression(type, scope, depth - 1)} ${operator} ${expression(type, scope, depth - 1)})`
  }
  return comprehension(type, scope, depth)
}

function literal(type: Type, scope: Scope, depth: number): string {
  const { random } = scope
  if (type === 'number') return String(random.pick(numbers))
  if (type === 'string') return text(random.pick(words))
  if (type === 'boolean') return String(random.oneIn(2))
  const below = Math.max(depth - 1, 0)
  if ('array' in type) return `[${random.many(0, 3, () => expression(type.array, scope, below)).join(', ')}]`
  if ('set' in type) {
    const members = random.many(0, 3, () => expression(type.set, scope, below))
    return members.length === 0 ? 'set()' : `{${members.join(', ')}}`
  }
  if ('object' in type) {
    return `{${['a', 'b', 'k1']
      .slice(0, random.below(4))
      .map(name => `${text(name)}: ${expression(type.object, scope, below)}`)
      .join(', ')}}`
  }
  return `{${Object.entries(type.item)
    .map(([name, one]) => `${text(name)}: ${expression(one, scope, below)}`)
    .join(', ')}}`
}

const comparable: readonly Type[] = [
  'number',
  'string',
  'boolean',
  { array: 'string' },
  { set: 'number' },
  { object: 'number' },
]

function comparison(scope: Scope, depth: number): string {
  const { random } = scope
  const type = random.pick(comparable)
  const operators = typeof type === 'string' && type !== 'boolean' ? ['==', '!=', '<', '<=', '>', '>='] : ['==', '!=']
  return `${expression(type, scope, depth)} ${random.pick(operators)} ${expression(type, scope, depth)}`
}

/** A statement that binds nothing. */
export function condition(scope: Scope, depth: number): string {
  const { random } = scope
  switch (random.below(6)) {
    case 0:
      return expression('boolean', scope, depth)
    case 1: {
      const type = random.pick<Type>(['number', 'string'])
      const collection = random.pick<Type>([{ array: type }, { set: type }, { object: type }])
      return `${expression(type, scope, depth)} in ${expression(collection, scope, depth)}`
    }
    case 2:
      return expression(random.pick<Type>(['string', 'number', 'boolean']), scope, depth)
    default:
      return comparison(scope, depth)
  }
}
