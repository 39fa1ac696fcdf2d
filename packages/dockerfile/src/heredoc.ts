import { expand } from './expansion/expand.ts'
import { ExpansionError } from './expansion/expansion-error.ts'

/** A heredoc as its mark announces it: `<<-"EOF"`. */
export interface HeredocMark {
  readonly name: string
  readonly chomp: boolean
  readonly expand: boolean
}

const mark = /^([0-9]*)<<(-?)[\t\n\f\r ]*([^<]*)$/
const unset = (): undefined => undefined

/** The heredoc that a word announces; undefined where it announces none. Throws ExpansionError where its name is malformed. */
export function parseHeredocMark(word: string): HeredocMark | undefined {
  const [, , dash, rest] = mark.exec(word) ?? []
  if (rest === undefined || rest === '') return undefined
  const options = { escapeCharacter: '\\', keepUnset: true, words: true }
  const { words } = expand(rest, unset, options)
  const [name] = words
  if (name === undefined || words.length !== 1) return undefined
  const raw = expand(rest, unset, { ...options, rawQuotes: true }).words
  if (raw.length !== 1) throw new ExpansionError(`the name of a heredoc is malformed: ${JSON.stringify(rest)}`)
  return { name, chomp: dash === '-', expand: countQuotes(name) === countQuotes(raw[0] ?? '') }
}

/** Whether a word announces a heredoc; one that is malformed does not. Throws ExpansionError beyond a limit. */
export function isHeredocMark(word: string): boolean {
  try {
    return parseHeredocMark(word) !== undefined
  } catch (error) {
    refuseLimit(error)
    // BuildKit takes it for a path then
    return false
  }
}

/** The heredocs that a line announces, in order. Throws ExpansionError. */
export function heredocMarks(line: string): HeredocMark[] {
  if (!line.includes('<<')) return []
  let words: readonly string[]
  try {
    words = expand(line, unset, {
      escapeCharacter: '\\',
      rawQuotes: true,
      rawEscapes: true,
      keepUnset: true,
      words: true,
    }).words
  } catch (error) {
    refuseLimit(error)
    // a line whose quotes do not match announces none
    return []
  }
  return words.flatMap(word => parseHeredocMark(word) ?? [])
}

function countQuotes(text: string): number {
  return text.replace(/[^'"]/g, '').length
}

/** Hostile: a line too deep for us may well announce a heredoc to BuildKit, and hide what follows. */
function refuseLimit(error: unknown): void {
  if (error instanceof ExpansionError && error.reason === 'limit') throw error
}
