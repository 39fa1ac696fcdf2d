import type { RuleMetadata } from '@source-policy/core'
import { locationOf, type Module, type Rule, readAnnotations } from '@source-policy/rego/syntax'

type Fields = Readonly<Record<string, unknown>>

/**
 * What `# METADATA` blocks say of the rules of a module: `title`, `custom.id`, and as owner `custom.owner`, else the first of
 * `authors`, else of `organizations`. What a block for the rule does not say, one for its document, then the package, does;
 * blocks that are malformed say nothing. Never throws.
 *
 * @see https://www.openpolicyagent.org/docs/v1.14.1/policy-language#metadata
 */
export function metadataOf(module: Module): ReadonlyMap<Rule, RuleMetadata> {
  const { annotations } = readAnnotations(module)
  const nameOf = (rule: Rule) =>
    JSON.stringify(rule.head.reference.path.map(term => (term.kind === 'string' ? term.value : ''))) +
    (rule.head.reference.head.kind === 'var' ? rule.head.reference.head.name : '')
  const found = new Map<Rule, RuleMetadata>()
  for (const rule of module.rules) {
    const blocks = [
      annotations.find(({ scope, target }) => scope === 'rule' && target === rule),
      annotations.find(
        ({ scope, target }) => scope === 'document' && target?.kind === 'rule' && nameOf(target) === nameOf(rule),
      ),
      annotations.find(({ scope }) => scope === 'package'),
    ].map(block => (block === undefined ? {} : readFields(block.fields)))
    const [own = {}, document = {}, around = {}] = blocks
    const said = { ...(around.owner !== undefined && { owner: around.owner }), ...document, ...own }
    if (Object.keys(said).length === 0) continue
    const { file, row, col } = locationOf(rule.span)
    found.set(rule, { place: `${file}:${row}:${col}`, ...said })
  }
  return found
}

function readFields({ title, custom, authors, organizations }: Fields): Omit<RuleMetadata, 'place'> {
  const { id, owner } = isFields(custom) ? custom : {}
  const somebody = textIn(owner) ?? firstOf(authors) ?? firstOf(organizations)
  const [ownId, ownTitle] = [textIn(id), textIn(title)]
  return {
    ...(ownId !== undefined && { id: ownId }),
    ...(ownTitle !== undefined && { title: ownTitle }),
    ...(somebody !== undefined && { owner: somebody }),
  }
}

/** `authors` holds texts or `{ name, email }`. */
function firstOf(list: unknown): string | undefined {
  const [first] = Array.isArray(list) ? (list as unknown[]) : []
  return isFields(first) ? (textIn(first.name) ?? textIn(first.email)) : textIn(first)
}

function textIn(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
