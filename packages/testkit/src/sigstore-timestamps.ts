import { sign } from 'node:crypto'
import { type Certified, extension, issueCertificate, PURPOSES, sha256 } from './sigstore-certificates.ts'
import { der } from './sigstore-der.ts'

/** A timestamp authority in memory. */
export interface TimestampAuthority {
  readonly url: string
  /** Its own certificate, and that of who issued it. */
  readonly chain: readonly [signer: Certified, root: Certified]
  /** A response by RFC 3161: it saw these bytes then. */
  stamp(data: Uint8Array, at: Date, options?: { readonly embedCertificate?: boolean }): Buffer
}

const SHA256 = der.sequence(der.oid('2.16.840.1.101.3.4.2.1'))
const ECDSA_SHA256 = der.sequence(der.oid('1.2.840.10045.4.3.2'))
const TST_INFO = der.oid('1.2.840.113549.1.9.16.1.4')

const attribute = (oid: string, value: Buffer) => der.sequence(der.oid(oid), der.set(value))

/** @see https://www.rfc-editor.org/rfc/rfc3161#section-2.4.2 */
export function createTimestampAuthority(validity: { notBefore: Date; notAfter: Date }): TimestampAuthority {
  const root = issueCertificate({
    ...validity,
    name: [
      ['O', 'testkit'],
      ['CN', 'timestamps root'],
    ],
    extensions: [extension.authority(), extension.usage('issue')],
  })
  const signer = issueCertificate(
    {
      ...validity,
      name: [
        ['O', 'testkit'],
        ['CN', 'timestamps'],
      ],
      extensions: [extension.usage('sign'), extension.purpose(PURPOSES.timeStamping, true)],
    },
    root,
  )
  return {
    url: 'https://timestamp.testkit.example/api/v1/timestamp',
    chain: [signer, root],
    stamp(data, at, { embedCertificate = false } = {}) {
      const info = der.sequence(
        der.integer(1),
        der.oid('1.3.6.1.4.1.57264.2'),
        der.sequence(SHA256, der.octets(sha256(data))),
        der.integer(4711),
        der.time(at),
      )
      const attributes = [
        attribute('1.2.840.113549.1.9.3', TST_INFO),
        attribute('1.2.840.113549.1.9.4', der.octets(sha256(info))),
        // which certificate, so that no other with its key will do
        attribute(
          '1.2.840.113549.1.9.16.2.47',
          der.sequence(der.sequence(der.sequence(der.octets(sha256(signer.certificate))))),
        ),
      ]
      const signature = sign('sha256', der.set(...attributes), signer.privateKey)
      const signerInfo = der.sequence(
        der.integer(1),
        der.sequence(signer.issuerName, der.integer(signer.serial)),
        SHA256,
        der.explicit(0, ...attributes),
        ECDSA_SHA256,
        der.octets(signature),
      )
      const signedData = der.sequence(
        der.integer(3),
        der.set(SHA256),
        der.sequence(TST_INFO, der.explicit(0, der.octets(info))),
        ...(embedCertificate ? [der.explicit(0, signer.certificate)] : []),
        der.set(signerInfo),
      )
      const token = der.sequence(der.oid('1.2.840.113549.1.7.2'), der.explicit(0, signedData))
      return der.sequence(der.sequence(der.integer(0)), token)
    },
  }
}
