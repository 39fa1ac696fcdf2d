import type { Platform, Source } from '@source-policy/core'
import { formatReference, parsePlatform, parseReference, tagNameOnly } from '@source-policy/oci'
import { type BuildArgs, globalArgs } from './build-args.ts'
import { type Content, contentOf, type Fetch, fetchesOf } from './content.ts'
import type { Dockerfile } from './dockerfile.ts'
import { createEnvironment, type Environment, splitVariable } from './environment.ts'
import { DockerfileError, expansionError } from './error.ts'
import type { Budget } from './expansion/budget.ts'
import { type ExpandOptions, expand } from './expansion/expand.ts'
import { ExpansionError } from './expansion/expansion-error.ts'
import { checkPath, followCommand } from './follow-command.ts'
import { MAX_COPIED_VARIABLES, MAX_TRIGGER_DEPTH } from './limits.ts'
import type { NamedContext, NamedContexts } from './named-context.ts'
import { setEpoch, sourceDateEpoch, withEpoch } from './source-date-epoch.ts'
import {
  bindCommands,
  createStageGraph,
  parseTrigger,
  reachableFrom,
  refuseCycles,
  type StageGraph,
} from './stage-graph.ts'
import { createStageState, type StageState } from './stage-state.ts'
import type { BaseConfig, ConfigNeed, Place, Undetermined } from './types.ts'

/** What every platform of a build has in common. */
export interface BuildOptions {
  readonly dockerfile: Dockerfile
  readonly buildArgs: BuildArgs
  readonly target: string
  readonly buildPlatform: Platform
  readonly contexts: NamedContexts
  /** The main context. */
  readonly context: Content
  readonly withAdvice: (source: Source) => Source
  readonly baseConfig: (source: Source) => BaseConfig | undefined
  readonly budget: Budget
}

/** What the commands of a stage need of the build around them. */
export interface BuildScope {
  readonly options: BuildOptions
  readonly globalArgs: Environment
  expandWord(text: string, place: Place, environment: Environment, options?: Partial<ExpandOptions>): string
  expandWords(text: string, place: Place, environment: Environment): readonly string[]
  report(undetermined: Undetermined): void
  /** Counts variables that a stage copies. Throws `limit_exceeded`. */
  spendVariables(count: number, place: Place): void
  need(state: StageState, why: ConfigNeed['why'], place: Place): void
}

/** What a build for one platform fetches. */
export interface FollowedBuild {
  readonly fetches: readonly Fetch[]
  readonly needs: readonly ConfigNeed[]
  readonly undetermined: readonly Undetermined[]
}

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * Follows a build for one platform as BuildKit's frontend does, without building anything. `requested` is absent where
 * no platform was asked for. Throws DockerfileError where the frontend would refuse to build.
 */
export function followBuild(options: BuildOptions, requested: Platform | undefined): FollowedBuild {
  const { dockerfile } = options
  const targetPlatform = requested ?? options.buildPlatform
  const needs: ConfigNeed[] = []
  const undetermined: Undetermined[] = []
  const metadata: Fetch[] = []
  const initialScope = createScope(options, targetPlatform, { needs, undetermined })
  const epoch = sourceDateEpoch(initialScope)
  if (epoch !== undefined) setEpoch(initialScope.globalArgs, epoch.value)
  const scope: BuildScope =
    epoch === undefined
      ? initialScope
      : { ...initialScope, options: { ...options, buildArgs: withEpoch(options.buildArgs, epoch.value) } }

  const graph = createStageGraph({ escapeCharacter: dockerfile.escapeCharacter })
  for (const stage of dockerfile.stages) graph.add(stageState(stage.from, scope, targetPlatform))
  for (const state of graph.states) if (state.replacement !== undefined) delete state.base

  const target = options.target === '' ? graph.states.at(-1) : graph.find(options.target)
  if (target === undefined) {
    throw new DockerfileError('invalid_reference', `there is no target stage ${JSON.stringify(options.target)}`)
  }
  const states = [...graph.states]
  dockerfile.stages.forEach(({ commands }, index) => {
    const state = states[index]
    if (state !== undefined) state.commands = bindCommands(graph, state, commands)
  })
  refuseCycles(graph.states)

  const reachable = resolveReachable(graph, target, { scope, targetPlatform, metadata })
  for (const state of graph.states) {
    if (!reachable.has(state) || state.isDone) continue
    followStage(state, scope, targetPlatform)
  }
  return { fetches: [...(epoch?.fetches ?? []), ...metadata, ...fetchesOf(target.content)], needs, undetermined }
}

