import { redactIdentifier, redactURL, type Source } from '@source-policy/core'
import { gitIdentifier, isGitTransport, parseGitURL } from '@source-policy/core/git-url'
import type { SourcePin } from '@source-policy/dockerfile'
import { CliError } from '../error.ts'

/**
 * A static source policy of BuildKit, as `buildctl build --source-policy-file` and EXPERIMENTAL_BUILDKIT_SOURCE_POLICY take it.
 *
 * @see https://github.com/moby/buildkit/blob/master/sourcepolicy/pb/policy.proto
 */
export interface BuildKitPolicy {
  readonly version: 1
  readonly rules: readonly BuildKitRule[]
}

export interface BuildKitRule {
  readonly action: 'ALLOW' | 'DENY' | 'CONVERT'
  readonly selector: {
    readonly identifier: string
    readonly match_type: 'EXACT' | 'REGEX'
    readonly constraints?: readonly { readonly key: string; readonly value: string; readonly condition: 'EQUAL' }[]
  }
  readonly updates?: { readonly identifier: string; readonly attrs?: Readonly<Record<string, string>> }
}

/** What a source becomes: its name, and the attributes that hold it to what was checked. */
interface Pinned {
  readonly identifier: string
  readonly attrs: Readonly<Record<string, string>>
}

/**
 * A policy by which a build uses exactly what was decided, or fails: everything is denied, each decided source is converted to what it
 * was found to be, and that is allowed. Throws `not_pinnable` where a name has a secret in it, or stands for two things.
 *
 * Within a policy the last rule that matches decides, and a conversion that changes something starts again from the first rule. So
 * the denial comes first; a source that was asked for by its name is converted before the denial counts, then found again under its
 * new name, where the permission comes after the denial. BuildKit looks at an image twice, by its tag and by what that led to: the
 * name with both is the one that is allowed.
 */
export function closedPolicy(pins: readonly SourcePin[]): BuildKitPolicy {
  const byName = new Map<string, Pinned>()
  for (const pin of pins) {
    const pinned = pinnedSource(pin)
    for (const name of namesOf(pin.source)) {
      refuseSecrets(name)
      const other = byName.get(name)
      byName.set(name, other === undefined ? pinned : agreed(name, other, pinned))
    }
  }
  const conversions = new Map<string, BuildKitRule>()
  const permissions = new Map<string, BuildKitRule>()
  for (const [name, { identifier, attrs }] of byName) {
    const hasAttrs = Object.keys(attrs).length > 0
    if (identifier !== name || hasAttrs) {
      conversions.set(name, {
        action: 'CONVERT',
        selector: { identifier: name, match_type: 'EXACT' },
        updates: { identifier, ...(hasAttrs && { attrs }) },
      })
    }
    const constraints = Object.entries(attrs).map(([key, value]) => ({ key, value, condition: 'EQUAL' as const }))
    permissions.set(JSON.stringify([identifier, attrs]), {
      action: 'ALLOW',
      selector: { identifier, match_type: 'EXACT', ...(hasAttrs && { constraints }) },
    })
  }
  const denial: BuildKitRule = { action: 'DENY', selector: { identifier: '.*', match_type: 'REGEX' } }
  return { version: 1, rules: [denial, ...conversions.values(), ...permissions.values()] }
}

function pinnedSource({ source, digest }: SourcePin): Pinned {
  const { identifier } = source
  switch (source.kind) {
    case 'image':
      return { identifier: `${identifier.replace(/@[^@/]*$/, '')}@${digest}`, attrs: {} }
    case 'git': {
      const { base, subdir } = gitParts(source)
      return {
        identifier: `${base}#${digest}${subdir === '' ? '' : `:${subdir}`}`,
        attrs: { 'git.checksum': digest },
      }
    }
    case 'http':
      return { identifier, attrs: { 'http.checksum': digest } }
    default:
      return { identifier, attrs: {} }
  }
}

/** The names by which BuildKit looks a source up: its own spelling of git sources, and the one that it is asked for by. */
function namesOf(source: Source): string[] {
  if (source.kind !== 'git') return [source.identifier]
  const { base, ref, subdir } = gitParts(source)
  const below = subdir === '' ? '' : `:${subdir}`
  const fragment = ref === '' && below === '' ? '' : `#${ref}${below}`
  return [...new Set([`${base}${fragment}`, source.identifier])]
}

/** Host and path are those of the remote that is contacted, as BuildKit has it. */
function gitParts({ identifier, attrs }: Source): { base: string; ref: string; subdir: string } {
  const named = identifier.slice('git://'.length)
  const { ref = '', subdir = '' } = parseGitURL(isGitTransport(named) ? named : `https://${named}`)
  const remote = attrs['git.fullurl'] ?? named
  return { base: gitIdentifier(remote), ref, subdir }
}

/** One name can lead to one thing only. */
function agreed(name: string, one: Pinned, other: Pinned): Pinned {
  if (JSON.stringify(one) === JSON.stringify(other)) return one
  // checksums of one file by different algorithms: the same bytes
  const [first, second] = [one.attrs['http.checksum'], other.attrs['http.checksum']]
  if (first !== undefined && second !== undefined && algorithmOf(first) !== algorithmOf(second)) {
    return algorithmOf(first) === 'sha256' ? one : other
  }
  throw new CliError('not_pinnable', `${redactIdentifier(name)} was found to be two different things`)
}

function algorithmOf(digest: string): string {
  return digest.split(':', 1)[0] ?? ''
}

/** A file with pins is meant to be kept and shown. */
function refuseSecrets(name: string): void {
  if (!/^https?:/.test(name) || !URL.canParse(name) || redactURL(name) === new URL(name).href) return
  throw new CliError('not_pinnable', `${redactURL(name)}: a pin would have to repeat the secret in this URL`)
}
