import {
  type AddedSource,
  type AddOptions,
  addSource,
  InvalidSource,
  isSurelyPath,
  takesChecksum,
} from './add-source.ts'
import { isMode, isOwnedByName, isPathOf, isPort, isSignal } from './command-checks.ts'
import { contentOf } from './content.ts'
import { DockerfileError } from './error.ts'
import { isUnknown, UNKNOWN } from './expansion/expand.ts'
import type { BuildScope } from './follow-build.ts'
import type {
  ArgInstruction,
  CopyInstruction,
  PairsInstruction,
  RunInstruction,
  WordsInstruction,
} from './instruction.ts'
import { InvalidMount, type Mount, parseMount } from './mount.ts'
import type { BoundCommand, StageState } from './stage-state.ts'
import type { Word } from './statement.ts'
import type { Place } from './types.ts'

/** Arguments that steer the build and are no variables of it. */
const noVariables: ReadonlySet<string> = new Set(['BUILDKIT_SBOM_SCAN_CONTEXT', 'BUILDKIT_SBOM_SCAN_STAGE'])

/** What a command does to a stage as far as sources go. Throws DockerfileError where BuildKit would refuse it. */
export function followCommand(state: StageState, bound: BoundCommand, scope: BuildScope): void {
  const { command } = bound
  switch (command.kind) {
    case 'arg':
      followArg(state, command, scope)
      break
    case 'env':
    case 'label':
      followPairs(state, command, scope)
      break
    case 'add':
    case 'copy':
      followCopy(state, command, bound.from[0], scope)
      break
    case 'run':
      followRun(state, command, bound.from, scope)
      break
    case 'onbuild':
    case 'other':
      break
    default:
      followWords(state, command, scope)
      break
  }
}

function followArg(state: StageState, { args }: ArgInstruction, scope: BuildScope): void {
  for (const { name, value: written, place } of args) {
    const given = scope.options.buildArgs.get(name)
    const value =
      given ??
      (written === undefined ? scope.globalArgs.lookup(name) : scope.expandWord(written, place, state.environment))
    if (value !== undefined && !noVariables.has(name)) state.environment.set(name, value)
  }
}

/** All of a line are expanded with the variables before it. */
function followPairs(state: StageState, { kind, pairs }: PairsInstruction, scope: BuildScope): void {
  const expanded = pairs.map(({ name, value }) => {
    const expandWord = ({ text, place }: Word): string => scope.expandWord(text, place, state.environment)
    return { name: expandWord(name), value: expandWord(value) }
  })
  if (kind === 'label') return
  for (const { name, value } of expanded) {
    state.environment.set(name, value)
    state.imageEnvironment.set(name, value)
  }
}

function followWords(state: StageState, { kind, words }: WordsInstruction, scope: BuildScope): void {
  for (const { text, place } of words) {
    if (kind === 'expose') {
      const wrong = scope.expandWords(text, place, state.environment).find(port => !isUnknown(port) && !isPort(port))
      if (wrong !== undefined) throw refuse(`${JSON.stringify(wrong)} is no port`, place)
      continue
    }
    const value = scope.expandWord(text, place, state.environment)
    if (kind === 'workdir') changeDirectory(state, value, place)
    if (isUnknown(value)) continue
    if (kind === 'stopsignal' && !isSignal(value)) throw refuse(`${JSON.stringify(value)} is no signal`, place)
    if (kind === 'volume' && value === '') throw refuse('a volume is empty', place)
  }
}

function changeDirectory(state: StageState, path: string, place: Place): void {
  if (isUnknown(path)) {
    state.workdir = undefined
    return
  }
  checkPath(state, path, place)
  const plain = state.platform?.os === 'windows' ? path.replaceAll('\\', '/').replace(/^[Cc]:/, '') : path
  if (plain.startsWith('/')) state.workdir = resolvePath('/', plain)
  else if (plain !== '' && state.workdir !== undefined) state.workdir = resolvePath(state.workdir, plain)
}

