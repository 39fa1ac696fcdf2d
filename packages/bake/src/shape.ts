import { BakeError } from './error.ts'

export type Fields = Readonly<Record<string, unknown>>

/** What reads members of one object: `what` is its name in errors. */
export interface Shape {
  text(name: string): string | undefined
  texts(name: string): string[] | undefined
  fields(name: string): Fields | undefined
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function malformed(what: string, expected: string): BakeError {
  return new BakeError('malformed', `${what}: expected ${expected}`)
}

/** Booleans stand for their text, as in YAML. Undefined for numbers: each program writes them in its own way. */
export function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'boolean' ? String(value) : undefined
}

/** The members of `fields`, each of the type that it should have; null is as good as none. Methods throw `malformed`. */
export function shapeOf(fields: Fields, what: string): Shape {
  const member = (name: string) => (Object.hasOwn(fields, name) ? (fields[name] ?? undefined) : undefined)
  return {
    text(name) {
      const value = member(name)
      if (value === undefined) return undefined
      const text = scalarText(value)
      if (text === undefined) throw malformed(`${what}.${name}`, 'text')
      return text
    },
    texts(name) {
      const value = member(name)
      if (value === undefined) return undefined
      const texts = Array.isArray(value) ? value.map(scalarText) : [undefined]
      if (!texts.every(text => text !== undefined)) throw malformed(`${what}.${name}`, 'a list of texts')
      return texts
    },
    fields(name) {
      const value = member(name)
      if (value === undefined) return undefined
      if (!isFields(value)) throw malformed(`${what}.${name}`, 'an object')
      return value
    },
  }
}
