import { createHash, type KeyObject, sign } from 'node:crypto'
import { type KeyPair, sha256, spkiOf, toPEM } from './sigstore-certificates.ts'
import type { LogBody, LogEntryJSON, TransparencyLog } from './sigstore-log.ts'
import { attributeSet, signedAttributes, signedMessage } from './sigstore-message.ts'
import type { TimestampAuthority } from './sigstore-timestamps.ts'

/** What goes along with a signature. */
export interface EvidenceOptions {
  /** Which log writes it down. Default: `rekor1`. */
  readonly log?: 'rekor1' | 'rekor2' | 'none'
  /** Whether the timestamp authority saw it. Default: with `rekor2` and without a log, whose entries have no time. */
  readonly timestamp?: boolean
  /** When it was signed. Default: a minute after the certificate begins to be valid; now for keys. */
  readonly at?: Date
}

export interface BundleOptions extends EvidenceOptions {
  /** Default: 0.3. */
  readonly version?: '0.1' | '0.2' | '0.3'
}

/** What a layer of a cosign manifest is made of. */
export interface CosignLayerContent {
  readonly bytes: Buffer
  readonly annotations: Readonly<Record<string, string>>
}

/** Makes signatures, by a certificate or a key. */
export interface SigstoreSigner {
  readonly keys: KeyPair
  /** PEM. */
  readonly publicKey: string
  /** PEM. */
  readonly certificate?: string
  /** A Sigstore bundle, in JSON, over an artifact as it is. */
  signArtifact(artifact: Uint8Array, options?: BundleOptions): string
  /** A Sigstore bundle, in JSON, over a statement (or whatever stands for one). */
  signStatement(statement: object, options?: BundleOptions): string
  /** A layer of a `.sig` manifest for the digest (`sha256:...`) of an image. */
  signImage(digest: string, options?: SignImageOptions): CosignLayerContent
  /** A layer of an `.att` manifest. */
  attest(statement: object, options?: EvidenceOptions): CosignLayerContent
  /** A detached CMS signature, in DER, as gitsign puts it into commits and tags. Needs a certificate. */
  signMessage(data: Uint8Array, options?: EvidenceOptions): Buffer
}

export interface SignImageOptions extends EvidenceOptions {
  /** Default: `registry.example/app`. */
  readonly reference?: string
  readonly optional?: Readonly<Record<string, unknown>>
  /** Default: that of cosign. */
  readonly type?: string
}

interface SignerOptions {
  readonly keys: KeyPair
  readonly certificate?: Buffer
  readonly at: Date
  /** Default: SHA-256, and that of the curve's size for P-384 and P-521. */
  readonly hash?: string
  readonly evidence: {
    readonly logs: { readonly rekor1: TransparencyLog; readonly rekor2: TransparencyLog }
    readonly timestampAuthority: TimestampAuthority
  }
}

const IN_TOTO = 'application/vnd.in-toto+json'
const mediaTypes = {
  '0.1': 'application/vnd.dev.sigstore.bundle+json;version=0.1',
  '0.2': 'application/vnd.dev.sigstore.bundle+json;version=0.2',
  '0.3': 'application/vnd.dev.sigstore.bundle.v0.3+json',
} as const
const hashNames: Readonly<Record<string, string>> = { sha256: 'SHA2_256', sha384: 'SHA2_384', sha512: 'SHA2_512' }

