import { lowerCase } from './characters.ts'
import { splitCSV } from './csv.ts'
import { isUnknown } from './expansion/expand.ts'

/** What a `RUN --mount` means as far as sources go. */
export interface Mount {
  readonly type: MountType
  /** A stage or an image; empty for the build context, or nothing at all. */
  readonly from: string
  readonly source: string
  readonly target: string
  readonly id: string
  /** A secret that is given as a variable. */
  readonly isVariable: boolean
  /** Whether a variable that is not known could change the type. */
  readonly isOpen: boolean
}

export type MountType = 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh'

export class InvalidMount extends Error {}

const types: ReadonlySet<string> = new Set<MountType>(['bind', 'cache', 'tmpfs', 'secret', 'ssh'])
const sharings: ReadonlySet<string> = new Set(['shared', 'private', 'locked'])
const booleans: ReadonlySet<string> = new Set('1 t T TRUE true True 0 f F FALSE false False'.split(' '))

/**
 * The stage or image of `from=`, before any expansion; the rest of the mount is read when the stage is built.
 * Throws InvalidMount where the value is no CSV or `from` holds a variable.
 */
export function mountFrom(value: string): string {
  let from = ''
  for (const field of fieldsOf(value)) {
    const [key, text] = splitField(field)
    if (key !== 'from' || text === undefined) continue
    const dollar = text.indexOf('$')
    if (dollar !== -1 && dollar !== text.length - 1) {
      throw new InvalidMount('from cannot hold variables: define a stage with FROM and an ARG before it instead')
    }
    from = text
  }
  return from
}

/** The mount with its values expanded. Throws InvalidMount, and what `expandWord` throws. */
export function parseMount(value: string, expandWord: (word: string) => string): Mount {
  let type: MountType = 'bind'
  let isOpen = false
  const values = new Map<string, string>()
  for (const field of fieldsOf(value)) {
    const [key, raw] = splitField(field)
    const fail = (expected: string): never => {
      throw new InvalidMount(`unexpected field ${JSON.stringify(field)} of a ${type} mount: ${expected}`)
    }
    if (raw === undefined && key === 'required' && type !== 'secret' && type !== 'ssh') fail('not of this type')
    if (raw === undefined) {
      if (!['readonly', 'ro', 'readwrite', 'rw', 'required'].includes(key)) fail('expected key=value')
      continue
    }
    const text = expandWord(raw)
    if (isUnknown(text)) {
      if (!knownKeys.has(key)) fail('unknown key')
      isOpen ||= key === 'type'
      values.set(aliases[key] ?? key, text)
      continue
    }
    if (key === 'type') {
      const lower = lowerCase(text)
      if (!types.has(lower)) fail('expected bind, cache, tmpfs, secret or ssh')
      type = lower as MountType
    } else if (key === 'required' && type !== 'secret' && type !== 'ssh') fail('not of this type')
    else if (key === 'size' && type !== 'tmpfs') fail('not of this type')
    else if (booleanKeys.has(key) && !booleans.has(text)) fail('expected a boolean')
    else if (key === 'size' && !isSize(text)) fail('expected a size')
    else if (key === 'sharing' && !sharings.has(lowerCase(text))) fail('expected shared, private or locked')
    else if (key === 'mode' && !isUint32(text, 8)) fail('expected an octal number')
    else if ((key === 'uid' || key === 'gid') && !isUint32(text, 10)) fail('expected a number')
    else if (!knownKeys.has(key)) fail('unknown key')
    values.set(aliases[key] ?? key, text)
  }
  const get = (key: string): string => values.get(key) ?? ''
  const mount: Mount = {
    type,
    from: get('from'),
    source: get('source'),
    target: get('target'),
    id: get('id'),
    isVariable: values.has('env'),
    isOpen,
  }
  if (!isOpen) checkCombination(mount, values)
  return mount
}

const aliases: Readonly<Record<string, string>> = { src: 'source', dst: 'target', destination: 'target' }
const booleanKeys: ReadonlySet<string> = new Set(['readonly', 'ro', 'readwrite', 'rw', 'required'])
const knownKeys: ReadonlySet<string> = new Set(
  'type from source src target dst destination readonly ro readwrite rw required size id sharing mode uid gid env'.split(
    ' ',
  ),
)

function checkCombination({ type, from, source, target, id }: Mount, values: ReadonlyMap<string, string>): void {
  const owned = ['mode', 'uid', 'gid'].find(key => values.has(key))
  if (owned !== undefined && (type === 'bind' || type === 'tmpfs'))
    throw new InvalidMount(`${owned} of a ${type} mount`)
  if (type === 'secret') {
    if (from !== '') throw new InvalidMount('a secret mount has no from')
    if (source === '' && target === '' && id === '') throw new InvalidMount('a secret mount needs an id or a target')
    if (source !== '' && id !== '') throw new InvalidMount('a secret mount has either a source or an id')
  }
  if (values.has('sharing') && type !== 'cache') throw new InvalidMount(`sharing of a ${type} mount`)
}

function fieldsOf(value: string): string[] {
  const fields = splitCSV(value)
  if (fields === undefined) throw new InvalidMount(`expected comma-separated fields, got ${JSON.stringify(value)}`)
  return fields
}

function splitField(field: string): [key: string, value: string | undefined] {
  const equals = field.indexOf('=')
  return equals === -1 ? [lowerCase(field), undefined] : [lowerCase(field.slice(0, equals)), field.slice(equals + 1)]
}

function isUint32(text: string, base: 8 | 10): boolean {
  const grammar = base === 8 ? /^[0-7]+$/ : /^[0-9]+$/
  return grammar.test(text) && Number.parseInt(text, base) <= 0xffff_ffff
}

function isSize(text: string): boolean {
  return /^[+]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?: ?(?:b|[kmgtpe](?:i?b)?))?$/i.test(text)
}
