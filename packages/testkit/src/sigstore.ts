import { type KeyObject, sign } from 'node:crypto'
import {
  type Certified,
  extension,
  generateP256,
  issueCertificate,
  type KeyPair,
  PURPOSES,
  sha256,
  signCertificate,
  spkiOf,
  toPEM,
} from './sigstore-certificates.ts'
import { der } from './sigstore-der.ts'
import { createLog, type TransparencyLog } from './sigstore-log.ts'
import { createSigner, type SigstoreSigner } from './sigstore-signer.ts'
import { createTimestampAuthority, type TimestampAuthority } from './sigstore-timestamps.ts'

/** Who a certificate is for: a workflow, or a person. */
export interface SigstoreIdentity {
  /** A URI, or an e-mail address. */
  readonly subject: string
  /** OIDC issuer. */
  readonly issuer: string
  /** By the number of Fulcio's extension: `{ 12: 'https://github.com/acme/app' }`. */
  readonly extensions?: Readonly<Record<number, string>>
}

export interface IssueOptions {
  /** When the certificate begins to be valid, for ten minutes; default: now. */
  readonly notBefore?: Date
  /** How many logs promise to publish it: 1, or 0. Default: 1. */
  readonly scts?: number
  /** Default: code signing. */
  readonly purpose?: string
}

/** A Sigstore instance of its own: certificate authority, logs, timestamp authority; in memory, without any server. */
export interface Sigstore {
  /** What to trust: trusted_root.json. */
  readonly trustedRoot: string
  /** A signer with a certificate, as for keyless signatures. */
  issue(identity: SigstoreIdentity, options?: IssueOptions): SigstoreSigner
  /** What Fulcio answers somebody who has a key: certificates in PEM, that of the key first, the root last. */
  certify(publicKey: KeyObject, identity: SigstoreIdentity, options?: IssueOptions): readonly string[]
  /** A signer with a key of its own: ECDSA, RSA or Ed25519. Default: a new one on P-256. */
  withKey(keys?: KeyPair, options?: { readonly hash?: string }): SigstoreSigner
  readonly logs: { readonly rekor1: TransparencyLog; readonly rekor2: TransparencyLog }
  readonly timestampAuthority: TimestampAuthority
}

export interface SigstoreOptions {
  /** Names of its certificate authority. Default: as the public instance has, so that kinds of signatures can be tried. */
  readonly organization?: string
  readonly intermediate?: string
}

const VALIDITY = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2049-01-01T00:00:00Z') }
const LIFETIME_MS = 10 * 60_000

export function createSigstore(options: SigstoreOptions = {}): Sigstore {
  const { organization = 'sigstore.dev', intermediate = 'sigstore-intermediate' } = options
  const root = issueCertificate({
    ...VALIDITY,
    name: [
      ['O', organization],
      ['CN', 'sigstore'],
    ],
    extensions: [extension.authority(1), extension.usage('issue')],
  })
  const issuer = issueCertificate(
    {
      ...VALIDITY,
      name: [
        ['O', organization],
        ['CN', intermediate],
      ],
      extensions: [extension.authority(0), extension.usage('issue'), extension.purpose(PURPOSES.codeSigning)],
    },
    root,
  )
  const logs = { rekor1: createLog(1), rekor2: createLog(2) }
  const ctLog = generateP256()
  const timestampAuthority = createTimestampAuthority(VALIDITY)
  const evidence = { logs, timestampAuthority }

  function certifyKey(
    publicKey: KeyObject,
    identity: SigstoreIdentity,
    { notBefore = new Date(), scts = 1, purpose = PURPOSES.codeSigning }: IssueOptions,
  ) {
    const { certificate } = signCertificate(
      {
        name: [],
        publicKey,
        notBefore,
        notAfter: new Date(notBefore.getTime() + LIFETIME_MS),
        extensions: [extension.usage('sign'), extension.purpose(purpose), ...identityExtensions(identity)],
      },
      issuer,
      tbs => (scts > 0 ? [promise(tbs, issuer, ctLog, notBefore)] : []),
    )
    return { certificate, notBefore }
  }

  return {
    ...evidence,
    trustedRoot: JSON.stringify(trustedRootOf({ chain: [issuer, root], logs, ctLog, timestampAuthority }), null, 2),
    issue(identity, given = {}) {
      const keys = generateP256()
      const { certificate, notBefore } = certifyKey(keys.publicKey, identity, given)
      return createSigner({ keys, evidence, certificate, at: notBefore })
    },
    certify(publicKey, identity, given = {}) {
      const { certificate } = certifyKey(publicKey, identity, given)
      return [certificate, issuer.certificate, root.certificate].map(bytes => toPEM('CERTIFICATE', bytes))
    },
    withKey: (keys = generateP256(), { hash } = {}) =>
      createSigner({ keys, evidence, at: new Date(), ...(hash !== undefined && { hash }) }),
  }
}