export function createSigner({ keys, certificate, at: start, evidence, ...options }: SignerOptions): SigstoreSigner {
  const hash = options.hash ?? defaultHash(keys.publicKey)
  const isEd25519 = keys.publicKey.asymmetricKeyType === 'ed25519'
  const spki = spkiOf(keys.publicKey)
  const pem = certificate ? toPEM('CERTIFICATE', certificate) : toPEM('PUBLIC KEY', spki)
  const verifier = Buffer.from(pem).toString('base64')
  const digestOf = (bytes: Uint8Array, algorithm = hash) => createHash(algorithm).update(bytes).digest()
  const signBytes = (bytes: Uint8Array) => sign(isEd25519 ? null : hash, bytes, keys.privateKey)
  const rekor2Verifier = {
    keyDetails: 'PKIX_ECDSA_P256_SHA_256',
    ...(certificate
      ? { x509Certificate: { rawBytes: certificate.toString('base64') } }
      : { publicKey: { rawBytes: spki.toString('base64') } }),
  }

  const gather = (
    {
      log = 'rekor1',
      timestamp = log !== 'rekor1',
      at = certificate ? new Date(start.getTime() + 60_000) : start,
    }: EvidenceOptions,
    body: { readonly rekor1: LogBody; readonly rekor2: LogBody },
    stamped: Uint8Array,
  ) => ({
    entry: log === 'none' ? undefined : evidence.logs[log].add(body[log], at),
    stamp: timestamp ? evidence.timestampAuthority.stamp(stamped, at) : undefined,
  })

  const bundle = (content: object, { entry, stamp }: ReturnType<typeof gather>, version: keyof typeof mediaTypes) =>
    JSON.stringify({
      mediaType: mediaTypes[version],
      verificationMaterial: {
        ...(certificate === undefined
          ? { publicKey: { hint: sha256(spki).toString('base64') } }
          : version === '0.3'
            ? { certificate: { rawBytes: certificate.toString('base64') } }
            : { x509CertificateChain: { certificates: [{ rawBytes: certificate.toString('base64') }] } }),
        tlogEntries: entry === undefined ? [] : [entry],
        timestampVerificationData: {
          rfc3161Timestamps: stamp === undefined ? [] : [{ signedTimestamp: stamp.toString('base64') }],
        },
      },
      ...content,
    })

  const annotationsOf = (signature: string, { entry, stamp }: ReturnType<typeof gather>) => ({
    'dev.cosignproject.cosign/signature': signature,
    ...(certificate && { 'dev.sigstore.cosign/certificate': pem }),
    ...(entry && { 'dev.sigstore.cosign/bundle': JSON.stringify(cosignBundle(entry)) }),
    ...(stamp && {
      'dev.sigstore.cosign/rfc3161timestamp': JSON.stringify({ SignedRFC3161Timestamp: stamp.toString('base64') }),
    }),
  })

  const hashedRekord = (bytes: Uint8Array, signature: Buffer) => ({
    rekor1: {
      kind: 'hashedrekord',
      apiVersion: '0.0.1',
      spec: {
        data: { hash: { algorithm: hash, value: digestOf(bytes).toString('hex') } },
        signature: { content: signature.toString('base64'), publicKey: { content: verifier } },
      },
    },
    rekor2: {
      kind: 'hashedrekord',
      apiVersion: '0.0.2',
      spec: {
        hashedRekordV002: {
          data: { algorithm: hashNames[hash], digest: digestOf(bytes).toString('base64') },
          signature: { content: signature.toString('base64'), verifier: rekor2Verifier },
        },
      },
    },
  })

  /** A statement in an envelope, and how logs write it down. */
  const envelop = (statement: object) => {
    const payload = Buffer.from(JSON.stringify(statement))
    const signature = signBytes(
      Buffer.concat([Buffer.from(`DSSEv1 ${IN_TOTO.length} ${IN_TOTO} ${payload.length} `), payload]),
    )
    const envelope = {
      payloadType: IN_TOTO,
      payload: payload.toString('base64'),
      signatures: [{ keyid: '', sig: signature.toString('base64') }],
    }
    const bytes = Buffer.from(JSON.stringify(envelope))
    const logged = {
      rekor1: {
        kind: 'dsse',
        apiVersion: '0.0.1',
        spec: {
          envelopeHash: { algorithm: 'sha256', value: sha256(bytes).toString('hex') },
          payloadHash: { algorithm: 'sha256', value: sha256(payload).toString('hex') },
          signatures: [{ signature: signature.toString('base64'), verifier }],
        },
      },
      rekor2: {
        kind: 'dsse',
        apiVersion: '0.0.2',
        spec: {
          dsseV002: {
            payloadHash: { algorithm: 'SHA2_256', digest: sha256(payload).toString('base64') },
            signatures: [{ content: signature.toString('base64'), verifier: rekor2Verifier }],
          },
        },
      },
    }
    return { envelope, bytes, signature, logged }
  }

  return {
    keys,
    publicKey: toPEM('PUBLIC KEY', spki),
    ...(certificate && { certificate: pem }),
    signArtifact(artifact, { version = '0.3', ...options } = {}) {
      const signature = signBytes(artifact)
      const content = {
        messageSignature: {
          messageDigest: { algorithm: hashNames[hash], digest: digestOf(artifact).toString('base64') },
          signature: signature.toString('base64'),
        },
      }
      return bundle(content, gather(options, hashedRekord(artifact, signature), signature), version)
    },
    signStatement(statement, { version = '0.3', ...options } = {}) {
      const { envelope, signature, logged } = envelop(statement)
      return bundle({ dsseEnvelope: envelope }, gather(options, logged, signature), version)
    },
    signImage(digest, { reference = 'registry.example/app', optional, type, ...options } = {}) {
      const bytes = Buffer.from(
        JSON.stringify({
          critical: {
            identity: { 'docker-reference': reference },
            image: { 'docker-manifest-digest': digest },
            type: type ?? 'cosign container image signature',
          },
          optional: optional ?? null,
        }),
      )
      const signature = signBytes(bytes)
      const gathered = gather(options, hashedRekord(bytes, signature), signature)
      return { bytes, annotations: annotationsOf(signature.toString('base64'), gathered) }
    },
    signMessage(data, options = {}) {
      if (certificate === undefined) throw new TypeError('a CMS signature here needs a certificate')
      const attributes = signedAttributes(data, options.at ?? start)
      const signed = attributeSet(attributes)
      const signature = signBytes(signed)
      const gathered = gather(options, hashedRekord(signed, signature), signature)
      return signedMessage({ certificate, attributes, signature, ...gathered })
    },
    attest(statement, options = {}) {
      const { bytes, logged } = envelop(statement)
      // cosign has the envelope stamped, and leaves the signature in it
      return { bytes, annotations: annotationsOf('', gather(options, logged, bytes)) }
    },
  }
}

/** An entry as cosign annotates it: only what Rekor 1 promises. */
function cosignBundle(entry: LogEntryJSON): object {
  if (entry.inclusionPromise === undefined) return { verificationMaterial: { tlogEntries: [entry] } }
  return {
    SignedEntryTimestamp: entry.inclusionPromise.signedEntryTimestamp,
    Payload: {
      body: entry.canonicalizedBody,
      integratedTime: Number(entry.integratedTime),
      logIndex: Number(entry.logIndex),
      logID: Buffer.from(entry.logId.keyId, 'base64').toString('hex'),
    },
  }
}

function defaultHash({ asymmetricKeyDetails }: KeyObject): string {
  const curves: Readonly<Record<string, string>> = { secp384r1: 'sha384', secp521r1: 'sha512' }
  return curves[asymmetricKeyDetails?.namedCurve ?? ''] ?? 'sha256'
}
