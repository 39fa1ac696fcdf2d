import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.resolve(
  process.env.SOURCE_POLICY_CONFORMANCE ?? fileURLToPath(new URL('../../shared/conformance', import.meta.url)),
)

/** Whether the conformance data is there; with SOURCE_POLICY_REQUIRE_CONFORMANCE=1 its absence is an error. */
export const hasConformance = existsSync(root)

if (!hasConformance) {
  if (process.env.SOURCE_POLICY_REQUIRE_CONFORMANCE === '1') throw new Error(`no conformance data at ${root}`)
  console.warn(`skipped: no conformance data at ${root} (set SOURCE_POLICY_CONFORMANCE)`)
}

export const conformancePath = (...parts: string[]): string => path.join(root, ...parts)

export const conformanceText = (...parts: string[]): string => readFileSync(conformancePath(...parts), 'utf8')

export const conformanceJSON = <T>(...parts: string[]): T => JSON.parse(conformanceText(...parts)) as T
