import type { Decision } from '@source-policy/core'
import type { Dockerfile, Place } from '@source-policy/dockerfile'
import type { CheckedBuild } from './check-build.ts'
import type { CheckedSource, CheckResult, UndeterminedSource } from './check-result.ts'
import { sourceKey } from './decide-build.ts'

/**
 * What several builds have found, each source once with all its places and the targets that use it. Where policies decided
 * differently for different targets it stands once for each decision.
 */
export function mergeBuilds(
  builds: readonly CheckedBuild[],
): Pick<CheckResult, 'policies' | 'sources' | 'undetermined'> {
  const sources = new Map<string, CheckedSource>()
  const undetermined = new Map<string, UndeterminedSource>()
  const dockerfiles = new Map(builds.map(({ name, build }) => [name ?? '', build?.dockerfile]))
  for (const { name, build, ...checked } of builds) {
    const target = name === undefined ? {} : { targets: [name] }
    for (const source of checked.sources) {
      const key = `${sourceKey(source.source)} ${decisionKey(source.decision)}`
      const other = sources.get(key)
      sources.set(key, other === undefined ? { ...source, ...target } : merged(other, { ...source, ...target }))
    }
    for (const entry of checked.undetermined) {
      const link = entry.error.code === 'undetermined_input' ? build?.links.get(entry.text) : undefined
      // what another target builds is checked there; only what its Dockerfile leaves to those who build on it is not
      if (link !== undefined && !hasTriggers(dockerfiles.get(link))) continue
      undetermined.set(JSON.stringify([entry.text, entry.place, entry.error]), entry)
    }
  }
  return {
    policies: [...new Set(builds.flatMap(({ policies }) => policies.map(({ policy }) => policy.name)))],
    sources: [...sources.values()],
    undetermined: [...undetermined.values()],
  }
}

function hasTriggers(dockerfile: Dockerfile | undefined): boolean {
  if (dockerfile === undefined || dockerfile.problem !== undefined) return true
  return dockerfile.stages.some(({ commands }) => commands.some(({ kind }) => kind === 'onbuild'))
}

/** Equal for what readers would take for the same decision. */
function decisionKey(decision: Decision): string {
  const { kind } = decision
  const by = 'policy' in decision ? decision.policy : undefined
  switch (kind) {
    case 'deny':
      return JSON.stringify([kind, by, decision.messages])
    case 'convert':
      return JSON.stringify([kind, sourceKey(decision.source)])
    case 'undecided':
      return JSON.stringify([kind, by, decision.needs, decision.errors.map(({ code, message }) => [code, message])])
    case 'broken':
      return JSON.stringify([kind, by, decision.error.code, decision.error.message])
    default:
      return kind
  }
}

function merged(one: CheckedSource, other: CheckedSource): CheckedSource {
  const places = new Map([...one.places, ...other.places].map(place => [placeKey(place), place]))
  const digest = one.digest ?? other.digest
  const targets = [...new Set([...(one.targets ?? []), ...(other.targets ?? [])])]
  return {
    ...one,
    places: [...places.values()],
    roles: [...new Set([...one.roles, ...other.roles])],
    ...(digest !== undefined && { digest }),
    ...(targets.length > 0 && { targets }),
  }
}

function placeKey({ file, line, column }: Place): string {
  return JSON.stringify([file, line, column])
}