function createScope(
  options: BuildOptions,
  targetPlatform: Platform,
  lists: { readonly needs: ConfigNeed[]; readonly undetermined: Undetermined[] },
): BuildScope {
  const { dockerfile, buildArgs, buildPlatform } = options
  let copiedVariables = 0
  const run = (text: string, place: Place, environment: Environment, expandOptions: Partial<ExpandOptions> = {}) => {
    try {
      const expansion = expand(text, environment.lookup, {
        escapeCharacter: dockerfile.escapeCharacter,
        budget: options.budget,
        ...expandOptions,
      })
      return expansion
    } catch (error) {
      if (error instanceof ExpansionError) throw expansionError(error, place)
      throw error
    }
  }
  const expandWord: BuildScope['expandWord'] = (...args) => run(...args).text
  return {
    options,
    globalArgs: globalArgs({
      declared: dockerfile.globalArgs,
      buildArgs,
      buildPlatform,
      targetPlatform,
      targetStage: options.target === '' ? (dockerfile.stages.at(-1)?.from.name ?? '') : options.target,
      expandWord,
    }),
    expandWord,
    expandWords: (text, place, environment) => run(text, place, environment, { words: true }).words,
    spendVariables(count, location) {
      copiedVariables += count
      if (copiedVariables <= MAX_COPIED_VARIABLES) return
      throw new DockerfileError('limit_exceeded', `stages copy more than ${MAX_COPIED_VARIABLES} variables`, {
        location,
      })
    },
    report: entry => void lists.undetermined.push(entry),
    need(state, why, place) {
      if (state.root !== undefined) lists.needs.push({ source: state.root, why, locations: [place] })
    },
  }
}

function stageState(
  from: Dockerfile['stages'][number]['from'],
  scope: BuildScope,
  targetPlatform: Platform,
): StageState {
  const fail = (message: string, location: Place, cause?: unknown) =>
    new DockerfileError('invalid_reference', message, { location, cause })
  const baseName = scope.expandWord(from.base.text, from.base.place, scope.globalArgs)
  if (baseName === '') throw fail(`${JSON.stringify(from.base.text)} names no image: it is blank`, from.base.place)

  let platform: Platform | undefined
  if (from.platform !== undefined) {
    const { text, place } = from.platform
    const specifier = scope.expandWord(text, place, scope.globalArgs)
    if (specifier === '') throw fail(`the platform ${JSON.stringify(text)} is empty`, place)
    try {
      platform = parsePlatform(specifier, { host: scope.options.buildPlatform })
    } catch (cause) {
      throw fail(`${JSON.stringify(specifier)} is no platform`, place, cause)
    }
  }
  const replacement = findContext(scope, from.name ?? '', platform ?? targetPlatform, from.place)
  return createStageState({
    name: from.name ?? '',
    place: from.base.place,
    role: 'base',
    isImage: false,
    baseName,
    ...(platform === undefined ? {} : { platform }),
    ...(replacement === undefined ? {} : { replacement }),
  })
}

function findContext(
  { options }: BuildScope,
  name: string,
  platform: Platform,
  place: Place,
): NamedContext | undefined {
  if (['', 'scratch', 'context'].includes(name.toLowerCase())) return undefined
  try {
    return options.contexts.find(name, platform)
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error
    throw new DockerfileError(error.code, error.message, { location: place, cause: error.cause })
  }
}

interface Resolution {
  readonly scope: BuildScope
  readonly targetPlatform: Platform
  /** Images whose configuration the frontend reads. */
  readonly metadata: Fetch[]
}

/** Resolves the bases of all stages that the target needs, their triggers and what these need in turn. */
function resolveReachable(graph: StageGraph, target: StageState, resolution: Resolution): Set<StageState> {
  // BuildKit itself would go on for ever with an image whose trigger copies from that image
  for (let depth = 0; ; depth++) {
    if (depth > MAX_TRIGGER_DEPTH) {
      throw new DockerfileError('limit_exceeded', `triggers lead to images deeper than ${MAX_TRIGGER_DEPTH}`, {
        location: target.place,
      })
    }
    const reachable = reachableFrom(target)
    for (const state of graph.states) {
      if (state.base !== undefined || state.isDone || state.isResolved) continue
      resolveBase(state, reachable.has(state), resolution)
    }
    let hasNewDependencies = false
    for (const state of reachable) {
      const triggers = triggersOf(state)
      if (triggers.length === 0) continue
      const commands = triggers.map(trigger => parseTrigger(trigger, state.place))
      const bound = bindCommands(graph, state, commands)
      state.commands = [...bound, ...state.commands]
      hasNewDependencies ||= bound.some(({ from }) => from.length > 0)
    }
    if (!hasNewDependencies) return reachableFrom(target)
  }
}

/** The triggers that run in a stage, once: those of its image, or of the stage below. */
function triggersOf(state: StageState): string[] {
  const fromImage = state.base === undefined ? [...(state.config?.onbuild ?? [])] : []
  if (state.config !== undefined) state.config = { ...state.config, onbuild: [] }
  if (state.base === undefined || state.inheritsTriggers) return fromImage
  state.inheritsTriggers = true
  return state.base.commands.flatMap(({ command }) => (command.kind === 'onbuild' ? [command.trigger] : []))
}

