import { dottedName, type Expr, walkExprTerms } from '@source-policy/rego/syntax'
import type { Found, LintRule } from './rule.ts'
import {
  comparisonOf,
  fieldName,
  hangingBodies,
  type InputRef,
  inputPath,
  isEmptiness,
  type LintBody,
  reachedInputs,
  type Subject,
} from './subject.ts'

/** What ties an image to its content or its maker. */
const binding: ReadonlySet<unknown> = new Set([
  'isCanonical',
  'checksum',
  'signatures',
  'provenance',
  'hasProvenance',
  'attestations',
  'labels',
])

const isImageField = ({ path }: InputRef, names: ReadonlySet<unknown>) => path[0] === 'image' && names.has(path[1])

/** All that a body reaches, pins among it. */
function reachOf(
  body: LintBody,
  subject: Subject,
): { readonly inputs: InputRef[]; readonly calls: ReadonlySet<string> } {
  const calls = new Set<string>()
  const inputs = body.branch.body.flatMap(expr => {
    walkExprTerms(expr, term => {
      if (term.kind === 'call') calls.add(dottedName(term.operator) ?? '')
    })
    if (expr.kind === 'call') calls.add(dottedName(expr.operator) ?? '')
    return reachedInputs(expr, body, subject)
  })
  return { inputs, calls }
}

export const tagAloneRule: LintRule = {
  id: 'tag-alone',
  title: 'a tag that a digest bypasses',
  why: 'With alpine:3.22@sha256:... the tag stays in the input, but the digest alone decides what is pulled: any image of the repository passes.',
  example: {
    wrong: 'allow if {\n\tinput.image.repo == "alpine"\n\tinput.image.tag == "3.22"\n}',
    right: 'allow if {\n\tinput.image.repo == "alpine"\n\tinput.image.tag == "3.22"\n\tnot input.image.isCanonical\n}',
  },
  find: subject =>
    rootsOf(subject).flatMap(root => {
      const { inputs, calls } = reachOf(root, subject)
      if (calls.has('pin_image') || inputs.some(ref => isImageField(ref, binding))) return []
      return hangingBodies(subject, root).flatMap(({ body, helps }) =>
        body.branch.body.flatMap((expr): Found[] => {
          if (helps === 'deny' || expr.negated || !namesTag(expr, body)) return []
          const message =
            'a digest beside the tag bypasses this: check input.image.checksum, or refuse input.image.isCanonical'
          return [{ span: expr.span, message }]
        }),
      )
    }),
}

/** The bodies of `allow`. */
const rootsOf = ({ bodies }: Subject): LintBody[] =>
  bodies.filter(({ name, rule }) => name === 'data.docker.allow' && !rule.default)

/** `input.image.tag == ...`, `startswith(input.image.tag, ...)`, `input.image.tag in ...`, `x[input.image.tag]`. */
function namesTag(expr: Expr, { aliases }: LintBody): boolean {
  const comparison = comparisonOf(expr, aliases)
  if (comparison?.operator === 'neq') return false
  if (expr.kind === 'call' && ['assign', 'eq'].includes(dottedName(expr.operator) ?? '')) return false
  let found = false
  walkExprTerms(expr, term => {
    const path = inputPath(term, aliases)
    if (path?.length === 2 && path[0] === 'image' && path[1] === 'tag') found = true
  })
  return found
}

/** Fields that say which image it is. */
const identity: ReadonlySet<unknown> = new Set([
  'ref',
  'host',
  'repo',
  'fullRepo',
  'checksum',
  'signatures',
  'provenance',
  'labels',
  'attestations',
])

export const canonicalAloneRule: LintRule = {
  id: 'canonical-alone',
  title: 'any digest will do',
  why: 'Whoever writes the Dockerfile chooses the digest: isCanonical says that there is one, not whose image it is.',
  example: {
    wrong: 'allow if input.image.isCanonical',
    right: 'allow if {\n\tinput.image.isCanonical\n\tinput.image.fullRepo == "docker.io/library/alpine"\n}',
  },
  find: subject =>
    rootsOf(subject).flatMap(body => {
      const { inputs, calls } = reachOf(body, subject)
      if ([...calls].some(call => /^(?:docker_github|github_|verify_|artifact_)/.test(call))) return []
      if (inputs.some(ref => isImageField(ref, identity))) return []
      const found = body.branch.body.find(expr => !expr.negated && namesCanonical(expr, body))
      return found === undefined
        ? []
        : [
            {
              span: found.span,
              message: 'any image that is named by a digest is allowed: say which repository as well',
            },
          ]
    }),
}

function namesCanonical(expr: Expr, { aliases }: LintBody): boolean {
  let found = false
  walkExprTerms(expr, term => {
    const path = inputPath(term, aliases)
    if (path?.[0] === 'image' && path[1] === 'isCanonical') found = true
  })
  return found
}

/** What comes from a list that a registry may leave empty. */
const withheld: ReadonlySet<unknown> = new Set([
  'signatures',
  'signatureErrors',
  'hasProvenance',
  'provenance',
  'attestations',
  'sbom',
])

export const negatedWithheldRule: LintRule = {
  id: 'negated-withheld',
  title: 'allowed by what a registry leaves out',
  why: 'Signatures and attestations hang from lists that only the registry vouches for: one that leaves them out makes the negation hold.',
  example: {
    wrong: 'allow if not has_critical\n\nhas_critical if some a in input.image.attestations',
    right: 'allow if {\n\tinput.image.hasProvenance\n\tnot has_critical\n}',
  },
  find(subject) {
    const mentions = hangingBodies(subject).flatMap(({ body, helps }) =>
      body.branch.body.flatMap(expr => {
        const ref = ownInputs(expr, body).find(input => isImageField(input, withheld))
        return ref === undefined ? [] : [{ expr, ref, isRequired: (helps === 'allow') !== isEmptiness(expr) }]
      }),
    )
    // where something of it is asked for, a registry that leaves all of it out gains nothing
    if (mentions.some(({ isRequired }) => isRequired)) return []
    return mentions.map(({ expr, ref }): Found => {
      const name = fieldName(ref.path.slice(0, 2))
      return {
        span: expr.span,
        message: `a registry that leaves ${name} out helps to allow here: ask for ${name} as well`,
      }
    })
  },
}

function ownInputs(expr: Expr, { aliases }: LintBody): InputRef[] {
  const found: InputRef[] = []
  walkExprTerms(expr, term => {
    const path = inputPath(term, aliases)
    if (path !== undefined) found.push({ path, span: term.span })
  })
  return found
}
