import path from 'node:path'
import type { AttestationErrorCode, Identity, VerifiedSignature, VerifyOptions } from '@source-policy/attestation'
import { type CodedError, createRun, EXIT_CODES, type Outcome, toCodedError } from '@source-policy/core'
import { type ArtifactFile, readArtifact } from '../artifact-file.ts'
import {
  type AttestationResult,
  attestationDocument,
  attestationText,
  outcomeOfAttestation,
} from '../attestation-result.ts'
import { readOperatorFile } from '../confined-files.ts'
import { CliError } from '../error.ts'
import type { CommandContext, IO } from '../io.ts'
import { MAX_ATTESTATION_BYTES, MAX_KEY_BYTES } from '../limits.ts'
import { printableJSON } from '../printable.ts'
import { redactStrings } from '../secrets.ts'
import type { Format } from '../write-result.ts'

export interface VerifyAttestationOptions {
  /** Files that it has to be about, all of them. */
  readonly artifact: readonly string[]
  /** File with the public key that must have signed. */
  readonly key?: string
  readonly identity?: string
  readonly identityRegexp?: string
  readonly issuer?: string
  readonly issuerRegexp?: string
  /** Files with trust roots, which hold beside that of the public Sigstore instance. */
  readonly trustRoot: readonly string[]
  /** False: a signature by `key` needs no log entry and no timestamp. */
  readonly log: boolean
  /** A statement that nobody signed is enough, where it is about the artifacts. */
  readonly allowUnsigned: boolean
  readonly format: Format
}

/**
 * Verifies an attestation file that lies beside artifacts: a Sigstore bundle, or an in-toto statement as BuildKit's local and tar
 * exporters write them. Returns the exit code: allowed, denied where it does not hold, undecided where it cannot be read. Throws
 * where the arguments or the operator's files are wrong.
 */
export async function verifyAttestation(
  file: string,
  options: VerifyAttestationOptions,
  { io, logger, secrets }: CommandContext,
): Promise<number> {
  const wanted = await readSigner(options, { io, logger })
  const bytes = await readFile(file, MAX_ATTESTATION_BYTES, io)
  const artifacts = await Promise.all(options.artifact.map(artifact => readArtifact(artifact, io)))
  const result: AttestationResult = { file, artifacts, ...(await judge(bytes, artifacts, wanted, options)) }
  const outcome = outcomeOfAttestation(result)
  if (options.format === 'json') {
    io.stdout.write(`${printableJSON(redactStrings(attestationDocument(result), secrets.redact))}\n`)
  } else if (outcome === 'allowed') io.stdout.write(attestationText(result, secrets.redact))
  if (result.error) logger.log('error', `${outcome}: ${result.error.message}`)
  for (const { message } of result.signature?.refused ?? []) logger.log('warn', message)
  return EXIT_CODES[outcome]
}

/** Who must have signed: a key, or somebody with a certificate. */
type Wanted = Omit<VerifyOptions, 'now'> & { readonly identity?: Identity }

/** Undefined where nobody must. Throws `usage`, `unreadable_file`, and what keys, identities and trust roots throw. */
async function readSigner(
  options: VerifyAttestationOptions,
  { io, logger }: Pick<CommandContext, 'io' | 'logger'>,
): Promise<Wanted | undefined> {
  const { checkIdentity, parsePublicKey, thresholdsOf } = await import('@source-policy/attestation')
  const identity = identityOf(options)
  if (options.artifact.length === 0) throw new CliError('usage', 'say what it must be about: --artifact <file>')
  if (options.key !== undefined && identity !== undefined) {
    throw new CliError('usage', '--key and an identity exclude each other')
  }
  if (!options.log && options.key === undefined) throw new CliError('usage', '--no-log needs --key')
  if (options.key === undefined && identity === undefined) {
    if (options.allowUnsigned) return undefined
    throw new CliError(
      'usage',
      'say who must have signed: --key <file>, or --identity <name> and --issuer <url>; or --allow-unsigned',
    )
  }
  if (identity !== undefined) checkIdentity(identity)
  const { operatorTrustRoots } = await import('../operator-trust.ts')
  const findRoots = operatorTrustRoots({
    io,
    files: options.trustRoot,
    onNotice: notice => logger.log('debug', notice),
  })
  const run = createRun({ signal: io.signal })
  return {
    trustRoots: await findRoots({ run, signal: run.signal }),
    ...(options.key !== undefined && { key: parsePublicKey(await readFile(options.key, MAX_KEY_BYTES, io)) }),
    ...(!options.log && { thresholds: { tlog: 0, timestamp: 0 } }),
    ...(identity && { identity, thresholds: thresholdsOf }),
  }
}

