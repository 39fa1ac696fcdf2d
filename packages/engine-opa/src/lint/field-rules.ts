import { walkBodyTerms } from '@source-policy/rego/syntax'
import type { Found, LintRule } from './rule.ts'
import { fieldSchema, nearest, placesOf, unknownField } from './schema-fields.ts'
import { type Comparison, comparisonOf, fieldName, type LintBody, type Part, type Subject } from './subject.ts'

/** Comparisons in a body, those inside comprehensions and `every` among them. */
function comparisonsIn({
  branch,
  aliases,
}: LintBody): { readonly comparison: Comparison; readonly span: Found['span'] }[] {
  const found: { comparison: Comparison; span: Found['span'] }[] = []
  walkBodyTerms(
    branch.body,
    () => undefined,
    expr => {
      const comparison = comparisonOf(expr, aliases)
      if (comparison !== undefined) found.push({ comparison, span: expr.span })
    },
  )
  return found
}

export const unknownFieldRule: LintRule = {
  id: 'unknown-field',
  title: 'a field that the input does not have',
  why: 'It is undefined for every source, so the expression never holds, and under `not` always does.',
  example: {
    wrong: 'input.image.fullrepo == "docker.io/library/alpine"',
    right: 'input.image.fullRepo == "docker.io/library/alpine"',
  },
  find: ({ bodies, inputSchema }) =>
    bodies.flatMap(({ inputs }) =>
      inputs.flatMap(({ path, span }) => {
        const unknown = unknownField(path, inputSchema)
        if (unknown === undefined) return []
        const { known, name, siblings } = unknown
        const meant = nearest(name, siblings)
        const elsewhere = placesOf(name, inputSchema)
        const hint =
          meant !== undefined
            ? `: did you mean ${fieldName([...known, meant])}?`
            : elsewhere.length > 0
              ? `: did you mean ${elsewhere.join(' or ')}?`
              : ''
        return [{ span, message: `${fieldName([...known, name])} is no field of the input${hint}` }]
      }),
    ),
}

const REPO = ['image', 'repo']
const FULL_REPO = ['image', 'fullRepo']
const HOST = ['image', 'host']
const isAt = (path: readonly Part[], wanted: readonly Part[]) =>
  path.length === wanted.length && path.every((part, at) => part === wanted[at])

const isHost = (name: string) => name.includes('.') || name.includes(':') || name === 'localhost'

export const repoNameRule: LintRule = {
  id: 'repo-name',
  title: 'a repository in the wrong form',
  why: '`repo` is the familiar name: `alpine` on Docker Hub, with its host everywhere else; `fullRepo` always has host and path.',
  example: {
    wrong: 'input.image.host == "ghcr.io"; input.image.repo == "org/app"',
    right: 'input.image.fullRepo == "ghcr.io/org/app"',
  },
  find: ({ bodies }) =>
    bodies.flatMap(body => {
      const all = comparisonsIn(body).filter(({ comparison: { operator } }) => operator !== 'endswith')
      const host = all
        .map(({ comparison }) =>
          isAt(comparison.path, HOST) && comparison.operator === 'equal' ? textOf(comparison) : undefined,
        )
        .find(text => text !== undefined)
      return all.flatMap(({ comparison, span }) => {
        const name = textOf(comparison)
        if (name === undefined) return []
        const message = isAt(comparison.path, REPO)
          ? wrongRepo(name, host)
          : isAt(comparison.path, FULL_REPO)
            ? wrongFullRepo(name, comparison.operator)
            : undefined
        return message === undefined ? [] : [{ span, message }]
      })
    }),
}

function wrongRepo(name: string, host: string | undefined): string | undefined {
  const familiar = name.replace(/^docker\.io\//, '').replace(/^library\//, '')
  if (familiar !== name) {
    return `repo of an image of Docker Hub has neither docker.io/ nor library/: write "${familiar}", or compare fullRepo`
  }
  if (host === undefined || host === 'docker.io' || name.startsWith(`${host}/`) || name === '') return undefined
  return `repo of an image of ${host} begins with ${host}/: compare fullRepo with "${host}/${name}"`
}

function wrongFullRepo(name: string, operator: Comparison['operator']): string | undefined {
  const [first = '', ...rest] = name.split('/')
  if (name === '' || (operator === 'startswith' && rest.length === 0)) return undefined
  if (!isHost(first))
    return `fullRepo begins with the host: write "docker.io/${rest.length === 0 ? 'library/' : ''}${name}"`
  if (first === 'docker.io' && rest.length === 1 && rest[0] !== '' && operator === 'equal') {
    return `fullRepo of an official image has library/: write "docker.io/library/${rest[0]}"`
  }
  return undefined
}

function textOf({ other }: Comparison): string | undefined {
  return other.kind === 'string' ? other.value : undefined
}

/** Fields that are there although they are false, zero or empty. */
const alwaysThere: readonly (readonly Part[])[] = [
  ['env', 'depth'],
  ['image', 'provenance', 'reproducible'],
  ['image', 'provenance', 'hermetic'],
  ['image', 'provenance', 'completeness', 'parameters'],
  ['image', 'provenance', 'completeness', 'environment'],
  ['image', 'provenance', 'completeness', 'materials'],
]

export const absentComparedRule: LintRule = {
  id: 'absent-compared',
  title: 'an absent field compared with an empty value',
  why: 'A field that is false, empty or zero is left out of the input: comparing it is undefined, so the expression never holds.',
  example: { wrong: 'input.git.isAnnotatedTag == false', right: 'not input.git.isAnnotatedTag' },
  find: ({ bodies, inputSchema }) =>
    bodies.flatMap(body =>
      comparisonsIn(body).flatMap(({ comparison, span }) => {
        const message = emptyComparison(comparison, inputSchema)
        return message === undefined ? [] : [{ span, message }]
      }),
    ),
}

function emptyComparison(
  { operator, path, other, counted }: Comparison,
  schema: Subject['inputSchema'],
): string | undefined {
  // what labels and arguments say is kept as it is
  const isFree = path.length > 2 && ['labels', 'args', 'query', 'rawArgs', 'buildArgs'].includes(String(path.at(-2)))
  if (isFree || alwaysThere.some(field => isAt(path, field)) || fieldSchema(path, schema) === undefined)
    return undefined
  if (path.includes('signer')) return undefined
  const name = fieldName(path)
  const isZero = other.kind === 'number' && Number(other.text) === 0
  if (counted) {
    return operator === 'equal' && isZero ? `${name} is left out where it is empty: write \`not ${name}\`` : undefined
  }
  const isEmpty =
    (other.kind === 'boolean' && !other.value) ||
    (other.kind === 'string' && other.value === '') ||
    other.kind === 'null' ||
    isZero ||
    ((other.kind === 'array' || other.kind === 'set') && other.items.length === 0) ||
    (other.kind === 'object' && other.entries.length === 0)
  if (operator === 'equal' && isEmpty) {
    return `${name} is left out where it is empty, so this never holds: write \`not ${name}\``
  }
  if (operator === 'neq' && other.kind === 'boolean' && other.value) {
    return `${name} is left out where it is false, so this never holds: write \`not ${name}\``
  }
  return undefined
}
