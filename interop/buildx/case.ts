import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** One directory of `cases`: a Dockerfile with policies and tests, and what is asked about it. */
export interface Case {
  readonly name: string
  /** Where it lies, with the names of this run's servers in it. */
  readonly directory: string
  /** Sources for `eval`. */
  readonly eval: readonly string[]
  /** Fields for `eval --print --fields`, by source. */
  readonly fields: Readonly<Record<string, readonly string[]>>
  /** Flags that `build` and `check` both take. */
  readonly flags: readonly string[]
  /** Where ours is another on purpose, by what is compared, and why: docs/compatibility.md says more. */
  readonly differences: Readonly<Record<string, string>>
}

const cases = fileURLToPath(new URL('./cases', import.meta.url))

/** Copies the directories to `target`, each `{{name}}` replaced by its value. */
export async function copyCases(target: string, values: Readonly<Record<string, string>>): Promise<Case[]> {
  const fill = (text: string) => text.replace(/\{\{(\w+)\}\}/g, (whole, name) => values[name] ?? whole)
  const names = (await readdir(cases)).sort()
  return Promise.all(
    names.map(async name => {
      const directory = path.join(target, name)
      await mkdir(directory, { recursive: true })
      await cp(path.join(cases, name), directory, { recursive: true })
      for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
        const file = path.join(entry.parentPath, entry.name)
        if (entry.isFile()) await writeFile(file, fill(await readFile(file, 'utf8')))
      }
      const about = JSON.parse(await readFile(path.join(directory, 'case.json'), 'utf8'))
      return { eval: [], fields: {}, flags: [], differences: {}, ...about, name, directory }
    }),
  )
}
