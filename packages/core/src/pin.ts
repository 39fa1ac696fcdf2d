import type { Pin } from './engine.ts'
import { CoreError } from './error.ts'
import type { Input } from './input.ts'
import { formatPath, valueAt } from './path.ts'
import type { Resolver } from './resolver.ts'
import type { Source } from './source.ts'
import { redactIdentifier } from './url.ts'

/**
 * The source that the pins of a policy lead to; undefined where they say what is known already.
 * Throws `invalid_pin` where they contradict each other or the source cannot be pinned.
 */
export function convertedBy(
  pins: readonly Pin[],
  { source, resolver, input }: { source: Source; resolver: Resolver; input: Input },
): Source | undefined {
  const open = pins.filter(pin => valueAt(input, [...pin.path, 'checksum']) !== pin.digest)
  const digests = [...new Set(open.map(pin => pin.digest))].sort()
  const [digest] = digests
  if (digest === undefined) return undefined
  if (digests.length > 1) {
    throw new CoreError(
      'invalid_pin',
      `multiple image pins set to ${redactIdentifier(source.identifier)}: ${digests.join(', ')}`,
    )
  }
  const foreign = open.find(pin => pin.path.length !== 1)
  if (foreign !== undefined) {
    throw new CoreError(
      'invalid_pin',
      `cannot pin ${formatPath(foreign.path)}: it is a material of ${redactIdentifier(source.identifier)}`,
    )
  }
  if (resolver.pin === undefined)
    throw new CoreError('invalid_pin', `cannot pin non-image source: "${redactIdentifier(source.identifier)}"`)
  return resolver.pin(source, digest)
}
