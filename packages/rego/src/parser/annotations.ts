import type { Annotations, Comment, Import, Module, Package, Rule } from '../ast.ts'
import type { RegoError } from '../error.ts'
import { locationOf, rowOf, spanBetween } from '../source-text.ts'
import { toJSON } from '../value/json.ts'
import { objectEntries } from '../value/object.ts'
import { isObject, typeName, type Value } from '../value/value.ts'
import { parseYAML } from '../yaml/parse.ts'
import { type Resolved, resolveScalar } from '../yaml/resolve.ts'
import { parseError } from './state.ts'

type Node = Package | Import | Rule

export interface ReadAnnotations {
  readonly annotations: readonly Annotations[]
  readonly errors: readonly RegoError[]
}

/** Reads the `# METADATA` blocks among the comments of a module and finds what each stands above; to the parser they are comments. */
export function readAnnotations({ comments, package: clause, imports, rules }: Module): ReadAnnotations {
  const nodes = [clause, ...imports, ...rules].toSorted((a, b) => a.span.start - b.span.start)
  const annotations: Annotations[] = []
  const errors: RegoError[] = []
  for (const block of blocksOf(comments)) {
    const [first] = block
    const span = spanBetween(first!.span, block.at(-1)!.span)
    const report = (reason: string): void => void errors.push(parseError(span.source, span, reason))
    const fields = fieldsOf(block.slice(1))
    if (typeof fields === 'string') {
      report(fields)
      continue
    }
    const row = rowOf(span)
    const target = nodes.find(node => rowOf(node.span) > row)
    const { scope: written, entrypoint: entry, ...rest } = fields
    const entrypoint = entry === true
    const scope = written ?? scopeOf(target, entrypoint)
    const reason = wrongField(fields) ?? refusal(scope, target, entrypoint)
    if (reason !== undefined) report(reason)
    else {
      annotations.push({
        kind: 'annotations',
        span,
        scope: scope as Annotations['scope'],
        entrypoint,
        fields: rest,
        target: target as Package | Rule | undefined,
      })
    }
  }
  return { annotations, errors }
}

/** A block is a comment `# METADATA` in column 1 and those in the rows below it. */
function blocksOf(comments: readonly Comment[]): readonly (readonly Comment[])[] {
  const blocks: Comment[][] = []
  let last: { readonly row: number; readonly block: Comment[] } | undefined
  for (const comment of comments) {
    const { row, col } = locationOf(comment.span)
    if (last !== undefined && col === 1 && row === last.row + 1) {
      last.block.push(comment)
      last = { row, block: last.block }
    } else if (col === 1 && comment.text.trim().startsWith('METADATA')) {
      const block = [comment]
      blocks.push(block)
      last = { row, block }
    } else last = undefined
  }
  return blocks
}

function fieldsOf(lines: readonly Comment[]): { readonly [key: string]: Value } | string {
  const text = lines.map(line => `${line.text.replace(/^ /, '')}\n`).join('')
  if (text.trim() === '') return 'expected METADATA block, found whitespace'
  try {
    const value = parseYAML(text, resolveWord)
    if (value === null) return {}
    if (isObject(value)) {
      const written = parseYAML(text, () => TEXT) as { readonly [key: string]: Value }
      return Object.fromEntries(
        objectEntries(value).map(([key, field]) => {
          const name = typeof key === 'string' ? key : toJSON(key)
          return [name, field !== null && textFields.has(name) ? written[name]! : field]
        }),
      )
    }
    return `METADATA block is no YAML mapping but ${typeName(value)}`
  } catch (error) {
    return `METADATA block is no YAML: ${error instanceof Error ? error.message : String(error)}`
  }
}

const TEXT: Resolved = { kind: 'string' }

/** OPA reads metadata by the words of a later YAML, which has `yes` and `n` for texts. */
const resolveWord = (text: string): Resolved => (/^(?:y|n|yes|no|on|off)$/i.test(text) ? TEXT : resolveScalar(text))

/** What is a text, or made of texts, however it looks. */
const textFields = new Set(['title', 'description', 'organizations'])

const isList = (value: Value): boolean => Array.isArray(value)
const isText = (value: Value): boolean => !Array.isArray(value) && !isObject(value)

const fieldTypes: { readonly [field: string]: readonly [string, (value: Value) => boolean] } = {
  entrypoint: ['a boolean', value => typeof value === 'boolean'],
  scope: ['a string', isText],
  title: ['a string', isText],
  description: ['a string', isText],
  organizations: ['a list', isList],
  related_resources: ['a list', isList],
  authors: ['a list', isList],
  schemas: ['a list', isList],
  custom: ['a mapping', isObject],
}

function wrongField(fields: { readonly [key: string]: Value }): string | undefined {
  for (const [name, value] of Object.entries(fields)) {
    const expected = Object.hasOwn(fieldTypes, name) ? fieldTypes[name] : undefined
    if (expected === undefined || value === null || expected[1](value)) continue
    return `METADATA block has ${typeName(value)} for ${name}, expected ${expected[0]}`
  }
  return undefined
}

function scopeOf(target: Node | undefined, entrypoint: boolean): string {
  if (target?.kind === 'rule') return entrypoint ? 'document' : 'rule'
  return target?.kind ?? ''
}

const targetOfScope: { readonly [scope: string]: Node['kind'] } = {
  rule: 'rule',
  document: 'rule',
  package: 'package',
  subpackages: 'package',
}

function refusal(scope: unknown, target: Node | undefined, entrypoint: boolean): string | undefined {
  const wanted = typeof scope === 'string' && Object.hasOwn(targetOfScope, scope) ? targetOfScope[scope] : undefined
  if (wanted === undefined) {
    return `invalid annotation scope '${String(scope)}'. Use one of 'rule', 'document', 'package', or 'subpackages'`
  }
  if (target?.kind !== wanted) {
    const have = target === undefined ? '' : ` (have ${target.kind})`
    return `annotation scope '${String(scope)}' must be applied to ${wanted}${have}`
  }
  if (entrypoint && scope !== 'document' && scope !== 'package') {
    return `annotation entrypoint applied to non-document or package scope '${String(scope)}'`
  }
  return undefined
}
