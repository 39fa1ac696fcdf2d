import type { Material } from '@source-policy/attestation'
import type { ChildSource } from '@source-policy/core'
import { gitIdentifier, parseGitURL } from '@source-policy/core/git-url'
import { formatReference, parseDigest, parseReference, purlToReference, withDigest } from '@source-policy/oci'
import { ImageSourceError } from './error.ts'

/** A material as a source that a build might want. */
export type MaterialSource = Omit<ChildSource, 'path'>

/**
 * The source that a material of a provenance is: an image by its package URL, a git repository, a download. Throws
 * `unsupported_material`, `material_digest_mismatch`, `invalid_material_digest`, and what reading a package URL throws.
 */
export function materialSource({ uri, digest }: Material): MaterialSource {
  if (uri.startsWith('pkg:docker/')) return imageMaterial(uri, digest.sha256)
  const git = gitMaterial(uri)
  if (git !== undefined) return git
  if (/^https?:\/\//.test(uri)) return { identifier: uri }
  throw new ImageSourceError('unsupported_material', `unsupported material URI ${JSON.stringify(uri.slice(0, 200))}`)
}

function imageMaterial(uri: string, sha256: string | undefined): MaterialSource {
  const { reference: text, platform } = purlToReference(uri)
  let reference = parseReference(text)
  const checksum = sha256?.trim() ?? ''
  if (checksum !== '') {
    const digest = readDigest(checksum)
    if (reference.digest !== undefined && reference.digest !== digest) {
      throw new ImageSourceError(
        'material_digest_mismatch',
        `material digest mismatch for ${text}: expected ${digest}, as the provenance has it`,
      )
    }
    reference = withDigest(reference, digest)
  }
  return { identifier: `docker-image://${formatReference(reference)}`, ...(platform && { platform }) }
}

/** In hexadecimal, or with its algorithm. */
function readDigest(sha256: string) {
  try {
    return parseDigest(sha256.includes(':') ? sha256 : `sha256:${sha256}`)
  } catch (cause) {
    const text = JSON.stringify(sha256.slice(0, 200))
    throw new ImageSourceError('invalid_material_digest', `invalid material digest ${text}`, { cause })
  }
}

/** Undefined where the text is no git URL, or one that may as well be a download. */
function gitMaterial(uri: string): MaterialSource | undefined {
  try {
    const { scheme, path, remote, ref = '', subdir = '' } = parseGitURL(uri)
    if (scheme !== 'ssh' && scheme !== 'git' && !/\.git$/i.test(path)) return undefined
    return { identifier: gitIdentifier(remote, ref, subdir), attrs: { 'git.fullurl': uri } }
  } catch {
    // not git: it may be something else
    return undefined
  }
}