function identityOf({
  identity,
  identityRegexp,
  issuer,
  issuerRegexp,
}: VerifyAttestationOptions): Identity | undefined {
  const found = {
    ...(identity !== undefined && { subject: identity }),
    ...(identityRegexp !== undefined && { subjectRegExp: identityRegexp }),
    ...(issuer !== undefined && { issuer }),
    ...(issuerRegexp !== undefined && { issuerRegExp: issuerRegexp }),
  }
  return Object.keys(found).length === 0 ? undefined : found
}

async function readFile(file: string, maxBytes: number, { cwd }: IO): Promise<Uint8Array> {
  const bytes = await readOperatorFile(path.resolve(cwd, file), { maxBytes })
  if (bytes === undefined) throw new CliError('unreadable_file', `reading ${file}: no such file`)
  return bytes
}

type Judgement = Pick<AttestationResult, 'error' | 'signature' | 'statement'>

async function judge(
  bytes: Uint8Array,
  artifacts: readonly ArtifactFile[],
  wanted: Wanted | undefined,
  { allowUnsigned }: VerifyAttestationOptions,
): Promise<Judgement> {
  try {
    const { attestationFormat } = await import('@source-policy/attestation')
    if (attestationFormat(bytes) === 'statement') return await judgeStatement(bytes, artifacts, allowUnsigned)
    if (wanted === undefined)
      throw new CliError('usage', 'it is signed: say by whom, --allow-unsigned is for statements')
    return await judgeBundle(bytes, artifacts, wanted)
  } catch (error) {
    if (error instanceof CliError) throw error
    return { error: refusal(toCodedError(error)) }
  }
}

async function judgeStatement(
  bytes: Uint8Array,
  artifacts: readonly ArtifactFile[],
  allowUnsigned: boolean,
): Promise<Judgement> {
  const { decodeStatement, isAbout } = await import('@source-policy/attestation')
  const statement = decodeStatement(bytes)
  const stranger = artifacts.find(({ digests }) => !isAbout(statement, digests))
  if (stranger !== undefined) {
    const message = `none of the ${statement.subjects.length} subjects of the statement is ${stranger.file}`
    return { statement, error: { outcome: 'denied', code: 'subject_mismatch', message } }
  }
  if (allowUnsigned) return { statement }
  return { statement, error: { outcome: 'denied', code: 'unsigned', message: 'nobody signed the statement' } }
}

async function judgeBundle(
  bytes: Uint8Array,
  artifacts: readonly ArtifactFile[],
  { identity, ...trust }: Wanted,
): Promise<Judgement> {
  const { AttestationError, matchesIdentity, verifyBundle } = await import('@source-policy/attestation')
  let signature: VerifiedSignature | undefined
  for (const { bytes: held, digests } of artifacts) {
    signature = await verifyBundle(bytes, { artifact: held ?? digests, ...trust, now: new Date() })
  }
  const { signer, statement } = signature!
  if (identity !== undefined && (signer === undefined || !matchesIdentity(signer, identity))) {
    const found = signer?.names.map(({ value }) => value).join(', ')
    const error = new AttestationError('wrong_identity', `it was signed by ${found} (issuer ${signer?.issuer})`)
    return { error: refusal(error), signature: signature! }
  }
  return { signature: signature!, ...(statement && { statement }) }
}

/** What cannot be read tells nothing; everything else was looked at, and does not hold. */
const unreadable: ReadonlySet<string> = new Set<AttestationErrorCode>([
  'invalid_json',
  'invalid_bundle',
  'invalid_envelope',
  'invalid_statement',
  'too_large',
  'digest_unavailable',
  'unsupported_payload',
])

function refusal({ code, message }: CodedError): CodedError & { readonly outcome: Outcome } {
  return { code, message, outcome: unreadable.has(code) ? 'undecided' : 'denied' }
}
