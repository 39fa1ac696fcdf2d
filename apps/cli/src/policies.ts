import path from 'node:path'
import type { Engine, Policy, PolicyFiles, PolicySet, PrintedLine } from '@source-policy/core'
import { confinedFiles } from './confined-files.ts'
import { CliError } from './error.ts'
import { MAX_POLICY_BYTES } from './limits.ts'
import type { LogLevel } from './logger.ts'
import { type PolicyConfig, type PolicyLogLevel, type ResolvedPolicy, resolvePolicyConfigs } from './policy-flag.ts'

/** A policy as the command runs it. */
export interface LoadedPolicy {
  readonly policy: Policy
  /** What of its lines is shown, where `--policy` says so. */
  readonly logLevel?: LogLevel
}

/** The policy that stands beside a Dockerfile, or was given on standard input. */
export interface DefaultPolicy {
  readonly name: string
  readonly text: string
  readonly origin: PolicySet['origin']
}

export interface LoadPoliciesOptions {
  /** `--policy` values in order. */
  readonly configs: readonly PolicyConfig[]
  readonly defaultPolicy?: DefaultPolicy
  /** What paths of policies are relative to; undefined where the build context is remote. */
  readonly root?: string
  readonly cwd: string
}

const CWD = 'cwd://'

/**
 * The policies of a build in the order in which they are evaluated. Throws `policy_not_found`, `policy_unsupported`,
 * `invalid_policy_flag`, and what the engine throws.
 */
export async function loadPolicies(options: LoadPoliciesOptions): Promise<LoadedPolicy[]> {
  const { configs, defaultPolicy } = options
  const defaultFiles = defaultPolicy === undefined ? [] : [defaultPolicy.name]
  const loaded: LoadedPolicy[] = []
  for (const resolved of resolvePolicyConfigs(defaultFiles, configs)) {
    const isDefault = resolved.files === defaultFiles && defaultPolicy !== undefined
    const set = isDefault ? defaultSet(defaultPolicy, options) : operatorSet(resolved, options)
    const engine = await engineFor(set)
    const level = resolved.logLevel && logLevels[resolved.logLevel]
    loaded.push({ policy: await engine.load(set), ...(level && { logLevel: level }) })
  }
  return loaded
}

/** The text of the policy beside a Dockerfile (`directory/<name>`), which may be a link within `alsoWithin`. */
export async function readDefaultPolicy(
  directory: string,
  name: string,
  alsoWithin: readonly string[],
): Promise<DefaultPolicy | undefined> {
  const bytes = await confinedFiles(directory, alsoWithin).read(name, { maxBytes: MAX_POLICY_BYTES })
  return bytes && { name, text: decodePolicy(bytes, name), origin: 'context' }
}

/** Throws `unreadable_file` where the policy is not UTF-8. */
export function decodePolicy(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new CliError('unreadable_file', `reading ${name}: not UTF-8`, { cause })
  }
}

function defaultSet({ name, text, origin }: DefaultPolicy, { root }: LoadPoliciesOptions): PolicySet {
  return { name, files: [{ path: name, text }], root: root === undefined ? noFiles : confinedFiles(root), origin }
}

/**
 * Files are relative to the build context, as in docker buildx, or to the working directory (`cwd://`). A set that is
 * wholly of the working directory has its imports there too: a build context must not be able to supply its modules.
 */
function operatorSet({ files }: ResolvedPolicy, { root, cwd }: LoadPoliciesOptions): PolicySet {
  const name = files.join(', ')
  if (files.every(file => file.startsWith(CWD))) {
    const names = files.map(file => relative(file.slice(CWD.length), cwd))
    return { name, files: names.map(path => ({ path })), root: confinedFiles(cwd), origin: 'operator' }
  }
  if (root === undefined) {
    throw new CliError(
      'policy_not_found',
      `policy file ${name}: the files of a remote context are not read; use ${CWD}`,
    )
  }
  const [inContext, inCwd] = [confinedFiles(root), confinedFiles(cwd)]
  const either: PolicyFiles = {
    read: (file, options) =>
      file.startsWith(CWD) ? inCwd.read(file.slice(CWD.length), options) : inContext.read(file, options),
  }
  const names = files.map(file => (file.startsWith(CWD) ? file : relative(file, root)))
  return { name, files: names.map(path => ({ path })), root: either, origin: 'operator' }
}

function relative(file: string, root: string): string {
  return (path.isAbsolute(file) ? path.relative(root, file) : file).split(path.sep).join('/')
}

async function engineFor({ files }: PolicySet): Promise<Engine> {
  const foreign = files.find(file => path.posix.extname(file.path) !== '.rego')
  if (foreign !== undefined) {
    throw new CliError('policy_unsupported', `policy file ${foreign.path}: expected a file that ends in .rego`)
  }
  const { opaEngine } = await import('@source-policy/engine-opa')
  return opaEngine()
}

const logLevels: Readonly<Record<PolicyLogLevel, LogLevel>> = {
  panic: 'error',
  fatal: 'error',
  error: 'error',
  warning: 'warn',
  info: 'info',
  debug: 'debug',
  trace: 'debug',
}

const noFiles: PolicyFiles = { read: async () => undefined }

/** The policy, with what it prints and throws shown as well: core keeps of an error a code and a message only. */
export function watchedPolicy(
  policy: Policy,
  watch: { onPrint(line: PrintedLine): void; onError(error: unknown): void },
): Policy {
  return {
    ...policy,
    async evaluate(request) {
      try {
        return await policy.evaluate({
          ...request,
          print(line) {
            watch.onPrint(line)
            request.print?.(line)
          },
        })
      } catch (error) {
        watch.onError(error)
        throw error
      }
    },
  }
}
