import { redactIdentifier, type Source } from '@source-policy/core'
import { isCommitHash } from '@source-policy/core/git-url'
import type { SourcePin } from '@source-policy/dockerfile'
import type { CheckedSource } from '../check-result.ts'
import { CliError } from '../error.ts'
import { resolveText } from '../resolve-field.ts'
import type { Session } from '../session.ts'

/**
 * What each decided source was found to be in the run in which it was decided: digests that policies did not ask for are asked for
 * now. Rejects with `not_pinnable` where a source was not allowed, and with what asking rejects with.
 */
export async function pinsOf(sources: readonly CheckedSource[], session: Session): Promise<SourcePin[]> {
  return Promise.all(
    sources.map(async checked => {
      const { source, places, roles, namedContext } = checked
      return {
        source,
        locations: places,
        roles,
        ...(namedContext !== undefined && { namedContext }),
        digest: await digestOf(checked, session),
      }
    }),
  )
}

/** Of a local source: empty. */
async function digestOf({ source, decision, digest }: CheckedSource, session: Session): Promise<string> {
  if (decision.kind !== 'allow' && decision.kind !== 'convert') {
    throw new CliError('not_pinnable', `${redactIdentifier(source.identifier)} was not allowed`)
  }
  const wanted = decision.kind === 'convert' ? decision.source : source
  switch (source.kind) {
    case 'local':
      return ''
    case 'image':
      return digestInName(wanted) ?? digest ?? (await session.fetchDigest(source))
    case 'git':
      return commitInName(wanted) ?? (await resolveText(source, ['git', 'commitChecksum'], session))
    case 'http':
      return digest ?? (await resolveText(source, ['http', 'checksum'], session))
    default:
      return digestInName(wanted) ?? unknownKind(source)
  }
}

function unknownKind({ kind, identifier }: Source): never {
  throw new CliError('not_pinnable', `${redactIdentifier(identifier)}: nothing pins ${kind} sources`)
}

function digestInName({ identifier }: Source): string | undefined {
  return /@([a-z0-9]+:[0-9a-f]+)$/.exec(identifier)?.[1]
}

/** A hash that is named in full leads nowhere else, be it that of a tag object. */
function commitInName({ identifier }: Source): string | undefined {
  const [, fragment = ''] = identifier.split('#')
  const [ref = ''] = fragment.split(':')
  return isCommitHash(ref) ? ref : undefined
}
