import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { der } from './sigstore-der.ts'

export interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export interface Certificate {
  readonly certificate: Buffer
  readonly name: Buffer
  readonly serial: Buffer
  /** DER of the issuer's name. */
  readonly issuerName: Buffer
}

/** A certificate with the key that it is for. */
export interface Certified extends Certificate, KeyPair {}

export interface CertificateContent {
  /** Distinguished name: attributes in order. */
  readonly name: readonly (readonly ['O' | 'CN', string])[]
  readonly publicKey: KeyObject
  readonly notBefore: Date
  readonly notAfter: Date
  /** In place of the usual ones for the kind of certificate. */
  readonly extensions: readonly Buffer[]
}

const ECDSA_SHA256 = der.sequence(der.oid('1.2.840.10045.4.3.2'))
const attributes = { O: '2.5.4.10', CN: '2.5.4.3' } as const

export const sha256 = (...parts: readonly Uint8Array[]) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

export const spkiOf = (key: KeyObject) => key.export({ type: 'spki', format: 'der' })
export const generateP256 = (): KeyPair => generateKeyPairSync('ec', { namedCurve: 'P-256' })

export const toPEM = (label: string, bytes: Uint8Array) => {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/** Extensions. @see https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1 */
export const extension = {
  of: (oid: string, value: Uint8Array, critical = false) =>
    der.sequence(der.oid(oid), ...(critical ? [der.boolean(true)] : []), der.octets(value)),
  authority: (pathLength?: number) =>
    extension.of(
      '2.5.29.19',
      der.sequence(der.boolean(true), ...(pathLength === undefined ? [] : [der.integer(pathLength)])),
      true,
    ),
  usage: (use: 'sign' | 'issue') =>
    extension.of('2.5.29.15', use === 'sign' ? der.flags(0b1000_0000, 7) : der.flags(0b0000_0110, 1), true),
  purpose: (oid: string, critical = false) => extension.of('2.5.29.37', der.sequence(der.oid(oid)), critical),
}

export const PURPOSES = { codeSigning: '1.3.6.1.5.5.7.3.3', timeStamping: '1.3.6.1.5.5.7.3.8' } as const

/** A certificate by `issuer`. `amend` adds to what would be signed, given that: promises of logs. */
export function signCertificate(
  content: CertificateContent,
  issuer: KeyPair & Pick<Certificate, 'name'>,
  amend: (toBeSigned: Buffer) => Buffer[] = () => [],
): Certificate {
  const name = nameOf(content.name)
  const serial = Buffer.concat([Buffer.of(0x40), randomBytes(15)])
  const keyID = (key: KeyObject) => sha256(spkiOf(key)).subarray(0, 20)
  const extensions = [
    ...content.extensions,
    extension.of('2.5.29.14', der.octets(keyID(content.publicKey))),
    extension.of('2.5.29.35', der.sequence(der.implicit(0, keyID(issuer.publicKey)))),
  ]
  const toBeSigned = (more: readonly Buffer[]) =>
    der.sequence(
      der.explicit(0, der.integer(2)),
      der.integer(serial),
      ECDSA_SHA256,
      issuer.name,
      der.sequence(der.utcTime(content.notBefore), der.utcTime(content.notAfter)),
      name,
      spkiOf(content.publicKey),
      der.explicit(3, der.sequence(...extensions, ...more)),
    )
  const tbs = toBeSigned(amend(toBeSigned([])))
  const signature = sign('sha256', tbs, issuer.privateKey)
  const certificate = der.sequence(tbs, ECDSA_SHA256, der.bits(signature))
  return { certificate, name, serial, issuerName: issuer.name }
}

/** A certificate for a new key, by `issuer`, or by that key. */
export function issueCertificate(content: Omit<CertificateContent, 'publicKey'>, issuer?: Certified): Certified {
  const keys = generateP256()
  const signer = issuer ?? { ...keys, name: nameOf(content.name) }
  return { ...keys, ...signCertificate({ ...content, publicKey: keys.publicKey }, signer) }
}

function nameOf(parts: CertificateContent['name']): Buffer {
  return der.sequence(
    ...parts.map(([attribute, value]) => der.set(der.sequence(der.oid(attributes[attribute]), der.utf8(value)))),
  )
}
