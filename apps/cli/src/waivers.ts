import path from 'node:path'
import { type Deny, redactIdentifier, toCodedError, type Waiver } from '@source-policy/core'
import { readOperatorFile } from './confined-files.ts'
import { CliError } from './error.ts'
import { MAX_WAIVER_CHARS, MAX_WAIVERS, MAX_WAIVERS_BYTES } from './limits.ts'
import { decodePolicy } from './policy-text.ts'

/** The exceptions of an operator. */
export interface Waivers {
  /** The waiver that covers a denial; undefined where none does. */
  waive(denial: Deny): Waiver | undefined
  /** Those that are over, for the report. */
  readonly notices: readonly string[]
}

interface Entry extends Waiver {
  /** Glob over the source's identifier: `*` stands for anything but `/`, `**` for anything. */
  readonly source: string
  /** Covers denials of this policy only. */
  readonly policy?: string
  /** Covers denials only of rules with this id. */
  readonly rule?: string
}

/**
 * Reads the waivers of `--waivers`. One that is over covers nothing, and is told; a file that is not exactly what is expected
 * is refused as a whole. Throws `invalid_waivers`, `unreadable_file`.
 */
export async function readWaivers(
  file: string,
  { cwd, now }: { readonly cwd: string; readonly now: Date },
): Promise<Waivers> {
  const bytes = await readOperatorFile(path.resolve(cwd, file), { maxBytes: MAX_WAIVERS_BYTES })
  if (bytes === undefined) throw new CliError('unreadable_file', `reading ${file}: no such file`)
  const entries = await parseWaivers(decodePolicy(bytes, file), file)
  const today = now.toISOString().slice(0, 10)
  const { compileRegex } = await import('@source-policy/rego/regex')
  const current = entries
    .filter(({ expires }) => expires >= today)
    .map(entry => ({ entry, pattern: compileRegex(globPattern(entry.source)) }))
  return {
    notices: entries
      .filter(({ expires }) => expires < today)
      .map(({ id, owner, expires }) => `waiver ${id} (${owner}) ended on ${expires}: it covers nothing any more`),
    waive({ source, policy, rules = [] }) {
      const identifier = redactIdentifier(source.identifier)
      const covering = current.find(({ entry, pattern }) => {
        const isPolicy = entry.policy === undefined || entry.policy === policy
        const isRule = entry.rule === undefined || (rules.length > 0 && rules.every(({ id }) => id === entry.rule))
        return isPolicy && isRule && pattern.test(identifier)
      })
      if (covering === undefined) return undefined
      const { id, reason, owner, expires } = covering.entry
      return { id, reason, owner, expires }
    },
  }
}

const required = ['id', 'source', 'reason', 'owner', 'expires'] as const
const known: ReadonlySet<string> = new Set([...required, 'policy', 'rule'])

async function parseWaivers(text: string, file: string): Promise<Entry[]> {
  const { parseYAML } = await import('@source-policy/bake/yaml')
  const fail = (problem: string): never => {
    throw new CliError('invalid_waivers', `reading ${file}: ${problem}`)
  }
  let document: unknown
  try {
    document = parseYAML(text, file)
  } catch (cause) {
    throw new CliError('invalid_waivers', `reading ${toCodedError(cause).message}`, { cause })
  }
  if (!isFields(document) || Object.keys(document).length !== 1 || !Array.isArray(document.waivers)) {
    return fail('expected one member, waivers, with a list')
  }
  const list = document.waivers as unknown[]
  if (list.length > MAX_WAIVERS) return fail(`more than ${MAX_WAIVERS} waivers`)
  const ids = new Set<string>()
  return list.map((value, index) => {
    const at = `waivers[${index}]`
    if (!isFields(value)) return fail(`${at}: expected ${required.join(', ')}`)
    const stranger = Object.keys(value).find(name => !known.has(name))
    if (stranger !== undefined) return fail(`${at}: unexpected member ${stranger}`)
    const texts = new Map(
      Object.entries(value).map(([name, text]) => {
        if (typeof text !== 'string' || text.trim() === '' || text.length > MAX_WAIVER_CHARS) {
          return fail(`${at}.${name}: expected a text of 1 to ${MAX_WAIVER_CHARS} characters`)
        }
        return [name, text.trim()] as const
      }),
    )
    const missing = required.find(name => !texts.has(name))
    if (missing !== undefined) return fail(`${at}: expected a member ${missing}`)
    const of = (name: string) => texts.get(name) ?? ''
    if (!isDay(of('expires'))) return fail(`${at}.expires: expected a day such as 2027-01-31, got ${of('expires')}`)
    if (!/^[a-z][a-z0-9+.-]*:\/\/[^*]/.test(of('source'))) {
      return fail(
        `${at}.source: expected an identifier such as docker-image://docker.io/library/alpine:*, got ${of('source')}`,
      )
    }
    if (ids.has(of('id'))) return fail(`${at}.id: ${of('id')} stands twice`)
    ids.add(of('id'))
    const [policy, rule] = [texts.get('policy'), texts.get('rule')]
    return {
      id: of('id'),
      source: of('source'),
      reason: of('reason'),
      owner: of('owner'),
      expires: of('expires'),
      ...(policy !== undefined && { policy }),
      ...(rule !== undefined && { rule }),
    }
  })
}

/** A day that there is. */
function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}

/** As a regular expression over the whole text. */
function globPattern(glob: string): string {
  const parts = glob.split(/(\*+)/).map(part => {
    if (part.startsWith('**')) return '(?s:.*)'
    return part === '*' ? '[^/]*' : part.replace(/[\\^$.+?()[\]{}|]/g, '\\$&')
  })
  return `^${parts.join('')}$`
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
