import type { Statement, VerifiedSignature } from '@source-policy/attestation'
import { type CodedError, EXIT_CODES, type Outcome } from '@source-policy/core'
import type { ArtifactFile } from './artifact-file.ts'
import { printable } from './printable.ts'

/** What is known of an attestation file. */
export interface AttestationResult {
  readonly file: string
  readonly artifacts: readonly ArtifactFile[]
  /** Why it is not accepted. */
  readonly error?: CodedError & { readonly outcome: Outcome }
  /** Who signed it; none for a statement that nobody signed. */
  readonly signature?: VerifiedSignature
  /** What it claims. */
  readonly statement?: Statement
}

export const outcomeOfAttestation = ({ error }: AttestationResult): Outcome => error?.outcome ?? 'allowed'

/** The result as one JSON document. */
export function attestationDocument(result: AttestationResult): Record<string, unknown> {
  const { file, artifacts, error, signature, statement } = result
  const outcome = outcomeOfAttestation(result)
  return {
    version: 1,
    outcome,
    exitCode: EXIT_CODES[outcome],
    file,
    artifacts: artifacts.map(({ file, digests }) => ({ file, digest: `sha256:${digests.sha256}` })),
    ...(error && { error: { code: error.code, message: error.message } }),
    ...(signature && { signature: signatureDocument(signature) }),
    ...(statement && {
      statement: {
        predicateType: statement.predicateType,
        subjects: statement.subjects,
        predicate: statement.predicate,
      },
    }),
  }
}

function signatureDocument({ type, signer, key, timestamps, trustRoot, refused }: VerifiedSignature) {
  return {
    type,
    ...(signer && { signer }),
    ...(key && { key: { kind: key.kind, fingerprint: `sha256:${key.fingerprint}` } }),
    timestamps: timestamps.map(({ timestamp, ...from }) => ({ ...from, timestamp: timestamp.toISOString() })),
    ...(trustRoot && { trustRoot: { name: trustRoot.name, ...asOf(trustRoot.asOf) } }),
    refused: refused.map(({ code, message }) => ({ code, message })),
  }
}

const asOf = (time: Date | undefined) => (time === undefined ? {} : { asOf: time.toISOString() })

/** What a person reads of an attestation that was accepted. */
export function attestationText(
  { artifacts, signature, statement }: AttestationResult,
  redact: (text: string) => string,
): string {
  const rows: [string, string][] = [
    ...artifacts.map(({ file, digests }): [string, string] => ['artifact', `${file} sha256:${digests.sha256}`]),
    ...(signature === undefined ? [] : signatureRows(signature)),
    ...(signature === undefined ? [['signed by', 'nobody: anybody can have written this'] as [string, string]] : []),
    ...(statement === undefined ? [] : [['statement', statement.predicateType] as [string, string]]),
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${printable(redact(value))}\n`).join('')
}

function signatureRows({ signer, key, timestamps, trustRoot }: VerifiedSignature): [string, string][] {
  return [
    ...(signer ? [['signed by', `${signer.subjectAlternativeName} (${signer.issuer})`] as [string, string]] : []),
    ...(key ? [['signed by', `key sha256:${key.fingerprint} (${key.kind})`] as [string, string]] : []),
    ...timestamps.map(({ timestamp, uri }): [string, string] => ['at', `${timestamp.toISOString()} (${uri})`]),
    ...(trustRoot ? [['trust root', trustRootText(trustRoot)] as [string, string]] : []),
  ]
}

function trustRootText({ name, asOf }: NonNullable<VerifiedSignature['trustRoot']>): string {
  return asOf === undefined ? name : `${name}, as of ${asOf.toISOString().slice(0, 10)}`
}
