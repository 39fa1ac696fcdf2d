import { lowerCase } from './characters.ts'
import { syntaxError } from './error.ts'
import type { Statement, Word } from './statement.ts'

/** `text` once, `texts` any number of times, `boolean` once and perhaps without a value. */
export type FlagKind = 'text' | 'texts' | 'boolean'

export interface Flags {
  text(name: string): Word | undefined
  texts(name: string): readonly Word[]
  /** Undefined where the flag is not given. */
  boolean(name: string): boolean | undefined
}

/** The flags of an instruction, which knows those of `kinds` only. Throws `syntax_error`. */
export function parseFlags(statement: Statement, kinds: Readonly<Record<string, FlagKind>> = {}): Flags {
  const given = new Map<string, Word[]>()
  const booleans = new Map<string, boolean>()
  for (const { text, place } of statement.flags) {
    const fail = (problem: string) => syntaxError(place, `parsing ${statement.name}: ${problem}`)
    const equals = text.indexOf('=')
    const flag = equals === -1 ? text : text.slice(0, equals)
    const value = equals === -1 ? undefined : text.slice(equals + 1)
    const name = flag.slice(2)
    const kind = text.startsWith('--') && Object.hasOwn(kinds, name) ? kinds[name] : undefined
    if (kind === undefined) throw fail(`unknown flag ${JSON.stringify(flag)}`)
    if (given.has(name) && kind !== 'texts') throw fail(`${flag} is given twice`)
    if (kind === 'boolean') {
      const lower = lowerCase(value ?? 'true')
      if (lower !== 'true' && lower !== 'false')
        throw fail(`${flag} is ${JSON.stringify(value)}, expected true or false`)
      booleans.set(name, lower === 'true')
    } else if (value === undefined) throw fail(`${flag} lacks a value`)
    const words = given.get(name)
    if (words === undefined) given.set(name, [{ text: value ?? '', place }])
    else words.push({ text: value ?? '', place })
  }
  return {
    text: name => given.get(name)?.[0],
    texts: name => given.get(name) ?? [],
    boolean: name => booleans.get(name),
  }
}