/** @see https://github.com/sigstore/fulcio/blob/v1.8.0/docs/oid-info.md */
function identityExtensions({ subject, issuer, extensions = {} }: SigstoreIdentity): Buffer[] {
  const name = der.implicit(subject.includes('://') ? 6 : 1, Buffer.from(subject))
  return [
    extension.of('2.5.29.17', der.sequence(name), true),
    extension.of('1.3.6.1.4.1.57264.1.1', Buffer.from(issuer)),
    ...Object.entries({ 8: issuer, ...extensions }).map(([number, value]) =>
      extension.of(`1.3.6.1.4.1.57264.1.${number}`, der.utf8(value)),
    ),
  ]
}

/** A signed certificate timestamp, as an extension. @see https://www.rfc-editor.org/rfc/rfc6962#section-3.2 */
function promise(tbs: Buffer, issuer: Certified, log: KeyPair, at: Date): Buffer {
  const time = Buffer.alloc(8)
  time.writeBigUInt64BE(BigInt(at.getTime()))
  const logID = sha256(spkiOf(log.publicKey))
  const signed = Buffer.concat([
    Buffer.of(0, 0),
    time,
    Buffer.of(0, 1),
    sha256(spkiOf(issuer.publicKey)),
    sized(tbs, 3),
    Buffer.of(0, 0),
  ])
  const signature = sign('sha256', signed, log.privateKey)
  const sct = Buffer.concat([Buffer.of(0), logID, time, Buffer.of(0, 0, 4, 3), sized(signature, 2)])
  return extension.of('1.3.6.1.4.1.11129.2.4.2', der.octets(sized(sized(sct, 2), 2)))
}

function sized(content: Buffer, bytes: number): Buffer {
  const length = Buffer.alloc(bytes)
  length.writeUIntBE(content.length, 0, bytes)
  return Buffer.concat([length, content])
}

interface Authorities extends Pick<Sigstore, 'logs' | 'timestampAuthority'> {
  readonly chain: readonly Certified[]
  readonly ctLog: KeyPair
}

function trustedRootOf({ chain, logs, ctLog, timestampAuthority }: Authorities): object {
  const validFor = { start: VALIDITY.notBefore.toISOString() }
  const log = (url: string, { publicKey }: KeyPair, logID: Buffer, keyDetails: string) => ({
    baseUrl: url,
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: spkiOf(publicKey).toString('base64'), keyDetails, validFor },
    logId: { keyId: logID.toString('base64') },
  })
  const authority = (uri: string, certificates: readonly Certified[]) => ({
    subject: { organization: 'testkit', commonName: uri },
    uri,
    certChain: { certificates: certificates.map(({ certificate }) => ({ rawBytes: certificate.toString('base64') })) },
    validFor,
  })
  const { rekor1, rekor2 } = logs
  const ctLogID = sha256(spkiOf(ctLog.publicKey))
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [
      log(rekor1.url, rekor1.keys, rekor1.logID, 'PKIX_ECDSA_P256_SHA_256'),
      log(rekor2.url, rekor2.keys, rekor2.logID, 'PKIX_ED25519'),
    ],
    certificateAuthorities: [authority('https://fulcio.testkit.example', chain)],
    ctlogs: [log('https://ctlog.testkit.example', ctLog, ctLogID, 'PKIX_ECDSA_P256_SHA_256')],
    timestampAuthorities: [authority(timestampAuthority.url, timestampAuthority.chain)],
  }
}
