import {
  type Answer,
  type HostFunction,
  type HostFunctionContext,
  readPolicyFile,
  toCodedError,
} from '@source-policy/core'
import { hashesOfOpenPGP, type OpenPGPValidity, SignatureError, verifyOpenPGP } from '@source-policy/signature'
import type { Body } from './body.ts'
import { type BodyBinder, verifyChecksum } from './bound-body.ts'
import { MAX_SIGNATURE_FILE_BYTES } from './limits.ts'

export interface PGPSignatureOptions {
  /**
   * When a key must be valid that `verify_http_pgp_signature` accepts: `any` checks no more than docker buildx does.
   * Default: `signature`, when it signed.
   */
  readonly keyValidity?: OpenPGPValidity
}

const NAME = 'verify_http_pgp_signature'

/**
 * `verify_http_pgp_signature(input.http, sigfile, pubkeyfile)`: true where a key of the file signed what the URL yields, false
 * with the reason where none did, undefined where a file is none, unavailable where the content could not be had.
 * The content is not kept: the signature is verified over the digest that the download leaves.
 */
export function verifyHTTPPGPSignature(bind: BodyBinder, { keyValidity }: PGPSignatureOptions): HostFunction {
  return async ([, signatureFile, keyFile], context) => {
    if (context.path.length !== 1 || context.path[0] !== 'http') return no('the first argument is not input.http')
    const reading = readFiles(signatureFile, keyFile, context)
    let body: Body
    try {
      body = await bind(context.source, context)
      body.expect(reading.then(read => ('hashes' in read ? read.hashes : [])))
    } catch (error) {
      return { unavailable: toCodedError(error) }
    }
    const read = await reading
    if ('problem' in read) return no(read.problem)
    const { signature, keys } = read
    try {
      await verifyOpenPGP({
        async data(algorithm, suffix) {
          await verifyChecksum(context.source, body)
          return (await body.hash(algorithm)).copy().update(suffix).digest()
        },
        signature,
        keys,
        now: new Date(Number(context.run.time / 1_000_000n)),
        ...(keyValidity && { validity: keyValidity }),
      })
      return { value: true }
    } catch (error) {
      context.signal.throwIfAborted()
      if (!(error instanceof SignatureError)) return { unavailable: toCodedError(error) }
      const reason = `${String(signatureFile)} by ${String(keyFile)}: ${error.message}`
      return error.code === 'malformed_key' ? no(reason) : { value: false, reason: `${NAME}: ${reason}` }
    }
  }
}

function no(reason: string): Answer {
  return { undefined: `${NAME}: ${reason}` }
}

/** Both files, and the hashes of the content that the signature is over. */
async function readFiles(signatureFile: unknown, keyFile: unknown, { files }: HostFunctionContext) {
  const [signature, keys] = await Promise.all(
    [signatureFile, keyFile].map(file => readPolicyFile(files, file, MAX_SIGNATURE_FILE_BYTES)),
  )
  if (signature === undefined || keys === undefined) throw new TypeError('two files were read')
  if ('problem' in signature) return signature
  if ('problem' in keys) return keys
  try {
    return { signature: signature.bytes, keys: keys.bytes, hashes: await hashesOfOpenPGP(signature.bytes) }
  } catch (error) {
    return { problem: `${String(signatureFile)}: ${toCodedError(error).message}` }
  }
}
