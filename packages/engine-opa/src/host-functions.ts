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

/** What of a source each function is about, which its first argument has to name. */
const subjects: Readonly<Record<string, readonly string[]>> = {
  verify_git_signature: ['git.commit', 'git.tag'],
  git_signer: ['git.commit', 'git.tag'],
  verify_http_pgp_signature: ['http'],
  artifact_attestation: ['http'],
  github_attestation: ['http'],
  verify_image: ['image'],
  pin_image: ['image'],
}

/** Those that docker buildx does not have. */
const own: ReadonlySet<string> = new Set(['git_signer', 'verify_image'])

/** A field as the source has it that it is of: a material is a source, too. */
export function fieldOfSource<Part>(path: readonly Part[]): readonly Part[] {
  const materials = path.lastIndexOf('materials' as Part)
  return materials < 0 ? path : path.slice(materials + 2)
}

/**
 * What is wrong with the first argument of a call, by the field that it names; none where it names none. Undefined where nothing is
 * wrong, or the function is about no source.
 */
export function wrongSubject(name: string, path: readonly unknown[] | undefined): string | undefined {
  const fields = Object.hasOwn(subjects, name) ? subjects[name] : undefined
  if (fields === undefined || (path !== undefined && fields.includes(fieldOfSource(path).join('.')))) return undefined
  return `${name}: the first argument is not ${fields.map(each => `input.${each}`).join(' or ')}`
}

/**
 * The same where that breaks the policy. Elsewhere the call is undefined with a warning, as in docker buildx, and a negation of it
 * holds: what only we have need not follow that.
 */
export function invalidSubject(name: string, path: readonly unknown[] | undefined): string | undefined {
  return own.has(name) ? wrongSubject(name, path) : undefined
}
