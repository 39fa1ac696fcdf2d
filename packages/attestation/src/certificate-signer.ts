import type { ASN1Obj } from '@sigstore/core'
import { parseDER } from './asn1.ts'
import { type Certificate, EXTENSIONS } from './certificate.ts'
import type { Signer, SignerName } from './signer.ts'

/** Prefix of the extensions that Fulcio writes. @see https://github.com/sigstore/fulcio/blob/v1.8.0/docs/oid-info.md */
const FULCIO = '1.3.6.1.4.1.57264.1.'

type Field = Exclude<keyof Signer, 'names' | 'certificateIssuer' | 'subjectAlternativeName' | 'issuer'>

const fulcioFields: Readonly<Record<number, Field>> = {
  9: 'buildSignerURI',
  10: 'buildSignerDigest',
  11: 'runnerEnvironment',
  12: 'sourceRepositoryURI',
  13: 'sourceRepositoryDigest',
  14: 'sourceRepositoryRef',
  15: 'sourceRepositoryIdentifier',
  16: 'sourceRepositoryOwnerURI',
  17: 'sourceRepositoryOwnerIdentifier',
  18: 'buildConfigURI',
  19: 'buildConfigDigest',
  20: 'buildTrigger',
  21: 'runInvocationURI',
  22: 'sourceRepositoryVisibilityAtSigning',
}

/** Who a certificate says that its key belongs to. Throws an error of whatever kind where that is malformed. */
export function readSigner({ issuer, extensions }: Certificate): Signer {
  const alternatives = extensions.get(EXTENSIONS.subjectAltName)
  const names = alternatives === undefined ? [] : parseDER(alternatives.value).subs.flatMap(nameOf)
  const named = (type: SignerName['type']) => names.find(name => name.type === type)?.value
  const text = (number: number) => {
    const extension = extensions.get(FULCIO + number)
    return extension && utf8(parseDER(extension.value).value)
  }
  // the first of them was written without a wrapping
  const oldIssuer = extensions.get(`${FULCIO}1`)?.value
  const oidcIssuer = text(8) ?? (oldIssuer && utf8(oldIssuer))
  const fields = Object.entries(fulcioFields).map(([number, field]) => [field, text(Number(number))] as const)
  return {
    certificateIssuer: formatName(parseDER(issuerSequence(issuer))),
    subjectAlternativeName: named('uri') ?? named('email') ?? named('other') ?? names[0]?.value ?? '',
    ...(oidcIssuer !== undefined && { issuer: oidcIssuer }),
    ...Object.fromEntries(fields.filter(([, value]) => value !== undefined)),
    names,
  }
}

/** The members of a name, without the sequence around them: `X509Certificate` gives only those. */
function issuerSequence(members: Buffer): Buffer {
  const length = members.length < 0x80 ? [members.length] : [0x82, members.length >> 8, members.length & 0xff]
  return Buffer.concat([Buffer.of(0x30, ...length), members])
}

/** Kinds of names by their tag. @see https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.6 */
const kinds: Readonly<Record<number, SignerName['type']>> = { 1: 'email', 2: 'dns', 6: 'uri' }

/** Fulcio's names that are neither URI nor e-mail address. */
const OTHER_NAME = `${FULCIO}7`

function nameOf(name: ASN1Obj): SignerName[] {
  if (name.tag.isContextSpecific(0)) {
    const [type, value] = name.subs
    if (type?.toOID() !== OTHER_NAME) return []
    return [{ type: 'other', value: utf8(value!.subs[0]!.value) }]
  }
  const type = Object.entries(kinds).find(([tag]) => name.tag.isContextSpecific(Number(tag)))?.[1]
  return type === undefined ? [] : [{ type, value: ascii(name.value) }]
}

function ascii(bytes: Buffer): string {
  if (bytes.some(byte => byte < 0x20 || byte > 0x7e)) throw new Error('name with other characters than ASCII')
  return bytes.toString('latin1')
}

function utf8(bytes: Buffer): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
}

/** Attributes in the order and by the names of Go's pkix.Name, which policies are written against. */
const attributes: readonly (readonly [oid: string, name: string])[] = [
  ['2.5.4.5', 'SERIALNUMBER'],
  ['2.5.4.3', 'CN'],
  ['2.5.4.17', 'POSTALCODE'],
  ['2.5.4.9', 'STREET'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.7', 'L'],
  ['2.5.4.11', 'OU'],
  ['2.5.4.10', 'O'],
  ['2.5.4.6', 'C'],
]

/** `CN=sigstore-intermediate,O=sigstore.dev`. @see https://www.rfc-editor.org/rfc/rfc2253#section-2 */
function formatName(name: ASN1Obj): string {
  const found = name.subs.flatMap(({ subs }) =>
    subs.map(({ subs: [type, value] }) => ({ oid: type!.toOID(), value: value! })),
  )
  const known = attributes.flatMap(([oid, short]) => {
    const values = found.filter(attribute => attribute.oid === oid).map(({ value }) => escapeValue(utf8(value.value)))
    return values.length > 0 ? [values.map(value => `${short}=${value}`).join('+')] : []
  })
  const others = found
    .filter(({ oid }) => !attributes.some(([known]) => known === oid))
    .map(({ oid, value }) => `${oid}=#${value.toDER().toString('hex')}`)
  return [...known, ...others.toReversed()].join(',')
}

function escapeValue(value: string): string {
  return value.replace(/^[ #]|[,+"\\<>;]| $/g, character => `\\${character}`)
}
