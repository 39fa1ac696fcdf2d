import { compileGlob } from '../regex/glob.ts'
import { codePointLength } from '../value/strings.ts'
import { operandError } from './builtin-error.ts'
import { cached } from './cached.ts'
import { type BuiltinContext, defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

function delimitersOf(delimiters: readonly string[] | null): readonly string[] {
  if (delimiters === null) return []
  for (const delimiter of delimiters) {
    if (codePointLength(delimiter) !== 1) {
      throw operandError(2, 'must be array of runes but got array containing string')
    }
  }
  return delimiters.length === 0 ? ['.'] : delimiters
}

function matches(glob: string, delimiters: readonly string[] | null, text: string, context: BuiltinContext): boolean {
  const chars = delimitersOf(delimiters)
  context.charge(1 + Math.ceil((glob.length + text.length) / 64))
  const regex = cached(context, `glob ${chars.join('')}`, glob, () => compileGlob(glob, chars))
  context.reserve(regex.cost(text))
  return regex.test(text)
}

export const glob = [
  defineBuiltin({
    name: 'glob.match',
    args: [t.string, t.anyOf(t.array(t.string), t.null), t.string],
    result: t.boolean,
    implementation: ([glob, delimiters, text]: readonly [string, readonly string[] | null, string], context) =>
      matches(glob, delimiters, text, context),
  }),
  defineBuiltin({
    name: 'glob.quote_meta',
    args: [t.string],
    result: t.string,
    implementation: ([text]: readonly [string]) => text.replace(/[*?\\[\]{}]/g, '\\$&'),
  }),
]
