import type { Random } from './random.ts'

/** The types that the generator speaks of; an `object` has string keys and values of one type, an `item` known fields. */
export type Type =
  | 'number'
  | 'string'
  | 'boolean'
  | { readonly array: Type }
  | { readonly set: Type }
  | { readonly object: Type }
  | { readonly item: Readonly<Record<string, Type>> }

export type JSONValue = null | boolean | number | string | JSONValue[] | { [key: string]: JSONValue }

/** The fields of the input; any may be missing. */
export const inputFields: Readonly<Record<string, Type>> = {
  n: 'number',
  m: 'number',
  s: 'string',
  tag: 'string',
  b: 'boolean',
  xs: { array: 'number' },
  names: { array: 'string' },
  sizes: { object: 'number' },
  items: {
    array: {
      item: { name: 'string', size: 'number', ok: 'boolean', tags: { array: 'string' }, meta: { object: 'string' } },
    },
  },
  image: {
    item: { repo: 'string', tag: 'string', labels: { object: 'string' }, env: { array: 'string' }, user: 'string' },
  },
  git: { item: { ref: 'string', branch: 'string', depth: 'number' } },
}

/** The fields of `data.cfg`. */
export const dataFields: Readonly<Record<string, Type>> = {
  limit: 'number',
  allowed: { array: 'string' },
  weights: { object: 'number' },
  users: { object: { item: { age: 'number', roles: { array: 'string' }, email: 'string' } } },
}

export const words = [
  '',
  'a',
  'b',
  'alpine',
  'docker.io/library/alpine',
  'v1.2.3',
  'main',
  'release/1.0',
  'foo bar',
  'x=1,y=2',
  'Ärger',
  '日本',
  '1.5',
  '10',
  'true',
  'a/b/c',
  '2024-05-06T07:08:09Z',
  '10.0.0.0/8',
  'sha256:abc',
  'ff00',
  'a%20b+c',
  '[1,2]',
  '{"a":1}',
] as const

export const numbers = [
  0, 1, 2, 3, 5, 10, 42, -1, -7, 100, 1000, 0.5, 1.5, 2.25, -0.75, 123456789, 9007199254740991,
] as const

const keys = ['a', 'b', 'name', 'k1', 'maintainer', 'x-y'] as const

/** A random value of the type. */
export function makeValue(type: Type, random: Random): JSONValue {
  if (type === 'number') return random.pick(numbers)
  if (type === 'string') return random.pick(words)
  if (type === 'boolean') return random.oneIn(2)
  if ('array' in type) return random.many(0, 4, () => makeValue(type.array, random))
  if ('set' in type) throw new Error('a document has no sets')
  if ('object' in type) {
    return Object.fromEntries(random.many(0, 4, () => [random.pick(keys), makeValue(type.object, random)] as const))
  }
  return makeFields(type.item, random, 8)
}

/** An object with the fields, of which some may miss. */
export function makeFields(fields: Readonly<Record<string, Type>>, random: Random, missing: number): JSONValue {
  const present = Object.entries(fields).filter(() => !random.oneIn(missing))
  return Object.fromEntries(present.map(([name, type]) => [name, makeValue(type, random)] as const))
}

export const sameType = (a: Type, b: Type): boolean => JSON.stringify(a) === JSON.stringify(b)
