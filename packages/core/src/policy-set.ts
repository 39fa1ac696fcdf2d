import { toCodedError } from './error.ts'

/**
 * Reads the files of a policy set, confined to the set's root. Paths are relative, with `/`.
 * Undefined where there is no such file; throws where it cannot be read, leaves the root or exceeds the limit.
 */
export interface PolicyFiles {
  read(path: string, options: { readonly maxBytes: number }): Promise<Uint8Array | undefined>
}

/** Who wrote a policy: the operator who runs the tool, or whoever wrote the build context. */
export type Origin = 'operator' | 'context'

/** Files that are evaluated together, the root that their imports and reads are relative to, and their origin. */
export interface PolicySet {
  /** What reports call it: `Dockerfile.rego`. */
  readonly name: string
  readonly files: readonly PolicyFile[]
  readonly root: PolicyFiles
  readonly origin: Origin
}

export interface PolicyFile {
  /** Relative to the root of the set, with `/`. */
  readonly path: string
  /** Given where the text does not lie under the root (standard input). */
  readonly text?: string
}

/**
 * A file that a host function was given the name of, or in words why it cannot be had: then the call is undefined.
 * Never throws.
 */
export async function readPolicyFile(
  files: PolicyFiles,
  file: unknown,
  maxBytes: number,
): Promise<{ readonly bytes: Uint8Array } | { readonly problem: string }> {
  if (typeof file !== 'string') return { problem: 'the name of the file is no string' }
  try {
    const bytes = await files.read(file, { maxBytes })
    return bytes === undefined ? { problem: `no file ${file} in the root of the policy` } : { bytes }
  } catch (error) {
    return { problem: `reading ${file}: ${toCodedError(error).message}` }
  }
}
