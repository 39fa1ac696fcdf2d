import type { TrustRoot, VerifyOptions } from '@source-policy/attestation'
import {
  type Answer,
  type HostFunction,
  type HostFunctionContext,
  readPolicyFile,
  type SignatureInput,
  toCodedError,
} from '@source-policy/core'
import type { Transport } from '@source-policy/transport'
import { hexOf } from './body.ts'
import { type BodyBinder, verifyChecksum } from './bound-body.ts'
import { type GitHubOptions, githubAttestations, isRepositoryName } from './github-attestations.ts'
import { MAX_BUNDLE_BYTES } from './limits.ts'

/** Finds the authorities that are trusted, when they are first needed. */
export type TrustRootFinder = () => readonly TrustRoot[] | Promise<readonly TrustRoot[]>

export interface AttestationOptions {
  /** Whom attestations have to lead to. Default: the public Sigstore instance, as embedded in @source-policy/attestation. */
  readonly trustRoots?: TrustRootFinder
  readonly github?: GitHubOptions & {
    /** GitHub's own authorities, which sign for private repositories: nothing is logged there, a timestamp is enough. Default: none. */
    readonly trustRoots?: TrustRootFinder
  }
}

interface Options extends AttestationOptions {
  readonly transport: Transport
}

/** What a signature by GitHub's own authority comes with. */
const UNLOGGED = { tlog: 0, sct: 0, timestamp: 1 } as const
const SLSA_V1 = 'https://slsa.dev/provenance/v1'
/** Reasons that are told of one call. */
const MAX_REASONS = 3

/**
 * `artifact_attestation(input.http, bundlefile)` and `github_attestation(input.http, "owner/name")`: the signature on a
 * provenance of what the URL yields, as policies see signatures. Undefined with the reason where none holds; unavailable where the
 * content, or an attestation that might hold, could not be had.
 */
export function attestationFunctions(bind: BodyBinder, options: Options): Readonly<Record<string, HostFunction>> {
  return {
    artifact_attestation: attestationFunction('artifact_attestation', bind, async (file, context) => {
      const read = await readPolicyFile(context.files, file, MAX_BUNDLE_BYTES)
      if ('problem' in read) return { problem: read.problem }
      return { attestationOf: sha256 => verifyFile(String(file), read.bytes, sha256, options, context) }
    }),
    github_attestation: attestationFunction('github_attestation', bind, async (repository, context) => {
      if (!isRepositoryName(repository)) return { problem: 'expected the name of a repository: owner/name' }
      return { attestationOf: sha256 => findOnGitHub(repository, sha256, options, context) }
    }),
  }
}

/** A signature; or why there is none. */
type Found = { readonly signature: SignatureInput } | { readonly problem: string }
type Prepare = (
  argument: unknown,
  context: HostFunctionContext,
) => Promise<{ readonly problem: string } | { readonly attestationOf: (sha256: string) => Promise<Found> }>

function attestationFunction(name: string, bind: BodyBinder, prepare: Prepare): HostFunction {
  const no = (problem: string): Answer => ({ undefined: `${name}: ${problem}` })
  return async ([, argument], context) => {
    const { path, source, signal } = context
    if (path.length !== 1 || path[0] !== 'http') return no('the first argument is not input.http')
    const prepared = await prepare(argument, context)
    if ('problem' in prepared) return no(prepared.problem)
    try {
      const body = await bind(source, context)
      await verifyChecksum(source, body)
      const found = await prepared.attestationOf(hexOf(await body.hash('sha256')))
      return 'problem' in found ? no(found.problem) : { value: found.signature }
    } catch (error) {
      signal.throwIfAborted()
      return { unavailable: toCodedError(error) }
    }
  }
}

async function verifyFile(
  file: string,
  bundle: Uint8Array,
  sha256: string,
  options: Options,
  context: HostFunctionContext,
): Promise<Found> {
  const found = await verifyProvenance(bundle, sha256, options, context)
  return 'problem' in found ? { problem: `${file}: ${found.problem}` } : found
}

/** The first that holds; asked for once in a run, whichever policies want it. */
function findOnGitHub(
  repository: string,
  sha256: string,
  options: Options,
  { run, signal, ...context }: HostFunctionContext,
): Promise<Found> {
  const { transport, github: { api, token } = {} } = options
  const asked = { repository, digest: `sha256:${sha256}`, predicateType: SLSA_V1 }
  const access = { ...(api !== undefined && { api }), ...(token !== undefined && !context.anonymous && { token }) }
  const key = `http:github:${JSON.stringify([asked, api, 'token' in access])}`
  return run.once(
    key,
    async own => {
      const problems: string[] = []
      let failure: unknown
      for await (const stored of githubAttestations(asked, { ...access, transport, run, signal: own })) {
        if ('error' in stored) {
          failure ??= stored.error
          continue
        }
        const found = await verifyProvenance(stored.bundle, sha256, options, { run })
        if ('signature' in found) return found
        problems.push(found.problem)
      }
      // one that could not be had might have been the one that holds
      if (failure !== undefined) throw failure
      if (problems.length === 0) return { problem: `${repository} has no attestations of ${asked.digest}` }
      const more = problems.length > MAX_REASONS ? `; and ${problems.length - MAX_REASONS} more` : ''
      return { problem: `${repository}: ${problems.slice(0, MAX_REASONS).join('; ')}${more}` }
    },
    signal,
  )
}

/** The signature of a bundle over a SLSA provenance of an artifact, by the authorities that are trusted. */
async function verifyProvenance(
  bundle: Uint8Array | string,
  sha256: string,
  { trustRoots, github }: Options,
  { run }: Pick<HostFunctionContext, 'run'>,
): Promise<Found> {
  const { AttestationError, isProvenance, publicGoodTrustRoot, signatureInput, verifyBundle } = await import(
    '@source-policy/attestation'
  )
  const now = new Date(Number(run.time / 1_000_000n))
  const general = (await trustRoots?.()) ?? [await publicGoodTrustRoot()]
  const own = (await github?.trustRoots?.()) ?? []
  const attempts: VerifyOptions[] = [
    { trustRoots: general, now },
    ...(own.length > 0 ? [{ trustRoots: own, thresholds: UNLOGGED, now }] : []),
  ]
  const problems: string[] = []
  for (const attempt of attempts) {
    try {
      const verified = await verifyBundle(bundle, { ...attempt, artifact: { sha256 } })
      const type = verified.statement?.predicateType
      if (type !== undefined && isProvenance(type)) return { signature: signatureInput(verified) }
      return {
        problem: `expected a SLSA provenance, got ${type === undefined ? 'no statement' : JSON.stringify(type)}`,
      }
    } catch (error) {
      if (!(error instanceof AttestationError)) throw error
      problems.push(error.message)
    }
  }
  return { problem: problems.join('; ') }
}
