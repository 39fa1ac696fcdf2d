import { lowerCase, trim } from './characters.ts'
import { checkDevice } from './device.ts'
import { expansionError, syntaxError } from './error.ts'
import { ExpansionError } from './expansion/expansion-error.ts'
import { type FlagKind, parseFlags } from './flags.ts'
import { checkHealthcheck } from './healthcheck.ts'
import { isHeredocMark, parseHeredocMark } from './heredoc.ts'
import { InvalidMount, mountFrom } from './mount.ts'
import type { Statement, Word } from './statement.ts'
import type { Place } from './types.ts'

export interface Pair {
  readonly name: Word
  readonly value: Word
}

export interface FromInstruction {
  readonly kind: 'from'
  readonly place: Place
  readonly base: Word
  /** Lower case. */
  readonly name?: string
  readonly platform?: Word
}

export interface ArgInstruction {
  readonly kind: 'arg'
  readonly place: Place
  readonly args: readonly { readonly name: string; readonly value?: string; readonly place: Place }[]
}

/** ADD or COPY. */
export interface CopyInstruction {
  readonly kind: 'add' | 'copy'
  readonly place: Place
  readonly sources: readonly Word[]
  /** Files that heredocs hold. */
  readonly contents: readonly { readonly name: string; readonly text: string; readonly expand: boolean }[]
  readonly destination: Word
  readonly chown: string
  readonly chmod: string
  readonly link: boolean
  readonly from?: Word
  readonly checksum?: Word
  readonly keepGitDir?: boolean
}

export interface RunInstruction {
  readonly kind: 'run'
  readonly place: Place
  /** Each `--mount`, and the stage or image that it comes from, as written. */
  readonly mounts: readonly { readonly value: Word; readonly from: string }[]
  /** Whether there is nothing to run: `RUN []`. */
  readonly isEmpty: boolean
}

export interface PairsInstruction {
  readonly kind: 'env' | 'label'
  readonly place: Place
  readonly pairs: readonly Pair[]
}

/** An instruction that names no source, whose words are expanded all the same. */
export interface WordsInstruction {
  readonly kind: 'workdir' | 'user' | 'volume' | 'stopsignal' | 'expose'
  readonly place: Place
  readonly words: readonly Word[]
}

export interface OnbuildInstruction {
  readonly kind: 'onbuild'
  readonly place: Place
  /** The instruction for stages that build on this one. */
  readonly trigger: string
}

/** An instruction that does nothing to sources. */
export interface OtherInstruction {
  readonly kind: 'other'
  readonly place: Place
}

/** What stands in a stage. */
export type Command =
  | ArgInstruction
  | CopyInstruction
  | RunInstruction
  | PairsInstruction
  | WordsInstruction
  | OnbuildInstruction
  | OtherInstruction

export type Instruction = FromInstruction | Command

type Parse = (statement: Statement) => Instruction

const copyFlags: Readonly<Record<'add' | 'copy', Readonly<Record<string, FlagKind>>>> = {
  add: {
    chown: 'text',
    chmod: 'text',
    link: 'boolean',
    'keep-git-dir': 'boolean',
    checksum: 'text',
    unpack: 'boolean',
    exclude: 'texts',
  },
  copy: { chown: 'text', from: 'text', chmod: 'text', link: 'boolean', exclude: 'texts', parents: 'boolean' },
}

const parsers: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ['add', statement => parseCopy('add', statement)],
  ['arg', parseArg],
  ['cmd', parseOther],
  ['copy', statement => parseCopy('copy', statement)],
  ['entrypoint', parseOther],
  ['env', statement => parsePairs('env', statement)],
  ['expose', statement => parseWords('expose', statement, 1)],
  ['from', parseFrom],
  ['healthcheck', parseHealthcheck],
  ['label', statement => parsePairs('label', statement)],
  ['maintainer', parseMaintainer],
  ['onbuild', parseOnbuild],
  ['run', parseRun],
  ['shell', parseShell],
  ['stopsignal', parseStopsignal],
  ['user', statement => parseWords('user', statement, 1, 1)],
  ['volume', parseVolume],
  ['workdir', statement => parseWords('workdir', statement, 1, 1)],
])

