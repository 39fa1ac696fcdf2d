import type { Annotations, Comment, Import, Package, Rule } from '../ast.ts'
import type { RegoError } from '../error.ts'
import { locationOf, rowOf, spanBetween } from '../source-text.ts'
import { parseError } from './state.ts'

type Node = Package | Import | Rule

interface AnnotationsRequest {
  readonly comments: readonly Comment[]
  readonly nodes: readonly Node[]
  readonly parseYAML: ((text: string) => unknown) | undefined
  /** Where the blocks that were understood go. */
  readonly annotations: Annotations[]
  readonly errors: RegoError[]
}

/** Reads the `# METADATA` blocks among the comments and finds what each stands above. */
export function annotationsOf({ comments, nodes, parseYAML, annotations, errors }: AnnotationsRequest): void {
  if (parseYAML === undefined) return
  for (const block of blocksOf(comments)) {
    const [first] = block
    const span = spanBetween(first!.span, block.at(-1)!.span)
    const report = (reason: string): void => void errors.push(parseError(span.source, span, reason))
    const fields = fieldsOf(block.slice(1), parseYAML)
    if (typeof fields === 'string') {
      report(fields)
      continue
    }
    const row = rowOf(span)
    const target = nodes.find(node => rowOf(node.span) > row)
    const { scope: written, entrypoint: entry, ...rest } = fields
    const entrypoint = entry === true
    const scope = written ?? scopeOf(target, entrypoint)
    const reason = refusal(scope, target, entrypoint)
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

function fieldsOf(
  lines: readonly Comment[],
  parseYAML: (text: string) => unknown,
): { readonly [key: string]: unknown } | string {
  const text = lines.map(line => `${line.text.replace(/^ /, '')}\n`).join('')
  if (text.trim() === '') return 'expected METADATA block, found whitespace'
  try {
    const value = parseYAML(text)
    if (value === null) return {}
    if (typeof value === 'object' && !Array.isArray(value)) return value as { readonly [key: string]: unknown }
    return `METADATA block is no YAML mapping but ${Array.isArray(value) ? 'a list' : typeof value}`
  } catch (error) {
    return `METADATA block is no YAML: ${error instanceof Error ? error.message : String(error)}`
  }
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
