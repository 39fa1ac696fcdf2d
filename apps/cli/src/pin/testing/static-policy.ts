import type { Source } from '@source-policy/core'
import type { BuildKitPolicy } from '../closed-policy.ts'

type Named = Pick<Source, 'identifier' | 'attrs'>

/** Passes over the rules before BuildKit gives up. */
const MAX_PASSES = 20

/**
 * What becomes of a source under a policy, as far as this command writes them; for tests. Undefined where it is denied; throws where
 * BuildKit would find too many conversions.
 *
 * @see https://github.com/moby/buildkit/blob/master/sourcepolicy/engine.go
 */
export function applyStatically({ rules }: BuildKitPolicy, source: Named): Named | undefined {
  let { identifier, attrs } = source
  for (let pass = 0; pass <= MAX_PASSES; pass++) {
    let isDenied = false
    let isChanged = false
    for (const { action, selector, updates } of rules) {
      const { identifier: pattern, match_type: type, constraints = [] } = selector
      if (!constraints.every(({ key, value }) => (attrs[key] ?? '') === value)) continue
      if (pattern !== identifier && (type === 'EXACT' || !new RegExp(pattern).test(identifier))) continue
      if (action !== 'CONVERT') {
        isDenied = action === 'DENY'
        continue
      }
      const to = { identifier: updates?.identifier ?? identifier, attrs: { ...attrs, ...updates?.attrs } }
      if (to.identifier === identifier && JSON.stringify(to.attrs) === JSON.stringify(attrs)) continue
      ;({ identifier, attrs } = to)
      isChanged = true
      break
    }
    if (!isChanged) return isDenied ? undefined : { identifier, attrs }
  }
  throw new Error('too many mutations on a single source')
}
