import { BakeError } from './error.ts'
import { MAX_EXPANDED_LENGTH } from './limits.ts'
import { lookUp, unsetVariable, type Variables } from './variables.ts'

/**
 * The text of a string in a bake file, which is a template of HCL: `$${` stands for `${`, and `${NAME}` for a variable.
 * Throws `hcl_unsupported` for any other expression, `variable_unset`, `limit_exceeded`.
 *
 * @see https://github.com/hashicorp/hcl/blob/main/json/spec.md#strings
 */
export function expandTemplate(text: string, variables: Variables, what: string): string {
  if (!text.includes('${') && !text.includes('%{')) return text
  const expanded = text.replace(
    /(\$\$|%%|\$|%)\{(?:([A-Za-z_][A-Za-z0-9_-]*)\})?/g,
    (match, mark: string, name?: string) => {
      if (mark.length === 2) return match.slice(1)
      if (mark !== '$' || name === undefined) throw hclUnsupported(`${what} holds an expression of HCL`)
      const known = lookUp(variables, name, what)
      if (known === undefined) throw unsetVariable(name, what)
      return known.value ?? ''
    },
  )
  if (expanded.length <= MAX_EXPANDED_LENGTH) return expanded
  throw new BakeError('limit_exceeded', `${what}: longer than ${MAX_EXPANDED_LENGTH} with its variables`)
}

/** The error for what only bake itself can work out. */
export function hclUnsupported(problem: string): BakeError {
  return new BakeError(
    'hcl_unsupported',
    `${problem}: let bake work it out, docker buildx bake --print | source-policy check --bake -`,
  )
}
