import { stat } from 'node:fs/promises'
import path from 'node:path'
import { createRun } from '@source-policy/core'
import { type ContentSource, parseDigest, parseReference, withTag } from '@source-policy/oci'
import { isRemote } from './build-files.ts'
import { CliError } from './error.ts'
import type { IO } from './io.ts'

/** What `--build-context` gave. */
export interface GivenContexts {
  /** As the frontend gets them, by name. */
  readonly contexts: Readonly<Record<string, string>>
  /** Those that are what another target builds. */
  readonly links: ReadonlyMap<string, string>
}

/** What named contexts of all builds are made of. */
export interface ContextParts {
  /** OCI layouts by the name of their store, which contexts mention. */
  readonly layouts: Map<string, ContentSource>
  /** Directories, absolute. */
  readonly directories: Set<string>
}

const LAYOUT_SCHEME = 'oci-layout://'
const TARGET_SCHEME = 'target:'

/**
 * Named contexts as docker buildx hands them on: URLs as they are, a directory as `local:<name>`, an OCI layout as the digest of its
 * image in a store, `target:<name>` of a bake file as an input. Throws `usage`, and what reading the index of a layout throws.
 */
export async function namedContexts(
  given: Readonly<Record<string, string>>,
  parts: ContextParts,
  io: Pick<IO, 'cwd' | 'signal'>,
): Promise<GivenContexts> {
  const contexts: Record<string, string> = Object.create(null)
  const links = new Map<string, string>()
  for (const [name, value] of Object.entries(given)) {
    if (value.startsWith(LAYOUT_SCHEME)) {
      const { images, location, digest } = await openLayout(name, value, io)
      const store = `layout-${parts.layouts.size}`
      parts.layouts.set(store, images)
      parts.directories.add(location)
      contexts[name] = `${LAYOUT_SCHEME}${store}@${digest}`
    } else if (value.startsWith(TARGET_SCHEME)) {
      links.set(name, value.slice(TARGET_SCHEME.length))
      contexts[name] = `input:${value.slice(TARGET_SCHEME.length)}`
    } else if (isRemote(value)) {
      contexts[name] = value
    } else {
      const directory = path.resolve(io.cwd, value)
      const found = await stat(directory).catch(() => undefined)
      if (found?.isDirectory() !== true) {
        throw new CliError('usage', `--build-context ${name}=${value}: neither a URL nor a directory`)
      }
      parts.directories.add(directory)
      // the name must not pass for one that every build has
      contexts[name] = `local:${name === 'context' || name === 'dockerfile' ? '_' : ''}${name}`
    }
  }
  return { contexts, links }
}

/** `oci-layout://<directory or tar>[:tag][@digest]`: a tag is looked up in the layout; it is `latest` where none is given. */
async function openLayout(name: string, value: string, { cwd, signal }: Pick<IO, 'cwd' | 'signal'>) {
  const given = value.slice(LAYOUT_SCHEME.length)
  const [, place = '', tag, digest] = /^(.+?)(?::(\w[\w.-]{0,127}))?(?:@([a-z0-9]+:[0-9a-f]+))?$/.exec(given) ?? []
  if (place === '')
    throw new CliError('usage', `--build-context ${name}=${value}: expected oci-layout://<path>@<digest>`)
  const location = path.resolve(cwd, place)
  const { openImageLayout } = await import('@source-policy/oci/image-layout')
  const images = openImageLayout(location)
  if (digest !== undefined) return { images, location, digest: parseDigest(digest) }
  const run = createRun({ signal })
  const reference = parseReference('layout')
  const wanted = tag === undefined ? reference : withTag(reference, tag)
  const root = await images.root(wanted, { run, signal: run.signal, anonymous: true })
  return { images, location, digest: root.digest }
}
