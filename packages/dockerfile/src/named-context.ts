import type { Platform, Source } from '@source-policy/core'
import { gitSource, parseGitRef } from '@source-policy/core/git-url'
import {
  formatFamiliarReference,
  formatReference,
  parseBareReference,
  parseReference,
  repositoryName,
  tagNameOnly,
  withDigest,
} from '@source-policy/oci'
import { DockerfileError } from './error.ts'
import { platformKey } from './platform.ts'

/** A `--build-context` that stands in the place of a stage or an image. */
export interface NamedContext {
  /** As the option says it: `alpine`, `alpine::linux/arm64`. */
  readonly key: string
  /** What it holds; only a context that is reached is looked into. Throws DockerfileError (`invalid_option`). */
  load(): LoadedContext
}

export interface LoadedContext {
  /** Absent for scratch, and for inputs, which only the embedder knows. */
  readonly source?: Source
  readonly kind: 'image' | 'files' | 'scratch' | 'input'
}

export interface NamedContexts {
  /** The context of a stage or image name; undefined where there is none. Throws DockerfileError. */
  find(name: string, platform: Platform): NamedContext | undefined
}

/**
 * A name as BuildKit looks contexts up: familiar and without `:latest`, so that `docker.io/library/alpine` is `alpine`.
 * Throws OciError where it is no image name.
 */
export function contextName(name: string): string {
  return formatFamiliarReference(parseReference(name)).replace(/:latest$/, '')
}

export function namedContexts(
  contexts: Readonly<Record<string, string>>,
  options: { readonly withAdvice: (source: Source) => Source },
): NamedContexts {
  return {
    find(name, platform) {
      let plain: string
      try {
        plain = contextName(name)
      } catch (cause) {
        throw new DockerfileError('invalid_reference', `looking ${JSON.stringify(name)} up among the named contexts`, {
          cause,
        })
      }
      const key = [`${plain}::${platformKey(platform)}`, plain].find(candidate => Object.hasOwn(contexts, candidate))
      if (key === undefined) return undefined
      return {
        key,
        load() {
          const context = parseContext(contexts[key] ?? '', { key, name: plain, platform })
          return context.source === undefined ? context : { ...context, source: options.withAdvice(context.source) }
        },
      }
    },
  }
}

interface Named {
  readonly key: string
  readonly name: string
  readonly platform: Platform
}

function parseContext(value: string, { key, name, platform }: Named): LoadedContext {
  const fail = (problem: string, cause?: unknown) =>
    new DockerfileError('invalid_option', `reading the named context ${JSON.stringify(key)}: ${problem}`, { cause })
  const colon = value.indexOf(':')
  if (colon === -1) throw fail('expected type:value')
  const type = value.startsWith('git@') ? 'git' : value.slice(0, colon)
  const rest = value.slice(colon + 1)
  const ref = rest.replace(/^\/\//, '')
  try {
    switch (type) {
      case 'docker-image': {
        if (ref === 'scratch') return { kind: 'scratch' }
        const identifier = `docker-image://${formatReference(tagNameOnly(parseReference(ref)))}`
        return { kind: 'image', source: { kind: 'image', identifier, attrs: {}, platform } }
      }
      case 'git':
      case 'http':
      case 'https': {
        const git = parseGitRef(value)
        if (git !== undefined) return { kind: 'files', source: { kind: 'git', ...gitSource(git, 'context') } }
        if (type === 'git') throw fail('no git URL')
        const attrs = { 'http.filename': 'context' }
        return { kind: 'files', source: { kind: 'http', identifier: value, attrs } }
      }
      case 'oci-layout': {
        const layout = parseBareReference(ref)
        if (layout.digest === undefined) throw fail('expected oci-layout://name@digest')
        const identifier = `oci-layout://${formatReference(withDigest(parseReference(name), layout.digest))}`
        const attrs = { 'oci.store': repositoryName(layout) }
        return { kind: 'image', source: { kind: 'image', identifier, attrs, platform } }
      }
      case 'local':
        return { kind: 'files', source: { kind: 'local', identifier: `local://${rest}`, attrs: {} } }
      case 'input':
        return { kind: 'input' }
      default:
        throw fail(`unsupported type ${JSON.stringify(type)}`)
    }
  } catch (error) {
    if (error instanceof DockerfileError) throw error
    throw fail('malformed', error)
  }
}
