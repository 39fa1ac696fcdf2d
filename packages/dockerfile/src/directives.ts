import { lowerCase, trimStart } from './characters.ts'

/** `# escape=...` and its like, which stand before everything else. */
export type DirectiveName = 'syntax' | 'escape' | 'check'

export interface Directive {
  readonly name: DirectiveName
  readonly value: string
  /** From 1. */
  readonly line: number
  readonly column: number
}

const names: ReadonlySet<string> = new Set<DirectiveName>(['syntax', 'escape', 'check'])
const grammar = /^([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*([^\n]+?)[\t\n\f\r ]*$/

export class DuplicateDirective extends Error {
  readonly directive: string

  constructor(directive: string) {
    super(`only one ${directive} directive can be used`)
    this.directive = directive
  }
}

/**
 * Reads directives line by line, until the first line that is none.
 *
 * @see https://docs.docker.com/reference/dockerfile/#parser-directives
 */
export function directiveReader(comment: '#' | '//', firstLine = 1): (line: string) => Directive | undefined {
  const seen = new Set<string>()
  let done = false
  let lineNumber = firstLine - 1
  return line => {
    lineNumber++
    if (done) return undefined
    const match = line.startsWith(comment) ? grammar.exec(trimStart(line.slice(comment.length))) : null
    const name = lowerCase(match?.[1] ?? '')
    if (match === null || !names.has(name)) {
      done = true
      return undefined
    }
    if (seen.has(name)) throw new DuplicateDirective(name)
    seen.add(name)
    const value = match[2] ?? ''
    return { name: name as DirectiveName, value, line: lineNumber, column: line.lastIndexOf(value) + 1 }
  }
}

/** The frontend that a file asks for. */
export interface Syntax {
  /** The image reference, as written. */
  readonly ref: string
  readonly line: number
  readonly column: number
}

/**
 * The frontend that a file of any format names: `# syntax=`, `// syntax=` or a JSON object with a member `syntax`;
 * a first line `#!` is skipped. Never throws.
 */
export function detectSyntax(text: string): Syntax | undefined {
  const lines = withoutMark(text).split('\n')
  const firstLine = lines[0]?.startsWith('#!') ? 2 : 1
  const body = lines.slice(firstLine - 1)
  return directiveOf('syntax', body, '#', firstLine) ?? directiveOf('syntax', body, '//', firstLine) ?? ofJSON(body)
}

/** The value of `# check=`, which the frontend reads apart from the rest. Never throws. */
export function detectCheck(text: string): Directive | undefined {
  const lines = withoutMark(text).split('\n')
  const firstLine = lines[0]?.startsWith('#!') ? 2 : 1
  return findDirective('check', lines.slice(firstLine - 1), '#', firstLine)
}

export function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text
}

function directiveOf(name: DirectiveName, lines: string[], comment: '#' | '//', firstLine: number): Syntax | undefined {
  const found = findDirective(name, lines, comment, firstLine)
  return found && { ref: found.value.split(' ', 1)[0] ?? '', line: found.line, column: found.column }
}

function findDirective(
  name: DirectiveName,
  lines: string[],
  comment: '#' | '//',
  firstLine: number,
): Directive | undefined {
  const read = directiveReader(comment, firstLine)
  try {
    for (const line of lines) {
      const directive = read(line.endsWith('\r') ? line.slice(0, -1) : line)
      if (directive === undefined) return undefined
      if (directive.name === name) return directive
    }
  } catch {
    // a directive that stands twice ends the search here, and is refused when the file is parsed
  }
  return undefined
}

function ofJSON(lines: string[]): Syntax | undefined {
  const text = lines.join('\n')
  if (!/^[\t\n\r ]*\{/.test(text)) return undefined
  try {
    const document: unknown = JSON.parse(text)
    const ref = typeof document === 'object' && document !== null ? Object.entries(document).find(isSyntax)?.[1] : null
    return typeof ref === 'string' ? { ref, line: 1, column: 1 } : undefined
  } catch {
    // not JSON: no syntax named this way
    return undefined
  }
}

const isSyntax = ([name]: [string, unknown]): boolean => name === 'syntax'
