import { parseCSV } from './csv.ts'
import { CliError } from './error.ts'

/**
 * Levels of log lines as policies of docker buildx name them; `warn` is written `warning`. `none` is in Docker's documentation,
 * although docker buildx refuses it.
 */
export const POLICY_LOG_LEVELS = ['none', 'panic', 'fatal', 'error', 'warning', 'info', 'debug', 'trace'] as const

export type PolicyLogLevel = (typeof POLICY_LOG_LEVELS)[number]

/** One `--policy` entry. */
export interface PolicyConfig {
  /** Evaluated together as one policy. Empty: the entry is about the policies before it. */
  readonly files: readonly string[]
  /** Forgets the policies before it. */
  readonly reset?: boolean
  /** No policy at all; stands alone. */
  readonly disabled?: boolean
  /** In docker buildx: refuse daemons that do not check policies. Here they are always checked. */
  readonly strict?: boolean
  readonly logLevel?: PolicyLogLevel
  /** In `warn` mode what the policy denies is told and allowed. Not in docker buildx. */
  readonly mode?: PolicyMode
}

export type PolicyMode = 'enforce' | 'warn'

/** Files that are evaluated together. */
export interface ResolvedPolicy {
  readonly files: readonly string[]
  readonly strict?: boolean
  readonly logLevel?: PolicyLogLevel
  readonly mode?: PolicyMode
}

type Fields = Readonly<Record<string, unknown>>
type Settings = { -readonly [Name in keyof PolicyConfig]: PolicyConfig[Name] } & { files: string[] }

/** What each key sets; false where the value is not one. */
const keys: Readonly<Record<string, (config: Settings, value: unknown) => boolean>> = {
  filename(config, value) {
    const names = Array.isArray(value) ? value : [value]
    if (!names.every(name => typeof name === 'string' && name !== '')) return false
    config.files.push(...names)
    return true
  },
  reset: flag('reset'),
  disabled: flag('disabled'),
  strict: flag('strict'),
  'log-level'(config, value) {
    const level = typeof value === 'string' ? value.toLowerCase().replace(/^warn$/, 'warning') : undefined
    const known = POLICY_LOG_LEVELS.find(name => name === level)
    if (known !== undefined) config.logLevel = known
    return known !== undefined
  },
  mode(config, value) {
    if (value !== 'warn' && value !== 'enforce') return false
    config.mode = value
    return true
  },
}

/**
 * The meaning of a `--policy` value: `filename=a.rego,filename=b.rego,strict=true`, keys in any case.
 * Throws `invalid_policy_flag`.
 *
 * @see https://docs.docker.com/reference/cli/docker/buildx/build/#policy
 */
export function parsePolicyFlag(value: string): PolicyConfig {
  const fields = parseCSV(value)
  if (fields === undefined) throw invalid(value)
  const config: Settings = { files: [] }
  for (const field of fields) {
    const at = field.indexOf('=')
    if (at === -1) throw invalid(field)
    const set = setter(field.slice(0, at))
    if (set?.(config, field.slice(at + 1)) !== true) throw invalid(field)
  }
  return config
}

/**
 * The same of an entry of a bake file: a `--policy` value, an object with its keys or as `docker buildx bake --print` prints it, or
 * the name of a file as Docker's documentation has it, although docker buildx refuses that. Throws `invalid_policy_flag`.
 */
export function readPolicyConfig(entry: string | Fields): PolicyConfig {
  if (typeof entry === 'string') return /^[^=,"]+$/.test(entry) ? { files: [entry] } : parsePolicyFlag(entry)
  const config: Settings = { files: [] }
  for (const [key, value] of Object.entries('Files' in entry ? printedFields(entry) : entry)) {
    if (setter(key)?.(config, value) !== true) throw invalid(`${key}=${String(value)}`)
  }
  return config
}

/** What `docker buildx bake --print` prints: every member of its own structure, those that say nothing as null or false. */
function printedFields({ Files, Reset, Disabled, Strict, LogLevel, ...others }: Fields): Fields {
  const files = Array.isArray(Files) ? Files.map(nameOfPrinted) : Files === null ? [] : undefined
  if (files === undefined || Object.keys(others).length > 0) throw invalid('policy')
  return {
    ...(files.length > 0 && { filename: files }),
    ...(Reset !== false && { reset: Reset }),
    ...(Disabled !== false && { disabled: Disabled }),
    ...(Strict !== null && { strict: Strict }),
    ...(LogLevel !== null && { 'log-level': LogLevel }),
  }
}

/** A policy whose text stands in the file itself has no name to read it by. */
function nameOfPrinted(file: unknown): unknown {
  if (typeof file !== 'object' || file === null || !('Filename' in file)) return undefined
  return 'Data' in file && file.Data !== null ? undefined : file.Filename
}

/**
 * The policies that `--policy` entries lead to, in order, given those that are there without them (the one beside the
 * Dockerfile). Throws `invalid_policy_flag` where an entry disables policies and another says more.
 */
export function resolvePolicyConfigs<Given extends ResolvedPolicy>(
  given: readonly Given[],
  configs: readonly PolicyConfig[],
): (Given | ResolvedPolicy)[] {
  const [first] = configs
  if (configs.some(({ disabled }) => disabled === true)) {
    if (configs.length > 1 || first === undefined || !isDisabledAlone(first)) {
      throw new CliError('invalid_policy_flag', 'disabled policy cannot be combined with other policy flags')
    }
    return []
  }
  let policies: (Given | ResolvedPolicy)[] = [...given]
  /** Settings that came before any policy; they hold for those that follow. */
  let pending: Omit<ResolvedPolicy, 'files'> = {}
  for (const { files, reset, strict, logLevel, mode } of configs) {
    if (reset === true) policies = []
    const settings = {
      ...(strict !== undefined && { strict }),
      ...(logLevel !== undefined && { logLevel }),
      ...(mode !== undefined && { mode }),
    }
    const last = policies.at(-1)
    if (files.length > 0) policies.push({ files, ...pending, ...settings })
    else if (last === undefined) pending = { ...pending, ...settings }
    else policies[policies.length - 1] = { ...last, ...settings }
  }
  return policies
}

function isDisabledAlone({ files, disabled: _, ...others }: PolicyConfig): boolean {
  return files.length === 0 && Object.keys(others).length === 0
}

function setter(key: string) {
  const name = key.trim().toLowerCase()
  return Object.hasOwn(keys, name) ? keys[name] : undefined
}

const booleans: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  ...['1', 't', 'T', 'TRUE', 'true', 'True', true].map(text => [text, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False', false].map(text => [text, false] as const),
])

/** Whether `--default-policy` or the variable that docker buildx reads says so. Throws `usage` for a value that is no boolean. */
export function wantsBuiltinPolicy(given: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  const { BUILDX_DEFAULT_POLICY: text = '' } = env
  const parsed = text === '' ? false : booleans.get(text)
  if (parsed !== undefined) return given || parsed
  throw new CliError('usage', `BUILDX_DEFAULT_POLICY: expected true or false, got ${JSON.stringify(text)}`)
}

function flag(name: 'reset' | 'disabled' | 'strict') {
  return (config: Settings, value: unknown): boolean => {
    const parsed = booleans.get(value)
    if (parsed !== undefined) config[name] = parsed
    return parsed !== undefined
  }
}

function invalid(field: string): CliError {
  return new CliError('invalid_policy_flag', `invalid value ${field}`)
}
