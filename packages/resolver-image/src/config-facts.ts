import type { AbsentFact, Basis, KnownFact } from '@source-policy/core'
import type { ImageConfig } from '@source-policy/oci'
import { type Field, pathOf } from './image-source.ts'

/** Fields that one config answers, and where it has them. */
const configFields = {
  labels: config => config.labels,
  user: config => config.user,
  volumes: config => config.volumes,
  workingDir: config => config.workingDir,
  env: config => config.env,
  createdTime: config => config.created,
} as const satisfies Partial<Record<Field, (config: ImageConfig) => unknown>>

/** Everything that a config says; what it does not say is absent. */
export function configFacts(config: ImageConfig, basis: Basis): { known: KnownFact[]; absent: AbsentFact[] } {
  const known: KnownFact[] = []
  const absent: AbsentFact[] = []
  for (const [field, read] of Object.entries(configFields)) {
    const path = pathOf(field as Field)
    const value = read(config)
    if (value === undefined) absent.push({ path, basis })
    else known.push({ path, value, basis })
  }
  return { known, absent }
}
