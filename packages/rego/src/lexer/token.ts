/** The kinds of token, by the names that error messages use. */
export type Token =
  | 'illegal'
  | 'eof'
  | 'whitespace'
  | 'comment'
  | 'identifier'
  | Keyword
  | 'number'
  | 'string'
  | 'template-string-part'
  | 'template-string-end'
  | 'raw-template-string-part'
  | 'raw-template-string-end'
  | '['
  | ']'
  | '{'
  | '}'
  | '('
  | ')'
  | ','
  | ':'
  | ';'
  | '.'
  | Operator

export type Keyword = (typeof coreKeywords)[number] | FutureKeyword

/** Words that were not yet keywords in v0, where they have to be imported. */
export type FutureKeyword = (typeof futureKeywords)[number]

export type Operator =
  | 'plus'
  | 'minus'
  | 'mul'
  | 'div'
  | 'rem'
  | 'and'
  | 'or'
  | 'eq'
  | 'equal'
  | 'assign'
  | 'neq'
  | 'gt'
  | 'lt'
  | 'gte'
  | 'lte'

export const coreKeywords = [
  'package',
  'import',
  'as',
  'default',
  'else',
  'not',
  'some',
  'with',
  'null',
  'true',
  'false',
] as const

export const futureKeywords = ['contains', 'every', 'if', 'in'] as const

const everyKeyword: ReadonlySet<string> = new Set([...coreKeywords, ...futureKeywords])

export function isKeyword(token: string): token is Keyword {
  return everyKeyword.has(token)
}
