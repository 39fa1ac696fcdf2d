import type { TrustRoot } from '@source-policy/attestation'
import type { Run } from '@source-policy/core'
import type { RegistryContext } from '@source-policy/oci'

/** The roots that signatures are verified by, where a policy names none: asked for when the first signature is looked at. */
export type TrustRoots = (context: { readonly run: Run; readonly signal: AbortSignal }) => Promise<readonly TrustRoot[]>

export const publicGoodOnly: TrustRoots = async () => {
  const { publicGoodTrustRoot } = await import('@source-policy/attestation')
  return [await publicGoodTrustRoot()]
}

/** The time of the run, which policies see as well. */
export function timeOf({ run }: Pick<RegistryContext, 'run'>): Date {
  return new Date(Number(run.time / 1_000_000n))
}
