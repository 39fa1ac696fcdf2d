import { dataFields, inputFields, type JSONValue, makeFields, type Type } from './documents.ts'
import { condition, expression, iteration, type Scope } from './expressions.ts'
import { makeLookups } from './lookups.ts'
import { makeRandom, type Random } from './random.ts'

export interface Program {
  readonly seed: number
  readonly modules: Readonly<Record<string, string>>
  readonly query: string
  readonly input: JSONValue
  readonly data: JSONValue
  readonly strict: boolean
  /** The rules that are documents, functions left out. */
  readonly rules: readonly string[]
}

const results: readonly Type[] = [
  'boolean',
  'boolean',
  'string',
  'number',
  { array: 'string' },
  { array: 'number' },
  { set: 'string' },
  { set: 'number' },
  { object: 'number' },
]

/** A well-typed program with its documents. */
export function makeProgram(seed: number): Program {
  const random = makeRandom(seed)
  const rules: Rules = []
  const functions: { name: string; args: readonly Type[]; result: Type }[] = []
  let names = 0
  const scope: Scope = { random, variables: [], rules, functions, fresh: base => `${base}${names++}` }
  const packages = random.many(1, 2, i => `p${i}`)
  const modules = packages.map(name => {
    const texts = random.many(1, 5, i => makeRule(`${name}_r${i}`, `data.${name}`, scope, rules, functions))
    return [`${name}.rego`, `package ${name}\n\n${texts.join('\n\n')}\n`] as const
  })
  const lookups = makeLookups(seed, rules)
  return {
    seed,
    modules: Object.fromEntries(lookups === undefined ? modules : [...modules, ['looked.rego', lookups.module]]),
    // who asks for all of a package never sees that one key alone is looked up
    query:
      lookups !== undefined && seed % 3 === 0
        ? 'data.looked = x'
        : packages.map((name, i) => `data.${name} = x${i}`).join('; '),
    input: makeFields(inputFields, random, 8),
    data: { cfg: makeFields(dataFields, random, 10) },
    strict: random.oneIn(3),
    rules: [...rules.map(({ ref }) => ref), ...(lookups?.rules ?? [])],
  }
}

type Rules = { ref: string; type: Type; isPartial?: true }[]
type Functions = { name: string; args: readonly Type[]; result: Type }[]

function makeRule(name: string, at: string, scope: Scope, rules: Rules, functions: Functions): string {
  const { random } = scope
  const ref = `${at}.${name}`
  const type = random.pick(results)
  switch (random.below(11)) {
    case 0:
    case 1: {
      const text = completeRule(name, type, scope)
      rules.push({ ref, type })
      return text
    }
    case 2: {
      const text = `default ${name} := ${constant(type, random)}\n\n${completeRule(name, type, scope)}`
      rules.push({ ref, type })
      return text
    }
    case 3: {
      const branches = random.many(1, 2, () => {
        const { body, scope: inner } = makeBody(scope)
        return ` else := ${expression(type, inner, 1)} if {\n${body}\n}`
      })
      const { body, scope: inner } = makeBody(scope)
      rules.push({ ref, type })
      return `${name} := ${expression(type, inner, 2)} if {\n${body}\n}${branches.join('')}`
    }
    case 4: {
      const text = random.many(1, 2, () => `${name} if {\n${makeBody(scope).body}\n}`).join('\n\n')
      rules.push({ ref, type: 'boolean' })
      return text
    }
    case 5: {
      const text = makeFunction(name, type, scope, functions)
      return text
    }
    case 6: {
      const member = random.pick<Type>(['string', 'number'])
      const text = random
        .many(1, 3, () => {
          const { body, scope: inner } = makeBody(scope)
          return `${name} contains ${expression(member, inner, 2)} if {\n${body}\n}`
        })
        .join('\n\n')
      rules.push({ ref, type: { set: member }, isPartial: true })
      return text
    }
    case 7: {
      const member = random.pick<Type>(['string', 'number'])
      const text = random
        .many(1, 2, () => {
          const { body, scope: inner } = makeBody(scope)
          return `${name}[${expression('string', inner, 1)}] := ${expression(member, inner, 2)} if {\n${body}\n}`
        })
        .join('\n\n')
      rules.push({ ref, type: { object: member }, isPartial: true })
      return text
    }
    case 8: {
      const parts = random.many(1, 2, i => {
        const { body, scope: inner } = makeBody(scope)
        return `${name}.f${i} := ${expression(type, inner, 2)} if {\n${body}\n}`
      })
      for (const i of parts.keys()) rules.push({ ref: `${ref}.f${i}`, type })
      return parts.join('\n\n')
    }
    case 9: {
      const { body, scope: inner } = makeBody(scope)
      const text = `${name}[${expression('string', inner, 1)}].z contains ${expression('string', inner, 1)} if {\n${body}\n}`
      return text
    }
    default: {
      const text = `${name} := ${expression(type, scope, 3)}`
      rules.push({ ref, type })
      return text
    }
  }
}

