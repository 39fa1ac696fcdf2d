import { AttestationError } from './error.ts'
import { decodeBounded } from './json.ts'
import { MAX_TRUST_ROOT_BYTES } from './limits.ts'
import type { TrustMaterial } from './trust-material.ts'
import type { Thresholds } from './verified-signature.ts'

/** The authorities that somebody trusts: certificate authorities, transparency logs, timestamp authorities. */
export interface TrustRoot {
  /** For results and errors. */
  readonly name: string
  /** It is the root of the public Sigstore instance, so that its names of issuers mean what docker buildx takes them for. */
  readonly publicGood: boolean
  /** When it was known to be current, to tell its age by. */
  readonly asOf?: Date
  /** Parsed once, and for this package alone. */
  readonly material: TrustMaterial
}

export interface ParseTrustRootOptions {
  readonly name: string
  /** Default: false. */
  readonly publicGood?: boolean
  readonly asOf?: Date
}

/**
 * The trust root in a trusted_root.json. Certificates and keys are parsed here, once, and chains that were verified are remembered:
 * keep it for as long as it is used. Members that later versions of the format add are not looked at; those that are known have to be
 * well formed. Throws `too_large`, `invalid_json` and `invalid_trust_root`, also where the key of a log does not say since when it is valid.
 *
 * @see https://github.com/sigstore/protobuf-specs/blob/v0.5.0/protos/sigstore_trustroot.proto
 */
export async function parseTrustRoot(source: Uint8Array | string, options: ParseTrustRootOptions): Promise<TrustRoot> {
  const { name, publicGood = false, asOf } = options
  const document = decodeBounded(source, { what: `trust root ${name}`, maxBytes: MAX_TRUST_ROOT_BYTES })
  const { readTrustMaterial } = await import('./trust-material.ts')
  const fail = (problem: string, cause?: unknown): never => {
    throw new AttestationError('invalid_trust_root', `reading trust root ${name}: ${problem}`, { cause })
  }
  return { name, publicGood, ...(asOf && { asOf }), material: readTrustMaterial(document, fail) }
}

/** What can be asked of signatures that a trust root vouches for: a time always, logs where it has any. */
export function thresholdsOf({ material }: TrustRoot): Thresholds {
  return { tlog: Math.min(1, material.logs.length), sct: Math.min(1, material.ctLogs.length), timestamp: 1 }
}

let publicGood: Promise<TrustRoot> | undefined

/** The root of the public Sigstore instance as it was at `asOf`, embedded in this package; parsed with the first call. */
export function publicGoodTrustRoot(): Promise<TrustRoot> {
  publicGood ??= (async () => {
    const { PUBLIC_GOOD_AS_OF, PUBLIC_GOOD_TRUSTED_ROOT } = await import('./public-good.ts')
    return parseTrustRoot(PUBLIC_GOOD_TRUSTED_ROOT, {
      name: 'public-good',
      publicGood: true,
      asOf: new Date(PUBLIC_GOOD_AS_OF),
    })
  })()
  return publicGood
}
