import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { Source } from '@source-policy/core'
import { parseGitRef } from '@source-policy/core/git-url'
import { formatReference, parseReference, tagNameOnly } from '@source-policy/oci'
import { CliError } from './error.ts'

type Wanted = Pick<Source, 'identifier' | 'attrs'>

/**
 * The source that a user's argument names, read as `docker buildx policy eval` reads it: an image reference gets its
 * registry and `:latest`, a URL that BuildKit would clone is a git source, an existing path is the build context.
 * Throws `usage`, `invalid_git_url`, and what parsing the reference throws.
 */
export async function parseEvalSource(text: string, cwd: string): Promise<Wanted> {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  if (scheme === 'docker-image') {
    const reference = parseReference(text.slice('docker-image://'.length))
    return { identifier: `docker-image://${formatReference(tagNameOnly(reference))}`, attrs: {} }
  }
  if (scheme === 'git') {
    if (parseGitRef(text) === undefined) throw new CliError('usage', `invalid git context ${text}`)
    return { identifier: text, attrs: {} }
  }
  if (scheme === 'http' || scheme === 'https') {
    if (parseGitRef(text) === undefined) return { identifier: text, attrs: {} }
    return { identifier: `git://${text}`, attrs: { 'git.fullurl': text } }
  }
  if (scheme !== undefined) return { identifier: text, attrs: {} }
  const found = await stat(path.resolve(cwd, text)).catch(() => undefined)
  if (found === undefined)
    throw new CliError('usage', `invalid local path ${text}: expected a source such as docker-image://${text}`)
  return { identifier: 'local://context', attrs: {} }
}
