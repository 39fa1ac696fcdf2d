import { builtins } from '../builtins/index.ts'
import { undelivered } from '../builtins/undelivered.ts'
import type { Case } from './corpus.ts'

const names = [...builtins.keys()].filter(name => /[a-z]/.test(name))
const missing: ReadonlySet<string> = new Set(undelivered.map(({ name }) => name))

/** The builtins that a case names in its modules or query. */
export function builtinsOf({ modules, query }: Case): readonly string[] {
  const text = [...Object.values(modules), query].join('\n')
  const called = new Set(
    text.match(/[a-z][\w.]*(?=\s*\()|\bas\s+[a-z][\w.]*/g)?.map(name => name.replace(/^as\s+/, '')),
  )
  return names.filter(name => called.has(name) || (name.includes('.') && text.includes(name)))
}

export const undeliveredOf = (test: Case): readonly string[] => builtinsOf(test).filter(name => missing.has(name))