function followCopy(
  state: StageState,
  command: CopyInstruction,
  from: StageState | undefined,
  scope: BuildScope,
): void {
  const { kind, place, checksum: checksumWord } = command
  const expandWord = (text: string, at = place): string => scope.expandWord(text, at, state.environment)
  const chown = expandWord(command.chown)
  const chmod = expandWord(command.chmod)
  const checksum = checksumWord === undefined ? '' : expandWord(checksumWord.text, checksumWord.place)
  const sources = command.sources.map(word => ({ word, text: expandWord(word.text, word.place) }))
  const destination = expandWord(command.destination.text, command.destination.place)
  for (const { text, expand } of command.contents) {
    // the content of a heredoc is expanded with \ whatever the file's escape character is, and keeps its quotes
    if (expand) scope.expandWord(text, place, state.environment, { escapeCharacter: '\\', plainQuotes: true })
  }

  if (from !== undefined && !from.isDone) {
    throw refuse('--from names a stage that is defined further down', command.from?.place ?? place, 'invalid_reference')
  }
  if (!isUnknown(destination)) checkPath(state, destination, command.destination.place)
  if (chown !== '' && command.link && !isUnknown(chown) && isOwnedByName(chown)) {
    throw refuse('--chown with --link takes numbers only', place)
  }
  if (chmod !== '' && !isUnknown(chmod) && !isMode(chmod)) throw refuse(`${JSON.stringify(chmod)} is no mode`, place)
  // what is wholly unknown may be blank
  if (checksum.replaceAll(UNKNOWN, '') !== '' && sources.length !== 1)
    throw refuse('--checksum goes with one source', place)

  for (const { name } of command.contents) checkPath(state, name, place)

  let options: AddOptions = { checksum, keepGitDir: command.keepGitDir }
  let isOpen = false
  for (const { word, text } of sources) {
    if (isUnknown(text) || (isUnknown(checksum) && kind === 'add')) {
      // COPY takes paths only: whatever the variables say, it is one or the build is refused
      if (kind === 'copy' || isSurelyPath(text)) state.content.inputs.push(from?.content ?? scope.options.context)
      else {
        reportEnv(state, word, scope)
        isOpen = true
      }
      continue
    }
    let added: AddedSource | undefined
    try {
      if (checksum !== '' && !takesChecksum(text)) throw new InvalidSource('--checksum goes with a URL')
      added = addSource(text, options)
    } catch (error) {
      throw refuse(error instanceof Error ? error.message : String(error), word.place, 'invalid_source', error)
    }
    if (added === undefined) {
      checkPath(state, text, word.place)
      state.content.inputs.push(from?.content ?? scope.options.context)
      continue
    }
    if (kind === 'copy') throw refuse('COPY takes no URL and no git repository: use ADD', word.place, 'invalid_source')
    if (isOpen) {
      // what is not known of a word before it, a checksum perhaps, would hold for this one as well
      reportEnv(state, word, scope)
      continue
    }
    options = added.following
    const source = scope.options.withAdvice(added.source)
    state.content.inputs.push(contentOf({ source, role: 'add', place: word.place }))
  }
}

/** A word needs variables of an image whose configuration is not known. */
function reportEnv(state: StageState, { text, place }: Word, scope: BuildScope): void {
  scope.need(state, 'env', place)
  const whose = state.root === undefined ? 'that are not known before the build' : `of ${state.root.identifier}`
  scope.report({ kind: 'env', location: place, text, why: `it needs variables ${whose}` })
}

function followRun(state: StageState, command: RunInstruction, from: readonly StageState[], scope: BuildScope): void {
  const mounts = command.mounts.map(({ value }) => expandMount(state, value, scope))
  mounts.forEach((mount, index) => {
    const { value } = command.mounts[index] as RunInstruction['mounts'][number]
    const source = from[index] as StageState
    if ((mount.from !== '' || mount.type === 'cache') && !source.isDone) {
      throw refuse('the mount names a stage that is defined further down', value.place, 'invalid_reference')
    }
    if (mount.isOpen) reportEnv(state, value, scope)
    if (mount.type === 'ssh' && mount.source !== '') throw refuse('an ssh mount has no source', value.place)
    if (mount.type === 'secret') checkSecret(state, mount, value.place)
    if (mount.type === 'ssh' || mount.type === 'secret') return
    if (!isUnknown(mount.target) && mountTarget(state, mount.target) === '/') {
      throw refuse('a mount cannot be the root directory', value.place)
    }
    if (mount.type === 'tmpfs') return
    const isContext = mount.from === '' && mount.type === 'bind'
    state.content.inputs.push(isContext ? scope.options.context : source.content)
  })
  if (command.isEmpty) throw refuse('RUN has nothing to run', command.place)
}

function expandMount(state: StageState, { text, place }: Word, scope: BuildScope): Mount {
  try {
    return parseMount(text, word => scope.expandWord(word, place, state.environment))
  } catch (error) {
    if (error instanceof InvalidMount) throw refuse(`parsing --mount: ${error.message}`, place)
    throw error
  }
}

/** Windows has no place of its own for secrets. */
function checkSecret(state: StageState, { target, isVariable }: Mount, place: Place): void {
  if (state.platform?.os !== 'windows' || isUnknown(target)) return
  const path = target.replaceAll('\\', '/').replace(/^[Cc]:/, '')
  if (target === '' ? isVariable : path.startsWith('/') && isPathOf('windows', target)) return
  throw refuse('a secret needs an absolute target on Windows', place)
}

function mountTarget({ workdir }: StageState, target: string): string | undefined {
  // an absolute one is compared as it is written
  if (target.startsWith('/')) return target
  return workdir === undefined ? undefined : resolvePath(workdir, target)
}

/** Throws where the stage's operating system has no such path. */
export function checkPath(state: StageState, path: string, place: Place): void {
  if (!isPathOf(state.platform?.os ?? 'linux', path)) throw refuse(`${JSON.stringify(path)} is no path there`, place)
}

/** The path seen from a directory, without `.` and `..`. */
function resolvePath(directory: string, path: string): string {
  const parts: string[] = []
  for (const part of (path.startsWith('/') ? path : `${directory}/${path}`).split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${parts.join('/')}`
}

function refuse(
  message: string,
  location: Place,
  code: 'syntax_error' | 'invalid_source' | 'invalid_reference' = 'syntax_error',
  cause?: unknown,
): DockerfileError {
  return new DockerfileError(code, message, { location, cause })
}
