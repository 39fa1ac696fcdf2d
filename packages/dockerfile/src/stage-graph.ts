import { isInteger, lowerCase } from './characters.ts'
import { DockerfileError, expansionError, syntaxError } from './error.ts'
import { expand } from './expansion/expand.ts'
import { ExpansionError } from './expansion/expansion-error.ts'
import { type Command, parseInstruction } from './instruction.ts'
import { MAX_STAGES } from './limits.ts'
import { readStatements } from './read-statements.ts'
import { type BoundCommand, createStageState, type StageState } from './stage-state.ts'
import type { Place } from './types.ts'

/** The stages of a build, in order, and after them the images that COPY and mounts name: an index counts both. */
export interface StageGraph {
  readonly states: StageState[]
  find(name: string): StageState | undefined
  add(state: StageState): void
  /** Binds a command of a stage to what it takes files from. Throws DockerfileError. */
  bind(command: Command): BoundCommand
}

export function createStageGraph(options: { readonly escapeCharacter: string }): StageGraph {
  const states: StageState[] = []
  const byName = new Map<string, StageState>()

  const find = (name: string): StageState | undefined => byName.get(lowerCase(name))

  const add = (state: StageState): void => {
    states.push(state)
    state.isListed = true
    if (states.length > MAX_STAGES) {
      throw new DockerfileError('limit_exceeded', `more than ${MAX_STAGES} stages and images`, {
        location: state.place,
      })
    }
    // the base is compared as written, and only stages above count
    const base = byName.get(state.baseName)
    if (base !== undefined) state.base = base
    if (state.name !== '') byName.set(state.name, state)
  }

  const image = (baseName: string, place: Place, role: 'copy-from' | 'mount-from'): StageState =>
    createStageState({ name: '', place, role, isImage: true, baseName })

  const copySource = (from: string, place: Place): StageState => {
    if (expandConstant(from, place, options.escapeCharacter) !== from) {
      throw new DockerfileError('invalid_source', '--from cannot hold variables: define a stage with FROM instead', {
        location: place,
      })
    }
    if (!isInteger(from)) return find(from) ?? image(from, place, 'copy-from')
    const state = states[Number(from)]
    if (state === undefined || from.startsWith('-')) {
      throw new DockerfileError('invalid_reference', `there is no stage ${from}`, { location: place })
    }
    return state
  }

  return {
    states,
    find,
    add,
    bind(command) {
      if (command.kind === 'copy' && command.from !== undefined) {
        return { command, from: [copySource(command.from.text, command.from.place)] }
      }
      if (command.kind !== 'run') return { command, from: [] }
      // a mount without from counts as an image, too: an index sees it
      const from = command.mounts.map(({ value, from: name }) => {
        return find(name || 'scratch') ?? image(name || 'scratch', value.place, 'mount-from')
      })
      return { command, from }
    },
  }
}

function expandConstant(text: string, place: Place, escapeCharacter: string): string {
  try {
    return expand(text, () => undefined, { escapeCharacter }).text
  } catch (error) {
    if (error instanceof ExpansionError) throw expansionError(error, place)
    throw error
  }
}

/** Binds the commands of a stage, or the triggers that run before them, and registers the images that they name. */
export function bindCommands(graph: StageGraph, stage: StageState, commands: readonly Command[]): BoundCommand[] {
  return commands.map(command => {
    const bound = graph.bind(command)
    for (const source of bound.from) {
      stage.dependencies.add(source)
      if (source.isImage && !source.isListed) graph.add(source)
    }
    return bound
  })
}

/** The command of a trigger; it counts as standing at the FROM that pulls it. Throws DockerfileError. */
export function parseTrigger(trigger: string, place: Place): Command {
  const { statements } = readStatements(trigger, { file: place.file, place })
  const [statement] = statements
  if (statement === undefined || statements.length !== 1) throw syntaxError(place, 'a trigger is one instruction')
  const instruction = parseInstruction(statement)
  if (instruction.kind === 'from') throw syntaxError(place, 'FROM cannot be a trigger')
  return instruction
}

/** Throws `invalid_reference` where stages take files from each other in a circle. */
export function refuseCycles(states: readonly StageState[]): void {
  const done = new Set<StageState>()
  for (const start of states) {
    if (done.has(start)) continue
    const onPath = new Set([start])
    const path = [{ state: start, dependencies: start.dependencies.values() }]
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { done: isLast, value: next } = top.dependencies.next()
      if (isLast === true) {
        path.pop()
        onPath.delete(top.state)
        done.add(top.state)
      } else if (onPath.has(next)) {
        throw new DockerfileError('invalid_reference', 'stages take files from each other in a circle', {
          location: next.place,
        })
      } else if (!done.has(next)) {
        onPath.add(next)
        path.push({ state: next, dependencies: next.dependencies.values() })
      }
    }
  }
}

/** The stage and everything that it is built on or takes files from. */
export function reachableFrom(target: StageState): Set<StageState> {
  const reached = new Set([target])
  for (const state of reached) {
    if (state.base !== undefined) reached.add(state.base)
    for (const dependency of state.dependencies) reached.add(dependency)
  }
  return reached
}
