import { detectCheck, detectSyntax, type Syntax, withoutMark } from './directives.ts'
import { DockerfileError, syntaxError } from './error.ts'
import { isStandardFrontend } from './frontend.ts'
import {
  type ArgInstruction,
  areInstructions,
  type Command,
  type FromInstruction,
  parseInstruction,
} from './instruction.ts'
import { MAX_STAGES } from './limits.ts'
import { readStatements } from './read-statements.ts'
import type { Word } from './statement.ts'

export interface Stage {
  readonly from: FromInstruction
  readonly commands: readonly Command[]
}

/** A parsed Dockerfile. */
export interface Dockerfile {
  readonly file: string
  /** The frontend that the file asks for. */
  readonly syntax?: Syntax
  /** Options of `# check=`. */
  readonly check?: Word
  /** `\`, or what `# escape=` says. */
  readonly escapeCharacter: string
  /** ARG before the first FROM. */
  readonly globalArgs: readonly ArgInstruction[]
  readonly stages: readonly Stage[]
  /** Without heredocs, which docker/dockerfile has since 1.4, it is a Dockerfile as well: another one. */
  readonly hasOlderReading?: true
  /** Why it is no Dockerfile, where a foreign frontend is to read it. */
  readonly problem?: DockerfileError
}

export interface ParseOptions {
  /** Its name in errors and places. */
  readonly file: string
  /** The frontend that the build asks for in place of the file's (the build argument BUILDKIT_SYNTAX). */
  readonly syntax?: string
}

/**
 * The stages of a Dockerfile with the place of each word. Throws DockerfileError (`syntax_error`, `limit_exceeded`) where
 * BuildKit would refuse the file, unless a frontend other than docker/dockerfile is to read it.
 *
 * @see https://docs.docker.com/reference/dockerfile/
 */
export function parseDockerfile(text: string, { file, syntax: asked }: ParseOptions): Dockerfile {
  const syntax = detectSyntax(text)
  const check = detectCheck(text)
  const withSyntax = {
    ...(syntax === undefined ? {} : { syntax }),
    ...(check && { check: { text: check.value, place: { file, line: check.line, column: check.column } } }),
  }
  const frontend = asked ?? syntax?.ref
  try {
    return { file, ...withSyntax, ...parseStages(text, file) }
  } catch (problem) {
    const isForeign = frontend !== undefined && !isStandardFrontend(frontend)
    if (!isForeign || !(problem instanceof DockerfileError)) throw problem
    return { file, ...withSyntax, escapeCharacter: '\\', globalArgs: [], stages: [], problem }
  }
}

function parseStages(
  text: string,
  file: string,
): Pick<Dockerfile, 'escapeCharacter' | 'globalArgs' | 'stages' | 'hasOlderReading'> {
  if (withoutMark(text) === '') throw syntaxError({ file, line: 1, column: 1 }, 'the file is empty')
  const { statements, escapeCharacter } = readStatements(text, { file })
  const globalArgs: ArgInstruction[] = []
  const stages: { from: FromInstruction; commands: Command[] }[] = []
  for (const statement of statements) {
    const instruction = parseInstruction(statement)
    const stage = stages.at(-1)
    if (instruction.kind === 'from') stages.push({ from: instruction, commands: [] })
    else if (stage !== undefined) stage.commands.push(instruction)
    else if (instruction.kind === 'arg') globalArgs.push(instruction)
    else throw syntaxError(statement.place, `${statement.name.toUpperCase()} stands before the first FROM`)
    if (stages.length > MAX_STAGES) {
      throw new DockerfileError('limit_exceeded', `more than ${MAX_STAGES} stages`, { location: statement.place })
    }
  }
  if (stages.length === 0) throw syntaxError({ file, line: 1, column: 1 }, 'the file has no stage: FROM is missing')
  const isOlder = statements.some(({ heredocs }) => heredocs.length > 0) && hasOlderReading(text, file)
  return { escapeCharacter, globalArgs, stages, ...(isOlder && { hasOlderReading: true }) }
}

/** That of nearly no file: what ends a heredoc is no instruction, unless somebody wants it to be one. */
function hasOlderReading(text: string, file: string): boolean {
  try {
    return areInstructions(readStatements(text, { file, heredocs: false }).statements)
  } catch (error) {
    if (error instanceof DockerfileError) return false
    throw error
  }
}