/** Whether all statements are called like instructions. */
export function areInstructions(statements: readonly Statement[]): boolean {
  return statements.every(({ name }) => parsers.has(lowerCase(name)))
}

/** The meaning of a statement. Throws `syntax_error` where it is no instruction or lacks what it needs. */
export function parseInstruction(statement: Statement): Instruction {
  const parse = parsers.get(lowerCase(statement.name))
  if (parse === undefined) throw syntaxError(statement.place, `unknown instruction ${JSON.stringify(statement.name)}`)
  try {
    return parse(statement)
  } catch (error) {
    if (error instanceof ExpansionError) throw expansionError(error, statement.place)
    throw error
  }
}

/** "A name starts with a letter": the names that a stage can have. */
const stageName = /^[a-z][a-z0-9\-_.]*$/

function parseFrom(statement: Statement): FromInstruction {
  const [base, as, name] = statement.args
  const named = statement.args.length === 3 && /^as$/iu.test(as?.text ?? '')
  if (base === undefined || (!named && statement.args.length !== 1)) {
    throw syntaxError(statement.place, 'parsing FROM: expected an image, perhaps followed by AS and a name')
  }
  const lowerName = named ? lowerCase(name?.text ?? '') : undefined
  if (lowerName !== undefined && !stageName.test(lowerName)) {
    throw syntaxError(name?.place ?? statement.place, `${JSON.stringify(name?.text)} cannot be the name of a stage`)
  }
  const platform = parseFlags(statement, { platform: 'text' }).text('platform')
  return {
    kind: 'from',
    place: statement.place,
    base,
    ...(lowerName === undefined ? {} : { name: lowerName }),
    ...(platform === undefined || platform.text === '' ? {} : { platform }),
  }
}

/** Flags of ARG are taken off and never looked at. */
function parseArg(statement: Statement): ArgInstruction {
  expectArguments(statement, 1)
  const args = statement.args.map(({ text, place }) => {
    const equals = text.indexOf('=')
    if (equals === 0) throw syntaxError(place, 'parsing ARG: a name is blank')
    return equals === -1 ? { name: text, place } : { name: text.slice(0, equals), value: text.slice(equals + 1), place }
  })
  return { kind: 'arg', place: statement.place, args }
}

function parseCopy(kind: 'add' | 'copy', statement: Statement): CopyInstruction {
  expectArguments(statement, 2)
  const flags = parseFlags(statement, copyFlags[kind])
  const destination = statement.args.at(-1) as Word
  if (isHeredocMark(destination.text)) throw syntaxError(destination.place, 'a heredoc cannot be the destination')
  const sources: Word[] = []
  const contents: { name: string; text: string; expand: boolean }[] = []
  for (const word of statement.args.slice(0, -1)) {
    if (!isHeredocMark(word.text)) {
      sources.push(word)
      continue
    }
    const mark = parseHeredocMark(word.text)
    // the last of that name: BuildKit looks the contents up by name
    const heredoc = statement.heredocs.findLast(({ name }) => name === mark?.name)
    contents.push({ name: mark?.name ?? '', text: heredoc?.content ?? '', expand: mark?.expand ?? false })
  }
  const from = flags.text('from')
  const checksum = flags.text('checksum')
  const keepGitDir = flags.boolean('keep-git-dir')
  return {
    kind,
    place: statement.place,
    sources,
    contents,
    destination,
    chown: flags.text('chown')?.text ?? '',
    chmod: flags.text('chmod')?.text ?? '',
    link: flags.boolean('link') ?? false,
    ...(from === undefined || from.text === '' ? {} : { from }),
    ...(checksum === undefined || checksum.text === '' ? {} : { checksum }),
    ...(keepGitDir === undefined ? {} : { keepGitDir }),
  }
}

const networks: ReadonlySet<string> = new Set(['default', 'none', 'host'])
const securities: ReadonlySet<string> = new Set(['insecure', 'sandbox'])

