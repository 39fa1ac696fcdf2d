import { lowerCase } from './characters.ts'
import { splitCSV } from './csv.ts'
import { syntaxError } from './error.ts'
import type { Word } from './statement.ts'

/** Checks a `RUN --device`. Throws `syntax_error`. */
export function checkDevice({ text, place }: Word): void {
  const fail = (problem: string) => syntaxError(place, `parsing --device: ${problem}`)
  let name = ''
  const fields = splitCSV(text)
  if (fields === undefined) throw fail(`expected comma-separated fields, got ${JSON.stringify(text)}`)
  for (const field of fields) {
    const equals = field.indexOf('=')
    const key = lowerCase(equals === -1 ? field : field.slice(0, equals))
    const value = equals === -1 ? undefined : field.slice(equals + 1)
    if (key === 'required') {
      if (value !== undefined && !/^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(value)) {
        throw fail(`required is ${JSON.stringify(value)}, expected a boolean`)
      }
    } else if (key === 'name' && value !== undefined) {
      if (name !== '') throw fail(`the device is ${JSON.stringify(name)} already`)
      name = value
    } else if (name === '') name = field
    else throw fail(`unexpected field ${JSON.stringify(field)}`)
  }
}
