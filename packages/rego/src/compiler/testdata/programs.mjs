import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/**
 * Reads the programs of a folder of .rego files. `#### name` begins a program; `[strict]`, `[query: ...]` and `[raw]` after
 * the name say how it is compiled; `#### file: b.rego` begins a further module. The first module is `a.rego` in package
 * `test`, which is put above it unless it is `[raw]`. `<NUL>` stands for a null character.
 *

 */
export function readPrograms(folder) {
  return readdirSync(folder)
    .filter(file => file.endsWith('.rego'))
    .toSorted()
    .flatMap(file => programsOf(file.slice(0, -'.rego'.length), readFileSync(path.join(folder, file), 'utf8')))
}

function programsOf(group, text) {
  const programs = []
  for (const part of text.split(/^#### /m).slice(1)) {
    const [title, ...lines] = part.split('\n')
    const body = lines.join('\n').replaceAll('<NUL>', '\0')
    const further = /^file: (.*)$/.exec(title)
    if (further !== null) {
      programs.at(-1).modules[further[1]] = body
      continue
    }
    const [, name, strict, raw, query] = /^(.*?)(?: (\[strict\])| (\[raw\])| \[query: (.*)\])?$/.exec(title)
    programs.push({
      name: `${group}: ${name}`,
      modules: { 'a.rego': raw === undefined ? `package test\n\n${body}` : body },
      query,
      strict: strict !== undefined,
    })
  }
  return programs
}
