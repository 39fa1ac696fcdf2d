import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { confinedFiles } from './confined-files.ts'
import { CliError } from './error.ts'
import { MAX_POLICY_BYTES, MAX_TEST_FILES } from './limits.ts'
import { decodePolicy } from './policy-text.ts'

const SUFFIX = '_test.rego'

/** Tests of one directory and the policy that they are about. Paths are relative to the working directory. */
export interface TestSet {
  readonly directory: string
  readonly tests: readonly { readonly path: string; readonly text: string }[]
  /** Undefined where there is none: tests may bring all that they need by imports. */
  readonly policy?: { readonly path: string; readonly text: string }
}

/**
 * The tests at a path: a file that ends in `_test.rego`, or all such files of a directory and those beneath it. The policy of
 * tests is the nearest `<filename>.rego`: beside them, else in a directory above, up to the working directory.
 * Throws `usage`, `policy_not_found`, `outside_root`, `unreadable_file`.
 */
export async function findTestFiles(
  wanted: string,
  { cwd, filename }: { readonly cwd: string; readonly filename: string },
): Promise<TestSet[]> {
  const absolute = path.resolve(cwd, wanted)
  const found = await stat(absolute).catch(() => undefined)
  if (found === undefined) throw new CliError('usage', `${wanted}: no such file or directory`)
  if (!found.isDirectory() && !absolute.endsWith(SUFFIX)) {
    throw new CliError('usage', `test file must have ${SUFFIX} suffix: ${wanted}`)
  }
  const files = found.isDirectory() ? await filesBeneath(absolute) : [absolute]
  if (files.length === 0) throw new CliError('usage', `no policy tests found in ${wanted}`)
  const byDirectory = new Map<string, string[]>()
  for (const file of files) {
    const directory = path.dirname(file)
    byDirectory.set(directory, [...(byDirectory.get(directory) ?? []), file])
  }
  return Promise.all(Array.from(byDirectory, ([directory, own]) => readTestSet(directory, own, cwd, filename)))
}

async function readTestSet(
  directory: string,
  files: readonly string[],
  cwd: string,
  filename: string,
): Promise<TestSet> {
  const relative = (file: string) => path.relative(cwd, file).split(path.sep).join('/')
  const read = async (file: string) => {
    // hostile: a link from a checkout must not make errors quote a file from elsewhere on this machine
    const bytes = await confinedFiles(path.dirname(file), [cwd]).read(file, { maxBytes: MAX_POLICY_BYTES })
    return bytes && { path: relative(file), text: decodePolicy(bytes, relative(file)) }
  }
  const texts = await Promise.all(files.map(read))
  const policy = await nearestPolicy(directory, cwd, policyName(filename), read)
  return {
    directory,
    tests: texts.filter(text => text !== undefined),
    ...(policy !== undefined && { policy }),
  }
}

/** `Dockerfile` stands for `Dockerfile.rego`, as everywhere. */
export function policyName(filename: string): string {
  return filename.endsWith('.rego') ? filename : `${filename}.rego`
}

async function nearestPolicy<T>(
  directory: string,
  cwd: string,
  name: string,
  read: (file: string) => Promise<T | undefined>,
): Promise<T | undefined> {
  for (let at = directory; ; at = path.dirname(at)) {
    const policy = await read(path.join(at, name))
    const isAbove = path.relative(cwd, at).startsWith('..')
    if (policy !== undefined || at === cwd || isAbove || at === path.dirname(at)) {
      return policy ?? (isAbove ? read(path.join(cwd, name)) : undefined)
    }
  }
}

/** In the order of their names. Links are not followed, and what is hidden or installed holds no tests of one's own. */
async function filesBeneath(root: string): Promise<string[]> {
  const found: string[] = []
  const pending = [root]
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
    const entries = await readdir(next, { withFileTypes: true })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const file = path.join(next, entry.name)
      if (entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules') pending.push(file)
      else if (entry.isFile() && entry.name.endsWith(SUFFIX)) found.push(file)
      if (found.length + pending.length > MAX_TEST_FILES) {
        throw new CliError('usage', `${root}: more than ${MAX_TEST_FILES} test files and directories`)
      }
    }
  }
  return found
}
