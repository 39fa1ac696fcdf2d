import {
  type CodedError,
  type Facts,
  formatPath,
  type KnownFact,
  type Path,
  pathKey,
  type ResolveContext,
  type Resolver,
  type Source,
  toCodedError,
  type UnavailableFact,
} from '@source-policy/core'
import { type AttestationOptions, attestationFunctions } from './attestation.ts'
import { hexOf } from './body.ts'
import { type BodyBinder, type BodyBinderOptions, bodyBinder, verifyChecksum } from './bound-body.ts'
import { describeSource, parseIdentifier } from './identifier.ts'
import { type PGPSignatureOptions, verifyHTTPPGPSignature } from './pgp-signature.ts'

export interface HTTPResolverOptions extends BodyBinderOptions, PGPSignatureOptions, AttestationOptions {}

const checksum: Path = ['http', 'checksum']

/**
 * Facts about `http://` and `https://` sources: `input.http.checksum` is the SHA-256 of what the URL yields, its basis `server`.
 * Where the attribute `http.checksum` names a digest, what came must have it; it is the checksum then, its basis `digest`.
 * A URL is downloaded once in a run.
 */
export function httpResolver(options: HTTPResolverOptions): Resolver {
  const bind = bodyBinder(options)
  return {
    kind: 'http',
    schemes: ['http', 'https'],
    parse(identifier, { attrs, platform }) {
      parseIdentifier(identifier)
      return { kind: 'http', identifier, attrs, ...(platform && { platform }) }
    },
    describe: describeSource,
    async resolve(source, paths, context): Promise<Facts> {
      const known: KnownFact[] = []
      const unavailable: UnavailableFact[] = []
      for (const path of paths) {
        if (pathKey(path) !== pathKey(checksum)) unavailable.push({ path, error: unknownField(path) })
      }
      if (paths.length > unavailable.length) {
        try {
          known.push(await resolveChecksum(source, bind, context))
        } catch (error) {
          context.signal.throwIfAborted()
          context.run.signal.throwIfAborted()
          unavailable.push({ path: checksum, error: toCodedError(error) })
        }
      }
      return { known, absent: [], unavailable, children: [] }
    },
    functions: {
      verify_http_pgp_signature: verifyHTTPPGPSignature(bind, options),
      ...attestationFunctions(bind, options),
    },
  }
}

async function resolveChecksum(source: Source, bind: BodyBinder, context: ResolveContext): Promise<KnownFact> {
  const body = await bind(source, context)
  const expected = await verifyChecksum(source, body)
  const value = expected ?? `sha256:${hexOf(await body.hash('sha256'))}`
  return {
    path: checksum,
    value,
    basis: expected === undefined ? 'server' : 'digest',
    ...(body.from !== undefined && { from: body.from }),
  }
}

function unknownField(path: Path): CodedError {
  return { code: 'unknown_field', message: `${formatPath(path)}: HTTP sources have no such field to fetch` }
}
