import { byteLength, lowerCase, trimStart, wellFormed } from './characters.ts'
import { type Directive, DuplicateDirective, directiveReader, withoutMark } from './directives.ts'
import { DockerfileError, expansionError, syntaxError } from './error.ts'
import { ExpansionError } from './expansion/expansion-error.ts'
import { type HeredocMark, heredocMarks } from './heredoc.ts'
import { MAX_DOCKERFILE_CHARS, MAX_LINE_BYTES } from './limits.ts'
import { type LogicalLine, logicalLineBuilder } from './logical-line.ts'
import { type Heredoc, parseStatement, type Statement } from './statement.ts'
import type { Place } from './types.ts'

export interface Statements {
  readonly statements: readonly Statement[]
  /** `\`, or what `# escape=` says. */
  readonly escapeCharacter: string
}

const heredocInstructions: ReadonlySet<string> = new Set(['add', 'copy', 'run'])

export interface ReadOptions {
  readonly file: string
  /** Where all of it stands: the FROM that triggers it. */
  readonly place?: Place
  /** False: lines of heredocs are instructions, as before docker/dockerfile 1.4. */
  readonly heredocs?: boolean
}

/** The instructions of a Dockerfile in order, each taken apart. Throws `syntax_error` or `limit_exceeded`. */
export function readStatements(text: string, options: ReadOptions): Statements {
  const { file } = options
  const placeOf = (line: number, column = 1): Place => options.place ?? { file, line, column }
  if (text.length > MAX_DOCKERFILE_CHARS) {
    throw new DockerfileError('limit_exceeded', `reading ${file}: more than ${MAX_DOCKERFILE_CHARS} characters`)
  }

  const lines = splitLines(wellFormed(withoutMark(text)))
  lines.forEach((line, index) => {
    if (line.length * 3 > MAX_LINE_BYTES && byteLength(line.replace(/\n$/, '')) > MAX_LINE_BYTES) {
      throw new DockerfileError('limit_exceeded', `reading ${file}: the line is longer than ${MAX_LINE_BYTES} bytes`, {
        location: placeOf(index + 1),
      })
    }
  })

  const readDirective = directiveReader('#')
  const statements: Statement[] = []
  let escapeCharacter = '\\'
  let next = 0

  const applyDirective = (line: string, number: number): void => {
    let directive: Directive | undefined
    try {
      directive = readDirective(line)
    } catch (error) {
      if (error instanceof DuplicateDirective) throw syntaxError(placeOf(number), error.message)
      throw error
    }
    if (directive?.name !== 'escape') return
    if (directive.value !== '`' && directive.value !== '\\') {
      throw syntaxError(
        placeOf(number),
        `the escape character is ${JSON.stringify(directive.value)}, expected \\ or \``,
      )
    }
    escapeCharacter = directive.value
  }

  const readHeredoc = (mark: HeredocMark, line: LogicalLine): Heredoc => {
    let content = ''
    while (next < lines.length) {
      const raw = lines[next++] ?? ''
      const bare = withoutNewline(raw)
      if ((mark.chomp ? bare.replace(/^\t+/, '') : bare) === mark.name) return { ...mark, content }
      content += raw
    }
    throw syntaxError(placeOf(line.firstLine), `the heredoc ${JSON.stringify(mark.name)} is not terminated`)
  }

  while (next < lines.length) {
    const raw = withoutNewline(lines[next++] ?? '')
    const firstLine = next
    const first = trimStart(raw)
    applyDirective(first, firstLine)
    if (first.startsWith('#')) continue
    let part = withoutContinuation(first, escapeCharacter)
    if (!part.continues && part.text === '') continue

    const builder = logicalLineBuilder(file)
    builder.append(part.text, firstLine, raw.length - first.length + 1)
    while (part.continues && next < lines.length) {
      const following = withoutNewline(lines[next++] ?? '')
      const content = trimStart(following)
      // comments and empty lines may stand between the parts of an instruction
      if (content === '' || content.startsWith('#')) continue
      part = withoutContinuation(following, escapeCharacter)
      builder.append(part.text, next, 1)
    }

    const line = builder.build(firstLine, next)
    const located = options.place === undefined ? line : { ...line, placeAt: () => placeOf(firstLine) }
    const statement = parseStatement(located, escapeCharacter)
    const mayHold = options.heredocs !== false && mayHoldHeredocs(statement)
    const heredocs = mayHold ? marksOf(located).map(mark => readHeredoc(mark, located)) : []
    statements.push(heredocs.length === 0 ? statement : { ...statement, heredocs })
  }

  if (statements.length === 0) throw syntaxError(placeOf(1), `reading ${file}: it holds no instructions`)
  return { statements, escapeCharacter }
}

function marksOf(line: LogicalLine): HeredocMark[] {
  try {
    return heredocMarks(line.text)
  } catch (error) {
    if (error instanceof ExpansionError) throw expansionError(error, line.placeAt(0))
    throw error
  }
}

function mayHoldHeredocs(statement: Statement): boolean {
  const { name, json } = lowerCase(statement.name) === 'onbuild' ? (statement.trigger ?? statement) : statement
  return heredocInstructions.has(lowerCase(name)) && !json
}

/** With their newlines; no line after the last newline. */
function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? []
}

function withoutNewline(line: string): string {
  return line.replace(/[\r\n]+$/, '')
}

/** An escape character at the end, spaces after it aside, joins the next line; two of them are a character of the line. */
function withoutContinuation(
  line: string,
  escapeCharacter: string,
): { readonly text: string; readonly continues: boolean } {
  let end = line.length
  while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end--
  const continues = line[end - 1] === escapeCharacter && line[end - 2] !== escapeCharacter
  return continues ? { text: line.slice(0, end - 1), continues } : { text: line, continues }
}