function constant(type: Type, random: Random): string {
  const empty: Scope = { random, variables: [], rules: [], functions: [], fresh: base => base }
  if (type === 'number') return String(random.below(5))
  if (type === 'string') return JSON.stringify(random.pick(['', 'none']))
  if (type === 'boolean') return String(random.oneIn(2))
  if ('set' in type) return 'set()'
  return 'object' in type ? '{}' : 'item' in type ? expression(type, empty, 0) : '[]'
}

function completeRule(name: string, type: Type, scope: Scope): string {
  return scope.random
    .many(1, 2, () => {
      const { body, scope: inner } = makeBody(scope)
      return `${name} := ${expression(type, inner, 2)} if {\n${body}\n}`
    })
    .join('\n\n')
}

function makeFunction(name: string, result: Type, scope: Scope, functions: Functions): string {
  const { random } = scope
  const args = random.many(1, 2, () => random.pick<Type>(['number', 'string', { array: 'string' }, 'boolean']))
  const clause = (): string => {
    const parameters = args.map((type, i) => {
      if (random.oneIn(5) && typeof type === 'string') return { text: constant(type, random), type: undefined }
      return { text: `a${i}`, type }
    })
    const known = parameters.flatMap(({ text, type }) => (type === undefined ? [] : [{ name: text, type }]))
    const { body, scope: inner } = makeBody({ ...scope, variables: [...scope.variables, ...known] })
    return `${name}(${parameters.map(({ text }) => text).join(', ')}) := ${expression(result, inner, 2)} if {\n${body}\n}`
  }
  const clauses = random.many(1, 2, clause)
  const standard = random.oneIn(4)
    ? [`default ${name}(${args.map(() => '_').join(', ')}) := ${constant(result, random)}`]
    : []
  functions.push({ name: `data.${name.split('_')[0]}.${name}`, args, result })
  return [...standard, ...clauses].join('\n\n')
}

/** Statements, and the scope that they leave for the head. */
function makeBody(scope: Scope): { body: string; scope: Scope } {
  let inner = scope
  const statements = scope.random.many(1, 3, () => {
    const { statement, scope: next } = makeStatement(inner)
    inner = next
    return `\t${statement}`
  })
  return { body: statements.join('\n'), scope: inner }
}

function makeStatement(scope: Scope): { statement: string; scope: Scope } {
  const { random } = scope
  switch (random.below(12)) {
    case 0:
    case 1:
      return iteration(scope, 2)
    case 2: {
      const type = random.pick(results)
      const name = scope.fresh('x')
      const statement = `${name} := ${expression(type, scope, 2)}`
      return { statement, scope: { ...scope, variables: [...scope.variables, { name, type }] } }
    }
    case 3:
      return { statement: `not ${condition(scope, 2)}`, scope }
    case 4: {
      const value = scope.fresh('e')
      const member = random.pick<Type>(['string', 'number'])
      const inner = { ...scope, variables: [...scope.variables, { name: value, type: member }] }
      const collection = expression({ array: member }, scope, 1)
      const operator = random.pick(['==', '!=', '<=', '>'])
      const test = `${value} ${operator} ${expression(member, inner, 1)}`
      return { statement: `every ${value} in ${collection} { ${test} }`, scope }
    }
    case 5:
      return { statement: `${condition(scope, 2)} with ${withTarget(scope)}`, scope }
    case 6: {
      const [left, right] = [scope.fresh('u'), scope.fresh('u')]
      const types = [random.pick<Type>(['string', 'number']), random.pick<Type>(['string', 'number'])] as const
      const values = types.map(type => expression(type, scope, 1))
      const variables = [left, right].map((name, i) => ({ name, type: types[i]! }))
      return {
        statement: `[${left}, ${right}] := [${values.join(', ')}]`,
        scope: { ...scope, variables: [...scope.variables, ...variables] },
      }
    }
    default:
      return { statement: condition(scope, 2), scope }
  }
}

function withTarget(scope: Scope): string {
  const { random, rules } = scope
  if (rules.length > 0 && random.oneIn(3)) {
    const { ref, type } = random.pick(rules)
    return `${ref} as ${expression(type, scope, 0)}`
  }
  const targets: readonly (readonly [string, Type])[] = [
    ['input.n', 'number'],
    ['input.s', 'string'],
    ['input.names', { array: 'string' }],
    ['input.image.tag', 'string'],
    ['data.cfg.limit', 'number'],
    ['data.cfg.allowed', { array: 'string' }],
  ]
  const [target, type] = random.pick(targets)
  return `${target} as ${expression(type, scope, 0)}`
}
