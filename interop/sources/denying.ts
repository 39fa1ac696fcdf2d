import { createEvaluator, type Policy, type Resolver, type Run, type Source } from '@source-policy/core'
import { opaEngine } from '@source-policy/engine-opa'

/** Denies what is exactly so: whoever can keep the fact away, or take it for absent, would be allowed. */
export async function denyingPolicy(condition: string): Promise<Policy> {
  const text = `package docker\n\nbad if ${condition}\n\ndefault allow := false\n\nallow if not bad\n\ndecision := {"allow": allow}\n`
  const root = { read: async () => undefined }
  return opaEngine().load({ name: 'denying', files: [{ path: 'denying.rego', text }], root, origin: 'operator' })
}

/** What is wrong with a decision where the truth is a denial: that it allows. */
export async function wronglyAllowed(policy: Policy, source: Source, resolver: Resolver, run: Run): Promise<string[]> {
  const { decision } = await createEvaluator({ policies: [policy], resolvers: [resolver] }).evaluate(source, { run })
  if (decision.kind === 'deny' || decision.kind === 'undecided') return []
  return [`decided ${decision.kind} without the fact that denies`]
}
