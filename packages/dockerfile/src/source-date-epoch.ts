import type { Source } from '@source-policy/core'
import { gitSource, parseGitRef } from '@source-policy/core/git-url'
import { addSource, InvalidSource } from './add-source.ts'
import type { BuildArgs } from './build-args.ts'
import { isInteger } from './characters.ts'
import { type Fetch, fetchesOf } from './content.ts'
import type { Stage } from './dockerfile.ts'
import type { Environment } from './environment.ts'
import { DockerfileError } from './error.ts'
import { UNKNOWN } from './expansion/expand.ts'
import type { BuildScope } from './follow-build.ts'
import type { CopyInstruction } from './instruction.ts'
import type { Place } from './types.ts'

const NAME = 'SOURCE_DATE_EPOCH'

/**
 * SOURCE_DATE_EPOCH may name where the time comes from: `context`, a named context or a stage with one remote ADD,
 * which the frontend then asks for its time whatever the target is. Returns what is fetched for it and the value that
 * the build sees: empty where there is none, `UNKNOWN` where a server says it. Undefined where it is not set.
 */
export function sourceDateEpoch(scope: BuildScope): { readonly fetches: Fetch[]; readonly value: string } | undefined {
  const { options, globalArgs } = scope
  const written = options.buildArgs.get(NAME) ?? (globalArgs.lookup(NAME) || undefined)
  if (written === undefined) return undefined
  if (written === '') return { fetches: [], value: '' }
  if (isInteger(written)) return { fetches: [], value: String(BigInt(written)) }
  if (written === 'context') return { fetches: fetchesOf(options.context), value: UNKNOWN }

  const context = options.contexts.find(written, options.buildPlatform)
  if (context !== undefined) {
    const { source } = context.load()
    if (source === undefined) return { fetches: [], value: '' }
    return { fetches: [{ source, role: 'epoch', namedContext: context.key }], value: UNKNOWN }
  }
  const stage = options.dockerfile.stages.find(({ from }) => from.name === written.toLowerCase())
  if (stage === undefined) {
    throw new DockerfileError('invalid_option', `${NAME} is ${JSON.stringify(written)}: no time, stage or context`)
  }
  return { fetches: [stageSource(stage, scope)], value: UNKNOWN }
}

/** The one source of a stage that holds nothing else. Throws `invalid_option`. */
function stageSource({ from, commands }: Stage, scope: BuildScope): Fetch {
  const fail = (problem: string, location: Place) =>
    new DockerfileError('invalid_option', `${NAME} names a stage that ${problem}`, { location })
  const environment = withoutEpoch(scope.globalArgs)
  if (scope.expandWord(from.base.text, from.base.place, environment) !== 'scratch') {
    throw fail('is not built from scratch', from.base.place)
  }
  let found: Fetch | undefined
  for (const command of commands) {
    if (command.kind === 'arg') {
      setArguments(command.args, scope, environment)
      continue
    }
    if (command.kind !== 'add') throw fail('holds more than ADD', command.place)
    if (found !== undefined) throw fail('holds more than one ADD', command.place)
    const source = addedSource(command, scope, environment)
    if (source === undefined) throw fail('adds no single URL or repository', command.place)
    found = { source, role: 'epoch', place: command.sources[0]?.place ?? command.place }
  }
  if (found === undefined) throw fail('holds no ADD', from.place)
  return found
}

function withoutEpoch(globalArgs: Environment): Environment {
  const environment = globalArgs.clone()
  environment.delete(NAME)
  return environment
}

function setArguments(
  args: readonly { readonly name: string; readonly value?: string; readonly place: Place }[],
  scope: BuildScope,
  environment: Environment,
): void {
  for (const { name, value, place } of args) {
    const given = scope.options.buildArgs.get(name)
    if (given !== undefined) environment.set(name, given)
    else if (value !== undefined) environment.set(name, scope.expandWord(value, place, environment))
  }
}

/** Like ADD itself, but what a git URL and the flags say need not agree. */
function addedSource(command: CopyInstruction, scope: BuildScope, environment: Environment): Source | undefined {
  const [word, ...others] = command.sources
  if (word === undefined || others.length > 0 || command.contents.length > 0) return undefined
  const text = scope.expandWord(word.text, word.place, environment)
  const written = command.checksum
  const checksum = written === undefined ? '' : scope.expandWord(written.text, written.place, environment)
  try {
    const git = parseGitRef(text)
    if (git === undefined) return addSource(text, { checksum, keepGitDir: undefined })?.source
    if (git.indistinguishableFromLocal) return undefined
    const keepGitDir = command.keepGitDir === true || git.keepGitDir === true
    const named = { ...git, keepGitDir, checksum: checksum || git.checksum, fetchByCommit: false }
    return scope.options.withAdvice({ kind: 'git', ...gitSource(named, 'add') })
  } catch (error) {
    if (!(error instanceof InvalidSource) && !(error instanceof Error && 'code' in error)) throw error
    throw new DockerfileError('invalid_source', error.message, { location: word.place, cause: error })
  }
}

/** Build arguments in which the name of a source has given way to its time. */
export function withEpoch(buildArgs: BuildArgs, value: string): BuildArgs {
  if (!buildArgs.has(NAME)) return buildArgs
  const changed = new Map(buildArgs)
  if (value === '') changed.delete(NAME)
  else changed.set(NAME, value)
  return changed
}

/** Likewise in the global arguments. */
export function setEpoch(globalArgs: Environment, value: string): void {
  if (!globalArgs.has(NAME)) return
  if (value === '') globalArgs.delete(NAME)
  else globalArgs.set(NAME, value)
}
