import type { PolicyFile, PolicySet } from '@source-policy/core'
import { type Module, parseModule } from '@source-policy/rego'
import { OpaEngineError } from './error.ts'
import { MAX_POLICY_FILE_BYTES, MAX_POLICY_MODULES } from './limits.ts'
import { refPath } from './ref-path.ts'

/**
 * The modules of a policy set by file name: its files and, as docker buildx does, for each `import data.a.b` the file
 * `a/b.rego` under the root, whose package is then `a.b` whatever it declares.
 * With `presentFirst` no file is read for a package that one of the set's own files has.
 */
export async function loadModules(
  set: Pick<PolicySet, 'name' | 'files' | 'root'>,
  { presentFirst = false }: { readonly presentFirst?: boolean } = {},
): Promise<Record<string, string>> {
  const modules: Record<string, string> = Object.create(null)
  const packages = new Set<string>()
  const pending: Import[] = []

  const add = (file: string, text: string, asPackage?: readonly string[]) => {
    const parsed = parseModule(file, text)
    modules[file] = asPackage === undefined ? text : withPackage(parsed, asPackage)
    packages.add((asPackage ?? refPath(parsed.package.path).slice(1)).join('.'))
    for (const { path } of parsed.imports) {
      const [root, ...rest] = refPath(path)
      if (root === 'data' && rest.length > 0) pending.push({ path: rest, from: file })
    }
    if (Object.keys(modules).length > MAX_POLICY_MODULES) {
      throw new OpaEngineError('policy_unreadable', `policy ${set.name} has more than ${MAX_POLICY_MODULES} modules`)
    }
  }

  for (const file of set.files) {
    const text = await readModule(set, file)
    if (text === undefined) throw new OpaEngineError('policy_not_found', `policy file ${file.path} not found`)
    add(file.path, text)
  }
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
    const file = `${next.path.join('/')}.rego`
    if (file in modules || (presentFirst && packages.has(next.path.join('.')))) continue
    const text = await readModule(set, { path: file })
    if (text !== undefined) add(file, text, next.path)
    else if (!packages.has(next.path.join('.'))) {
      throw new OpaEngineError(
        'import_not_found',
        `import data.${next.path.join('.')} not found for module ${next.from}`,
      )
    }
  }
  return modules
}

interface Import {
  readonly path: readonly string[]
  readonly from: string
}

/** The text with another package on the same rows, so that places in errors stay right. */
function withPackage({ source, package: { span } }: Module, path: readonly string[]): string {
  const rows = source.text.slice(span.start, span.end).split('\n').length - 1
  const name = path.map(part => `[${JSON.stringify(part)}]`).slice(1)
  return `${source.text.slice(0, span.start)}package ${path[0]}${name.join('')}${'\n'.repeat(rows)}${source.text.slice(span.end)}`
}

async function readModule(set: Pick<PolicySet, 'root'>, { path, text }: PolicyFile): Promise<string | undefined> {
  if (text !== undefined) return text
  const bytes = await set.root.read(path, { maxBytes: MAX_POLICY_FILE_BYTES })
  if (bytes === undefined) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new OpaEngineError('policy_unreadable', `policy file ${path} is not UTF-8`, { cause })
  }
}
