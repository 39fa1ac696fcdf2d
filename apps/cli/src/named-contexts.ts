import { stat } from 'node:fs/promises'
import path from 'node:path'
import { isRemote } from './build-files.ts'
import { CliError } from './error.ts'
import { parsePairs } from './flags.ts'

/**
 * `--build-context` values as the frontend gets them: URLs as they are, a directory as `local:<name>`.
 * Throws `usage` where a value is neither.
 */
export async function namedContexts(values: readonly string[], cwd: string): Promise<Record<string, string>> {
  const pairs = parsePairs('--build-context', values, key => {
    throw new CliError('usage', `--build-context ${key}: expected name=value`)
  })
  const contexts = await Promise.all(
    Object.entries(pairs).map(async ([name, value]) => {
      if (isRemote(value)) return [name, value] as const
      const found = await stat(path.resolve(cwd, value)).catch(() => undefined)
      if (found?.isDirectory() === true) return [name, `local:${name}`] as const
      throw new CliError('usage', `--build-context ${name}=${value}: neither a URL nor a directory`)
    }),
  )
  return Object.fromEntries(contexts)
}