function parseRun(statement: Statement): RunInstruction {
  const flags = parseFlags(statement, { mount: 'texts', network: 'text', security: 'text', device: 'texts' })
  const mounts = flags.texts('mount').map(value => {
    try {
      return { value, from: mountFrom(value.text) }
    } catch (error) {
      if (error instanceof InvalidMount) throw syntaxError(value.place, `parsing --mount: ${error.message}`)
      throw error
    }
  })
  expectOneOf(flags.text('network'), networks)
  expectOneOf(flags.text('security'), securities)
  for (const device of flags.texts('device')) checkDevice(device)
  return { kind: 'run', place: statement.place, mounts, isEmpty: statement.json && statement.args.length === 0 }
}

function parsePairs(kind: 'env' | 'label', statement: Statement): PairsInstruction {
  parseFlags(statement)
  expectArguments(statement, 1)
  const pairs: Pair[] = []
  for (let index = 0; index + 1 < statement.args.length; index += 3) {
    const [name, value] = statement.args.slice(index, index + 2) as [Word, Word]
    if (name.text === '') throw syntaxError(name.place, `parsing ${kind.toUpperCase()}: a name is blank`)
    pairs.push({ name, value })
  }
  return { kind, place: statement.place, pairs }
}

function parseWords(
  kind: WordsInstruction['kind'],
  statement: Statement,
  least: number,
  most?: number,
): WordsInstruction {
  expectArguments(statement, least, most)
  parseFlags(statement)
  return { kind, place: statement.place, words: statement.args }
}

function parseVolume(statement: Statement): WordsInstruction {
  const parsed = parseWords('volume', statement, 1)
  const words = parsed.words.map(({ text, place }) => {
    if (trim(text) === '') throw syntaxError(place, 'parsing VOLUME: a path is empty')
    return { text: trim(text), place }
  })
  return { ...parsed, words }
}

/** Flags of STOPSIGNAL are taken off and never looked at. */
function parseStopsignal(statement: Statement): WordsInstruction {
  expectArguments(statement, 1, 1)
  return { kind: 'stopsignal', place: statement.place, words: statement.args }
}

function parseMaintainer(statement: Statement): OtherInstruction {
  expectArguments(statement, 1, 1)
  return parseOther(statement)
}

function parseOther(statement: Statement): OtherInstruction {
  parseFlags(statement)
  return { kind: 'other', place: statement.place }
}

function parseShell(statement: Statement): OtherInstruction {
  expectArguments(statement, 1)
  if (!statement.json) throw syntaxError(statement.place, 'parsing SHELL: expected a JSON array of strings')
  return parseOther(statement)
}

function parseHealthcheck(statement: Statement): OtherInstruction {
  checkHealthcheck(statement)
  return { kind: 'other', place: statement.place }
}

function parseOnbuild(statement: Statement): OnbuildInstruction {
  expectArguments(statement, 1)
  parseFlags(statement)
  const [{ text: name, place }] = statement.args as [Word]
  if (['ONBUILD', 'MAINTAINER', 'FROM'].includes(name.toUpperCase())) {
    throw syntaxError(place, `${name.toUpperCase()} cannot be a trigger of ONBUILD`)
  }
  const lines = statement.heredocs.map(heredoc => `\n${heredoc.content}${heredoc.name}`)
  return {
    kind: 'onbuild',
    place: statement.place,
    trigger: statement.line.text.replace(/^[\t\n\f\r ]*ONBUILD[\t\n\f\r ]*/i, '') + lines.join(''),
  }
}

function expectArguments(statement: Statement, least: number, most = Number.POSITIVE_INFINITY): void {
  const count = statement.args.length
  if (count >= least && count <= most) return
  const expected = least === most ? `exactly ${least}` : `at least ${least}`
  throw syntaxError(statement.place, `parsing ${statement.name.toUpperCase()}: ${expected} arguments, got ${count}`)
}

function expectOneOf(word: Word | undefined, values: ReadonlySet<string>): void {
  if (word === undefined || values.has(word.text)) return
  throw syntaxError(word.place, `expected one of ${[...values].join(', ')}, got ${JSON.stringify(word.text)}`)
}
