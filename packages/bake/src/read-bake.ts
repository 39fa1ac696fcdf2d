import { CoreError, decodeJSON } from '@source-policy/core'
import { bakeFile, type TargetFile } from './bake-file.ts'
import { composeFile } from './compose-file.ts'
import { BakeError } from './error.ts'
import { followNames } from './follow.ts'
import { hclUnsupported } from './hcl-template.ts'
import { MAX_FILE_LENGTH } from './limits.ts'
import { type Fields, isFields } from './shape.ts'
import type { Bake, BakeTarget, ReadBakeOptions } from './types.ts'
import { UNSPOKEN, type Variables } from './variables.ts'
import { composeValue, parseYAML } from './yaml.ts'

/**
 * The builds that a file asks for: what `docker buildx bake --print` prints, a bake file in JSON, or a compose file in YAML or
 * JSON. Pure: paths and variables are left to the caller. Throws BakeError.
 */
export function readBake(text: string, options: ReadBakeOptions): Bake {
  const { file, targets = [], environment = [] } = options
  const variables: Variables = new Map<string, string | typeof UNSPOKEN | undefined>([
    ...Array.from(environment, unspoken),
    ...(options.variables ?? []),
  ])
  if (text.length > MAX_FILE_LENGTH) {
    throw new BakeError('limit_exceeded', `${file}: longer than ${MAX_FILE_LENGTH} characters`)
  }
  const { format, names, groups, defaults, target } = readFile(text.replace(/^\ufeff/, ''), file, variables)
  const wanted = targets.length > 0 ? targets : defaults
  if (wanted.length === 0) throw new BakeError('target_not_found', `${file}: no targets, and none is called default`)

  const known = new Map<string, BakeTarget>()
  const targetOf = (name: string): BakeTarget => {
    const found = known.get(name) ?? target(name)
    known.set(name, found)
    return found
  }
  // a name that is both is a group, as in bake
  const isTarget = (name: string) => !groups.has(name) || (names.includes(name) && groups.get(name)?.includes(name))
  const membersOf = (name: string) => (groups.get(name) ?? []).filter(member => member !== name)
  const asked = followNames(wanted, membersOf, `${file}: groups`).filter(isTarget)
  const all = followNames(asked, name => linksOf(targetOf(name)), `${file}: contexts of targets`)
  const linked = all.filter(name => !asked.includes(name))
  return { format, targets: [...asked, ...linked].map(targetOf) }
}

/** The targets whose results a target takes as contexts. */
export function linksOf({ contexts }: BakeTarget): string[] {
  return Object.values(contexts).flatMap(value => (value.startsWith('target:') ? [value.slice('target:'.length)] : []))
}

const unspoken = (name: string) => [name, UNSPOKEN] as const

function readFile(text: string, file: string, variables: Variables): TargetFile & Pick<Bake, 'format'> {
  const document = readDocument(text, file)
  const isBake = document.target !== undefined || document.group !== undefined
  if (isBake && document.services !== undefined) {
    throw new BakeError('malformed', `${file}: both targets and services: its name decides which of them are built`)
  }
  if (document.services !== undefined) return { format: 'compose', ...composeFile(document, file, variables) }
  if (isBake) return { format: 'bake', ...bakeFile(document, file, variables) }
  throw new BakeError('malformed', `${file}: expected a bake file (target) or a compose file (services)`)
}

/** Whose keys are anybody's choice, so that they may differ by case alone. */
const openMaps = ['target', 'group', 'variable', 'args', 'labels', 'contexts', 'annotations', 'services', 'environment']

function readDocument(text: string, file: string): Fields {
  if (/\.hcl$/i.test(file) || isHCL(text)) throw hclUnsupported(`${file} is HCL`)
  const document = /^\s*\{/.test(text) ? readJSON(text, file) : parseYAML(text, file, composeValue)
  if (!isFields(document)) throw new BakeError('malformed', `${file}: expected an object`)
  return document
}

function readJSON(text: string, file: string): unknown {
  try {
    return decodeJSON(text, { what: file, openMaps })
  } catch (error) {
    if (!(error instanceof CoreError)) throw error
    throw new BakeError('malformed', error.message, { cause: error })
  }
}

/** `target "app" {` at the beginning of a line, which neither JSON nor YAML has. */
function isHCL(text: string): boolean {
  return /^[ \t]*(?:target|group|variable|function)[ \t]+"[^"\n]*"[ \t]*\{/m.test(text)
}
