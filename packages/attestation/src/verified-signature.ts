import type { SignatureInput, SignerInput } from '@source-policy/core'
import type { AttestationError } from './error.ts'
import type { PublicKey } from './public-key.ts'
import type { Signer } from './signer.ts'
import type { SimpleSigningPayload } from './simple-signing.ts'
import type { Statement } from './statement.ts'
import type { TrustRoot } from './trust-root.ts'

/** Digests of one artifact: algorithm to hexadecimal, `{ sha256: '4b7c...' }`. */
export type Digests = Readonly<Record<string, string>>

/** How many authorities have to agree. All but `sct` count for signatures by a key, too. */
export interface Thresholds {
  /** Transparency logs that have an entry. */
  readonly tlog: number
  /** Certificate transparency logs that vouch for the certificate. */
  readonly sct: number
  /** Trusted times: of timestamp authorities, or promised by a log for its entry. */
  readonly timestamp: number
}

/** 1 each. */
export const DEFAULT_THRESHOLDS: Thresholds = { tlog: 1, sct: 1, timestamp: 1 }

/** Whom to trust. */
export interface VerifyOptions {
  /**
   * Each is tried by itself, in order; authorities of one never count for another. May be empty for a `key` where no log
   * entries and timestamps are asked for.
   */
  readonly trustRoots: readonly TrustRoot[]
  /** The key that must have signed; without it, a certificate of an authority of the trust root must have. */
  readonly key?: PublicKey
  /**
   * Default: 1 each. Where `tlog` and `timestamp` are 0, a certificate must be valid `now`. A function is asked for each trust root:
   * `thresholdsOf` where some have no logs.
   */
  readonly thresholds?: Partial<Thresholds> | ((root: TrustRoot) => Partial<Thresholds>)
  readonly now: Date
}

/** A time that an authority attests the signature to have existed at. */
export interface VerifiedTimestamp {
  readonly type: 'Tlog' | 'TimestampAuthority'
  /** The log or the authority. */
  readonly uri: string
  readonly timestamp: Date
}

/** What was proved: who signed what, and when. */
export interface VerifiedSignature {
  readonly type: 'bundle-v0.1' | 'bundle-v0.2' | 'bundle-v0.3' | 'simplesigning-v1' | 'dsse-v1' | 'cms-v1'
  /** Who signed, where a certificate says so. */
  readonly signer?: Signer
  /** The key that signed, where one was given. */
  readonly key?: PublicKey
  readonly timestamps: readonly VerifiedTimestamp[]
  /** What is claimed of the artifact; a signature over the artifact itself has none. */
  readonly statement?: Statement
  /** What a simple signing signature is over. */
  readonly payload?: SimpleSigningPayload
  /** What it was verified by; none where only a key was needed. */
  readonly trustRoot?: TrustRoot
  /** Log entries and timestamps that do not hold, and were not counted. */
  readonly refused: readonly AttestationError[]
}

export interface SignatureInputOptions {
  /** It was made by Docker's key for Hardened Images. Default: false. */
  readonly isDHI?: boolean
}

/**
 * The signature as policies see it, in the words of docker buildx. Its kinds tell of certificates of the public Sigstore
 * instance: one by any other trust root is `untrusted`, whatever its issuer is called.
 */
export function signatureInput(
  verified: VerifiedSignature,
  { isDHI = false }: SignatureInputOptions = {},
): SignatureInput {
  const { signer, payload, timestamps, trustRoot } = verified
  const anonymous: SignatureInput = {
    // buildx calls bundles of all versions by the newest
    type: verified.type.startsWith('bundle-') ? 'bundle-v0.3' : verified.type,
    ...(timestamps.length > 0 && {
      timestamps: timestamps.map(({ type, uri, timestamp }) => ({ type, uri, timestamp: formatTime(timestamp) })),
    }),
    ...(payload !== undefined && payload.dockerReference !== '' && { dockerReference: payload.dockerReference }),
    ...(isDHI && { isDHI }),
  }
  const input = signer === undefined ? anonymous : { ...anonymous, signer: signerInput(signer) }
  return { kind: signatureKind(trustRoot?.publicGood === true ? input : anonymous), ...input }
}

function signerInput(signer: Signer): SignerInput {
  return Object.fromEntries(Object.entries(signer).filter(([field]) => field !== 'names')) as SignerInput
}

function formatTime(time: Date): string {
  return time.toISOString().replace('.000Z', 'Z')
}

const SIGSTORE_ISSUER = 'CN=sigstore-intermediate,O=sigstore.dev'
const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com'
const GITHUB = 'https://github.com/'
const BUILDERS = ['docker/github-builder', 'docker/github-builder-experimental'].map(
  name => `${GITHUB}${name}/.github/workflows/`,
)

type Kind = NonNullable<SignatureInput['kind']>

/** The first that holds. */
const kinds: readonly { readonly kind: Kind; holds(signature: SignatureInput): boolean }[] = [
  {
    kind: 'docker-hardened-image',
    holds: ({ isDHI = false, dockerReference = '' }) => isDHI && dockerReference !== '',
  },
  {
    kind: 'docker-github-builder',
    holds: ({ signer, type, timestamps = [] }) =>
      signer !== undefined &&
      isGitHubHosted(signer) &&
      BUILDERS.some(prefix => signer.buildSignerURI?.startsWith(prefix)) &&
      BUILDERS.some(prefix => signer.subjectAlternativeName.startsWith(prefix)) &&
      timestamps.length > 0 &&
      type === 'bundle-v0.3',
  },
  {
    kind: 'self-signed-github-repo',
    holds({ signer }) {
      if (signer === undefined || !isGitHubHosted(signer)) return false
      const workflows = `${signer.sourceRepositoryURI}/.github/workflows/`
      return (
        signer.buildSignerURI?.startsWith(workflows) === true && signer.subjectAlternativeName.startsWith(workflows)
      )
    },
  },
  { kind: 'self-signed', holds: ({ signer }) => signer?.certificateIssuer === SIGSTORE_ISSUER },
  { kind: 'untrusted', holds: () => true },
]

function isGitHubHosted(signer: SignerInput): boolean {
  return (
    signer.certificateIssuer === SIGSTORE_ISSUER &&
    signer.issuer === GITHUB_ISSUER &&
    signer.sourceRepositoryURI?.startsWith(GITHUB) === true &&
    signer.runnerEnvironment === 'github-hosted'
  )
}

/** What kind of signature docker buildx takes it for. */
export function signatureKind(signature: SignatureInput): Kind {
  return kinds.find(({ holds }) => holds(signature))!.kind
}
