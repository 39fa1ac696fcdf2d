import type { Overruled } from '@source-policy/core'

/** How a denial that does not count is told: `waived by W-1 until 2027-01-31 (ops): the reason`. */
export function overruledText({ policy, messages, by }: Overruled): string[] {
  const what = messages.length > 0 ? messages : [`denied by ${policy}`]
  const why =
    by === 'warn mode' ? `${policy} only warns` : `waived by ${by.id} until ${by.expires} (${by.owner}): ${by.reason}`
  return [...what, why]
}
