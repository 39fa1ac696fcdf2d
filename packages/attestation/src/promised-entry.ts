import { verify } from 'node:crypto'
import type { TransparencyLogEntry } from '@sigstore/bundle'
import { json } from '@sigstore/core'
import { sha256 } from './check-signature.ts'
import { isObject } from './json.ts'
import type { SignedContent } from './signed-content.ts'
import type { LogAuthority } from './trust-material.ts'

/*
 * Entries of kind intoto 0.0.1: what cosign made for attestations until 2023. They have the digest of the envelope in place of the
 * signature in it, cosign kept nothing of them but the promise, and @sigstore/verify does not know them.
 */

/** Checks that the log promised the entry, and that it is of the envelope. Throws a plain error where that does not hold. */
export function checkPromisedEntry(
  entry: TransparencyLogEntry,
  spec: unknown,
  { document, isLoggedAs }: SignedContent,
  log: LogAuthority,
): void {
  const { inclusionPromise, inclusionProof, integratedTime, logIndex, logId, canonicalizedBody } = entry
  if (inclusionPromise === undefined || inclusionProof !== undefined) throw new Error('expected a promise alone')
  const at = new Date(Number(integratedTime) * 1000)
  if (!(log.validFor.start <= at && at <= log.validFor.end)) throw new Error('the key of the log was not valid then')
  const promised = json.canonicalize({
    body: canonicalizedBody.toString('base64'),
    integratedTime: Number(integratedTime),
    logIndex: Number(logIndex),
    logID: logId.keyId.toString('hex'),
  })
  const { signedEntryTimestamp } = inclusionPromise
  if (!verify('sha256', Buffer.from(promised), log.publicKey, signedEntryTimestamp)) {
    throw new Error('inclusion promise could not be verified')
  }
  const content = isObject(spec) && isObject(spec.content) ? spec.content : {}
  if (document === undefined || !sha256(document).equals(digestIn(content.hash))) throw new Error('another envelope')
  if (!isLoggedAs('intoto', digestIn(content.payloadHash))) throw new Error('another payload')
}

function digestIn(hash: unknown): Buffer {
  if (isObject(hash) && hash.algorithm === 'sha256' && typeof hash.value === 'string')
    return Buffer.from(hash.value, 'hex')
  throw new Error('a digest that is none')
}
