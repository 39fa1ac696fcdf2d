import { it } from 'vitest'
import { conformanceJSON, hasConformance } from '../conformance.ts'

type Row = Readonly<Record<string, unknown>> | readonly unknown[]

/**
 * A test for each row of a group of docker buildx's own tests that is told in words, named after it. Rows of the data that have no
 * test here are listed as still to do: no program can run them, and a fuller set of the data must not fail for being fuller. Throws
 * where the data does not have the group: then none of its rows would be looked for.
 */
export function testRows(
  group: string,
  nameOf: (row: Readonly<Record<string, unknown>>) => string,
  tests: Readonly<Record<string, () => void | Promise<void>>>,
): void {
  const groups = hasConformance ? conformanceJSON<Record<string, { cases: Row[] }>>('vectors', 'buildx.json') : {}
  if (hasConformance && groups[group] === undefined) throw new Error(`vectors/buildx.json has no group ${group}`)
  const names = (groups[group]?.cases ?? []).map(row =>
    nameOf(Array.isArray(row) ? { ...row } : (row as object as Record<string, unknown>)),
  )
  for (const name of new Set([...Object.keys(tests), ...names])) {
    const test = tests[name]
    if (test === undefined) it.todo(name)
    else it(name, test)
  }
}
