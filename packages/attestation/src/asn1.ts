import { ASN1Obj } from '@sigstore/core'

/** The one value that DER holds. Throws for anything behind it. */
export function parseDER(der: Uint8Array): ASN1Obj {
  const value = ASN1Obj.parseBuffer(Buffer.from(der))
  if (value.toDER().length !== der.length) throw new Error('not in distinguished encoding')
  return value
}
