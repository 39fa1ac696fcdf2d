import type { Case, CaseOptions } from '../case.ts'

/** Rows of one topic: a name, the lines of the Dockerfile, and options where the build has any. */
export function topic(
  name: string,
  rows: readonly (readonly [name: string, dockerfile: string, options?: CaseOptions])[],
): readonly Case[] {
  return rows.map(([row, dockerfile, options]) => ({
    name: `${name}: ${row}`,
    dockerfile,
    ...(options === undefined ? {} : { options }),
  }))
}

/** The lines of a Dockerfile. */
export function lines(...text: readonly string[]): string {
  return `${text.join('\n')}\n`
}

export const digest = `sha256:${'0123456789abcdef'.repeat(4)}`
export const commit = '0123456789abcdef'.repeat(3).slice(0, 40)