function resolveBase(state: StageState, isReachable: boolean, { scope, targetPlatform, metadata }: Resolution): void {
  const { options } = scope
  state.isResolved = isReachable
  // a trigger may reach a stage that nothing reached before
  state.content = contentOf()
  if (state.baseName === 'scratch' && state.replacement === undefined) {
    state.platform = targetPlatform
    state.isDone = state.isImage
    return
  }
  try {
    state.baseName = formatReference(tagNameOnly(parseReference(state.baseName)))
  } catch (cause) {
    throw new DockerfileError('invalid_reference', `${JSON.stringify(state.baseName)} is no image`, {
      location: state.place,
      cause,
    })
  }
  const platform = state.platform ?? targetPlatform
  state.platform = platform
  state.isDone = state.isImage

  const context = isReachable
    ? (state.replacement ?? findContext(scope, state.baseName, platform, state.place))
    : undefined
  if (context !== undefined) {
    loadContext(state, context, { scope, targetPlatform, metadata })
    state.isDone ||= state.replacement !== undefined
    return
  }
  const source: Source = { kind: 'image', identifier: `docker-image://${state.baseName}`, attrs: {}, platform }
  const fetch: Fetch = { source, role: state.role, place: state.place }
  state.content = contentOf(fetch)
  if (!isReachable) return
  metadata.push(fetch)
  startFrom(state, options.baseConfig(source), source, scope)
}

function loadContext(state: StageState, context: NamedContext, { scope, metadata }: Resolution): void {
  const { kind, source } = context.load()
  if (kind === 'input') {
    const why = `the named context ${context.key} is an input of the build, which only its embedder knows`
    scope.report({ kind: 'input', location: state.place, text: context.key, why })
    startFrom(state, undefined, undefined, scope)
    return
  }
  if (source === undefined) {
    startFrom(state, {}, undefined, scope)
    return
  }
  const fetch: Fetch = { source, role: state.role, place: state.place, namedContext: context.key }
  state.content = contentOf(fetch)
  // the configuration of an image is read at once, and so is the .dockerignore of a directory
  if (kind === 'image' || source.kind === 'local') metadata.push(fetch)
  if (kind === 'image') startFrom(state, scope.options.baseConfig(source), source, scope)
  else startFrom(state, {}, undefined, scope)
}

/** What a stage starts with: the configuration of its image, or nothing known of it. */
function startFrom(
  state: StageState,
  config: BaseConfig | undefined,
  root: Source | undefined,
  scope: BuildScope,
): void {
  state.config = config
  if (root !== undefined) state.root = root
  state.workdir = config === undefined ? undefined : config.workingDir || '/'
  state.imageEnvironment = createEnvironment(config === undefined, (config?.env ?? []).map(splitVariable))
  state.environment = state.imageEnvironment.clone()
  if (config !== undefined || root === undefined) return
  scope.need(state, 'onbuild', state.place)
  scope.report({
    kind: 'onbuild',
    location: state.place,
    text: state.baseName,
    why: `the configuration of ${root.identifier} may hold triggers (ONBUILD) with sources of their own`,
  })
}

function followStage(state: StageState, scope: BuildScope, targetPlatform: Platform): void {
  state.isDone = true
  if (state.base !== undefined) {
    scope.spendVariables(state.base.environment.size + state.base.imageEnvironment.size, state.place)
    inherit(state, state.base)
  }
  state.platform ??= targetPlatform
  const isWindows = state.platform.os === 'windows'
  if (state.workdir !== undefined) checkPath(state, state.workdir, state.place)
  const { imageEnvironment, environment } = state
  if (!imageEnvironment.isOpen && !imageEnvironment.has('PATH') && !isWindows) {
    imageEnvironment.set('PATH', DEFAULT_PATH)
  }
  for (const [name, value] of imageEnvironment.entries()) environment.set(name, value)
  for (const command of state.commands) followCommand(state, command, scope)
}

/** A stage on top sees the ARGs of the one below, but an image's own variable comes before an ARG of its name. */
function inherit(state: StageState, base: StageState): void {
  if (base.platform !== undefined) state.platform = base.platform
  if (base.root !== undefined) state.root = base.root
  state.config = base.config
  state.workdir = base.workdir
  state.content = { fetches: [], inputs: [base.content] }
  state.imageEnvironment = base.imageEnvironment.clone()
  state.environment = base.environment.clone()
  if (!state.imageEnvironment.isOpen) return
  for (const [name] of base.environment.entries()) {
    if (!state.imageEnvironment.has(name)) state.environment.set(name, state.imageEnvironment.lookup(name) ?? '')
  }
}
