import type { Signer as CertifiedSigner, TrustRoot } from '@source-policy/attestation'
import { type CommitInput, type SignerInput, toCodedError } from '@source-policy/core'
import { decodeArmor, SignatureError, type Signer } from '@source-policy/signature'
import type { GitObject } from './git-hash.ts'
import { type ParsedObject, parseObject, SIGNED_MESSAGE } from './object.ts'

/** Finds the authorities that are trusted, when they are first needed. */
export type TrustRootFinder = () => readonly TrustRoot[] | Promise<readonly TrustRoot[]>

type SignatureInput = NonNullable<CommitInput['signature']>

export interface X509Options {
  readonly trustRoots: TrustRootFinder | undefined
  readonly now: Date
}

/**
 * What a commit or tag says of its signature by X.509, and who is proved to have made it; else the reason. Nothing where it has
 * none. Never throws.
 */
export async function x509Fields(
  object: GitObject,
  { trustRoots, now }: X509Options,
): Promise<{ readonly signature?: SignatureInput; readonly problem?: string }> {
  const { signature, signedData } = parseObject(object)
  if (!signature.startsWith(`-----BEGIN ${SIGNED_MESSAGE}-----`)) return {}
  const { fingerprintCMSSigner, publicGoodTrustRoot, verifyCMS } = await import('@source-policy/attestation')
  let key: string | undefined
  try {
    const { data: der } = decodeArmor(signature)
    key = await fingerprintCMSSigner(der)
    const trusted = (await trustRoots?.()) ?? [await publicGoodTrustRoot()]
    const { signer } = await verifyCMS(der, { data: signedData, trustRoots: trusted, now })
    return { signature: { kind: 'x509', key, ...(signer && { signer: shownSigner(signer) }) } }
  } catch (error) {
    return { signature: { kind: 'x509', ...(key !== undefined && { key }) }, problem: toCodedError(error).message }
  }
}

function shownSigner({ names: _, ...signer }: CertifiedSigner): SignerInput {
  return signer
}

/** Who signed, and for a certificate who vouched for that. */
export type X509Signer = Signer & { readonly issuer?: string }

/** Proves that an authority of a trusted_root.json vouches for who signed. Throws coded errors. */
export async function verifyX509(
  { signature, signedData }: Pick<ParsedObject, 'signature' | 'signedData'>,
  trustedRoot: Uint8Array,
  now: Date,
): Promise<X509Signer> {
  const { data: der } = decodeArmor(signature)
  const text = Buffer.from(trustedRoot).toString('utf8')
  if (!text.trimStart().startsWith('{')) {
    throw new SignatureError(
      'malformed_key',
      'the signature is by X.509: expected a trusted_root.json for a file of keys',
    )
  }
  const { fingerprintCMSSigner, parseTrustRoot, verifyCMS } = await import('@source-policy/attestation')
  const root = await parseTrustRoot(text, { name: 'file of keys' })
  const { signer, timestamps } = await verifyCMS(der, { data: signedData, trustRoots: [root], now })
  const [first] = timestamps
  return {
    kind: 'x509',
    key: await fingerprintCMSSigner(der),
    names: signer!.names.map(({ value }) => value),
    ...(signer!.issuer !== undefined && { issuer: signer!.issuer }),
    ...(first && { signedAt: first.timestamp }),
  }
}
