import type { BuiltinDeclaration } from '@source-policy/rego'

const digestPattern = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/

/** Whether a value is a digest that an image can be pinned to. */
export function isDigest(value: unknown): boolean {
  return typeof value === 'string' && digestPattern.test(value)
}

/**
 * What docker buildx adds to Rego, and `git_signer` and `verify_image`, which it does not have. All but `pin_image` are answered by the
 * resolvers of the sources, `load_json` from the files of the policy set.
 */
export const HOST_FUNCTIONS: Readonly<Record<string, BuiltinDeclaration>> = {
  load_json: { args: ['string'], result: 'any' },
  verify_git_signature: { args: ['any', 'string'], result: 'boolean', source: 0 },
  git_signer: { args: ['any', 'string'], result: 'any', source: 0 },
  verify_http_pgp_signature: { args: ['any', 'string', 'string'], result: 'boolean', source: 0 },
  artifact_attestation: { args: ['any', 'string'], result: 'any', source: 0 },
  github_attestation: { args: ['any', 'string'], result: 'any', source: 0 },
  verify_image: { args: ['any', 'any'], result: 'any', source: 0 },
  pin_image: {
    args: ['any', 'string'],
    result: 'boolean',
    source: 0,
    effect: true,
    implementation([, pinned], { source }) {
      if (source === undefined || source.length !== 1 || source[0] !== 'image') {
        throw new Error('pin_image: the first argument is not the same as input.image')
      }
      if (!isDigest(pinned)) throw new Error('pin_image: invalid digest')
      return true
    },
  },
}
