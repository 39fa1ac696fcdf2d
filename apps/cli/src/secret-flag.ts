import path from 'node:path'
import { readOperatorFile } from './confined-files.ts'
import { parseCSV } from './csv.ts'
import { CliError } from './error.ts'
import type { IO } from './io.ts'
import { MAX_SECRET_BYTES } from './limits.ts'

/** Secrets by their id. */
export type GivenSecrets = Readonly<Record<string, string>>

/** What each key names. */
const keys: Readonly<Record<string, 'id' | 'env' | 'src'>> = { id: 'id', env: 'env', src: 'src', source: 'src' }

/**
 * The secrets of `--secret` values as docker build writes them: `id=NAME,env=VARIABLE`, `id=NAME,src=FILE`, or `id=NAME` alone for
 * the variable of that name. Throws `usage`, `unreadable_file`; never with a value in the message.
 *
 * @see https://docs.docker.com/reference/cli/docker/buildx/build/#secret
 */
export async function readSecrets(values: readonly string[], io: Pick<IO, 'cwd' | 'env'>): Promise<GivenSecrets> {
  const secrets: Record<string, string> = Object.create(null)
  for (const value of values) {
    const { id, env, src } = parseSecretFlag(value)
    secrets[id] = src === undefined ? fromEnv(env ?? id, io) : await fromFile(src, io)
  }
  return secrets
}

function parseSecretFlag(value: string): { id: string; env?: string; src?: string } {
  const found: { id?: string; env?: string; src?: string } = {}
  for (const field of parseCSV(value) ?? []) {
    const at = field.indexOf('=')
    const key = keys[field.slice(0, Math.max(at, 0)).trim().toLowerCase()]
    if (key === undefined || at === field.length - 1 || found[key] !== undefined) throw invalid()
    found[key] = field.slice(at + 1)
  }
  const { id, ...from } = found
  if (id === undefined || Object.keys(from).length > 1) throw invalid()
  return { id, ...from }
}

function fromEnv(name: string, { env }: Pick<IO, 'env'>): string {
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  if (value === undefined) throw new CliError('usage', `--secret: there is no ${name} in the environment`)
  return value
}

async function fromFile(file: string, { cwd }: Pick<IO, 'cwd'>): Promise<string> {
  const bytes = await readOperatorFile(path.resolve(cwd, file), { maxBytes: MAX_SECRET_BYTES })
  if (bytes === undefined) throw new CliError('unreadable_file', `--secret: reading ${file}: no such file`)
  return new TextDecoder().decode(bytes).replace(/\r?\n$/, '')
}

/** Whoever mistook the form may have written the secret itself: it is not repeated. */
function invalid(): CliError {
  return new CliError('usage', 'invalid --secret: expected id=NAME, id=NAME,env=VARIABLE or id=NAME,src=FILE')
}
