import { CoreError } from './error.ts'
import type { Resolver } from './resolver.ts'
import type { Platform, Source } from './source.ts'
import { redactIdentifier } from './url.ts'

/** Resolvers by the scheme of the identifiers that they read. */
export interface Resolvers {
  readonly all: readonly Resolver[]
  /** The source that an identifier names, and who resolves it. Throws a coded error. */
  parse(
    identifier: string,
    options?: { readonly attrs?: Readonly<Record<string, string>>; readonly platform?: Platform | undefined },
  ): { readonly source: Source; readonly resolver: Resolver }
}

/** Where two resolvers claim a scheme the first one has it. */
export function createResolvers(all: readonly Resolver[]): Resolvers {
  const byScheme = new Map<string, Resolver>()
  for (const resolver of all) {
    for (const scheme of resolver.schemes) if (!byScheme.has(scheme)) byScheme.set(scheme, resolver)
  }
  return {
    all,
    parse(identifier, { attrs = {}, platform } = {}) {
      if (typeof identifier !== 'string' || identifier === '') {
        throw new CoreError('invalid_source', 'no source info in request')
      }
      const [, scheme] = /^([^:]*):\/\//.exec(identifier) ?? []
      if (scheme === undefined)
        throw new CoreError('invalid_source', `invalid source identifier: ${redactIdentifier(identifier)}`)
      const resolver = byScheme.get(scheme)
      if (resolver === undefined) throw new CoreError('unsupported_scheme', `unsupported source scheme: ${scheme}`)
      return { source: resolver.parse(identifier, { attrs, ...(platform && { platform }) }), resolver }
    },
  }
}
