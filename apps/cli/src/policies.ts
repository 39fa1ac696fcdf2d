import path from 'node:path'
import type { Engine, Origin, Policy, PolicyFile, PolicyFiles, PolicySet, PrintedLine } from '@source-policy/core'
import { confinedFiles } from './confined-files.ts'
import { CliError } from './error.ts'
import { MAX_POLICY_BYTES } from './limits.ts'
import type { Threshold } from './logger.ts'
import {
  type PolicyConfig,
  type PolicyLogLevel,
  type PolicyMode,
  type ResolvedPolicy,
  resolvePolicyConfigs,
} from './policy-flag.ts'
import { decodePolicy } from './policy-text.ts'
import { isRemotePolicy, remotePolicyName } from './remote-policy.ts'
import type { Session } from './session.ts'

/** A policy as the command runs it. */
export interface LoadedPolicy {
  readonly policy: Policy
  /** What of its lines is shown, where `--policy` says so. */
  readonly logLevel?: Threshold
}

/** The policies of a run by what they are, and the engines that loaded them. */
export interface LoadedPolicies {
  readonly policies: Map<string, Promise<Policy>>
  readonly engines: Map<string, Promise<Engine>>
}

/** No policy loaded yet. */
export function noPolicies(): LoadedPolicies {
  return { policies: new Map(), engines: new Map() }
}

/** The policy that stands beside a Dockerfile, or was given on standard input. */
export interface DefaultPolicy {
  readonly name: string
  readonly text: string
  readonly origin: Origin
  /** Files beside it. Default: none. */
  readonly beside?: PolicyFiles
}

/** The files of a build context. */
export interface ContextFiles {
  readonly files: PolicyFiles
  /** Tells contexts apart. */
  readonly key: string
  /** Directory, where the context is local: absolute paths are taken for those within it. */
  readonly root?: string
}

export interface LoadPoliciesOptions {
  /** `--policy` values in order. */
  readonly configs: readonly PolicyConfig[]
  /** Entries of a bake file, which decide over the policies of the context and those that they name. */
  readonly contextConfigs?: readonly PolicyConfig[]
  readonly defaultPolicy?: DefaultPolicy
  /** The default policy of docker buildx goes before all others, unless the operator disables policies. Default: false. */
  readonly builtinPolicy?: boolean
  /** What paths of policies are relative to; undefined where nothing of the build context is to be read. */
  readonly context?: ContextFiles
  readonly cwd: string
  /** For policies that are fetched. */
  readonly session: Session
  /** Policies of this run: equal sets are loaded once. */
  readonly loaded?: LoadedPolicies
}

const CWD = 'cwd://'

interface GivenPolicy extends ResolvedPolicy {
  readonly origin: Origin
  readonly defaultPolicy?: DefaultPolicy
}

/**
 * The policies of a build in the order in which they are evaluated. Throws `policy_not_found`, `policy_not_pinned`,
 * `policy_unsupported`, `invalid_policy_flag`, `no_policy` (strict), and what the engine throws.
 */
export async function loadPolicies(options: LoadPoliciesOptions): Promise<LoadedPolicy[]> {
  const { configs, contextConfigs = [], defaultPolicy, loaded = noPolicies() } = options
  if (contextConfigs.some(({ mode }) => mode !== undefined)) {
    throw new CliError('invalid_policy_flag', 'mode: only the operator chooses it, with --policy')
  }
  const beside: GivenPolicy[] =
    defaultPolicy === undefined ? [] : [{ files: [defaultPolicy.name], origin: defaultPolicy.origin, defaultPolicy }]
  const ofContext = resolvePolicyConfigs(beside, contextConfigs).map((given): GivenPolicy => {
    return { origin: 'context', ...given }
  })
  const resolved = resolvePolicyConfigs(ofContext, configs).map((given): GivenPolicy => {
    return { origin: 'operator', ...given }
  })
  if (resolved.length === 0 && [...configs, ...contextConfigs].some(({ strict }) => strict === true)) {
    throw new CliError('no_policy', 'strict=true: there is no policy')
  }
  const policies: LoadedPolicy[] = []
  if (options.builtinPolicy === true && !configs.some(({ disabled }) => disabled === true)) {
    policies.push({ policy: await builtinPolicy(loaded) })
  }
  for (const given of resolved) {
    const { set, key } = await policySet(given, options)
    const policy = loaded.policies.get(key) ?? engineFor(set, loaded).then(engine => engine.load(set))
    loaded.policies.set(key, policy)
    const level = given.logLevel && logLevels[given.logLevel]
    policies.push({ policy: inMode(await policy, given.mode), ...(level && { logLevel: level }) })
  }
  return policies
}

const warning = new WeakMap<Policy, Policy>()

/** The same policy is the same object in each mode. */
function inMode(policy: Policy, mode: PolicyMode = 'enforce'): Policy {
  if (mode === 'enforce') return policy
  const made = warning.get(policy) ?? { ...policy, mode }
  warning.set(policy, made)
  return made
}

async function builtinPolicy({ policies }: LoadedPolicies): Promise<Policy> {
  const { DEFAULT_POLICY, opaEngine } = await import('@source-policy/engine-opa')
  const policy = policies.get(DEFAULT_POLICY.name) ?? opaEngine().load(DEFAULT_POLICY)
  policies.set(DEFAULT_POLICY.name, policy)
  return policy
}

/** Those of `configs` that can be loaded without looking into a build context. */
export function withoutContext(configs: readonly PolicyConfig[]): PolicyConfig[] {
  return configs.filter(({ files }) => files.length > 0 && !files.some(isOfContext)).map(({ files }) => ({ files }))
}

/** Whether a file of `--policy` is one of the build context. */
export function isOfContext(file: string): boolean {
  return !file.startsWith(CWD) && !isRemotePolicy(file)
}

/** The policy beside a Dockerfile, whose path is one of `files`. Undefined where there is none. */
export async function readDefaultPolicy(files: PolicyFiles, dockerfile: string): Promise<DefaultPolicy | undefined> {
  const directory = path.posix.dirname(dockerfile)
  const name = `${path.posix.basename(dockerfile)}.rego`
  const bytes = await files.read(path.posix.join(directory, name), { maxBytes: MAX_POLICY_BYTES })
  return bytes && { name, text: decodePolicy(bytes, name), origin: 'context', beside: below(files, directory) }
}

interface NamedSet {
  readonly set: PolicySet
  /** Equal for sets that are the same policy. */
  readonly key: string
}

async function policySet(given: GivenPolicy, options: LoadPoliciesOptions): Promise<NamedSet> {
  const { defaultPolicy, origin } = given
  if (defaultPolicy !== undefined) {
    const { name, text, beside = noFiles } = defaultPolicy
    const { context } = options
    const root = firstOf([context?.files ?? noFiles, beside])
    const key = JSON.stringify(['default', origin, name, text, context?.key])
    return { set: { name, files: [{ path: name, text }], root, origin }, key }
  }
  return namedSet(given, options)
}

/**
 * The files of one entry. Their imports and what they read lie where docker buildx looks for them, at the root of the build
 * context or of the working directory (`cwd://`), or where its documentation says, beside the policy. A set without a file of the
 * build context has none of these there: a context must not be able to supply its modules.
 */
async function namedSet({ files, origin }: GivenPolicy, options: LoadPoliciesOptions): Promise<NamedSet> {
  const { cwd, context, session } = options
  const found: PolicyFile[] = []
  const roots: PolicyFiles[] = []
  const beside: PolicyFiles[] = []
  const own = confinedFiles(cwd)
  for (const file of files) {
    if (isRemotePolicy(file)) {
      const fetched = await session.fetchPolicy(file)
      found.push(...fetched.files)
      roots.push(fetched.root)
      continue
    }
    const place = isOfContext(file) ? context : { files: own, root: cwd }
    const relative = relativeTo(place?.root, file.startsWith(CWD) ? file.slice(CWD.length) : file)
    const bytes = await place?.files.read(relative, { maxBytes: MAX_POLICY_BYTES })
    if (place === undefined || bytes === undefined) {
      throw new CliError('policy_not_found', `policy file ${file} not found`)
    }
    const isTold = files.every(other => other.startsWith(CWD)) || isOfContext(file)
    found.push({ path: isTold ? relative : file, text: decodePolicy(bytes, file) })
    beside.push(below(place.files, path.posix.dirname(relative)))
  }
  if (files.some(isOfContext) && context !== undefined) roots.push(context.files)
  else if (files.some(file => file.startsWith(CWD))) roots.push(own)
  const name = files.map(file => (isRemotePolicy(file) ? remotePolicyName(file) : file)).join(', ')
  const root = firstOf([...roots, ...beside])
  const set: PolicySet = { name, files: found, root: origin === 'operator' ? withCwd(root, own) : root, origin }
  return { set, key: JSON.stringify([origin, files, found, files.some(isOfContext) ? context?.key : '']) }
}

/** What the first of several places has. A path that leads out of one of them is refused all the same. */
function firstOf(places: readonly PolicyFiles[]): PolicyFiles {
  return {
    async read(file, options) {
      for (const place of places) {
        const bytes = await place.read(file, options)
        if (bytes !== undefined) return bytes
      }
      return undefined
    },
  }
}

/** What a policy of the operator names by `cwd://` lies in the working directory, wherever its other files do. */
function withCwd(files: PolicyFiles, own: PolicyFiles): PolicyFiles {
  return {
    read: async (file, options) =>
      file.startsWith(CWD) ? own.read(file.slice(CWD.length), options) : files.read(file, options),
  }
}

/** The files of a directory, confined as `files` are. */
function below(files: PolicyFiles, directory: string): PolicyFiles {
  return {
    read: async (file, options) =>
      path.isAbsolute(file) ? undefined : files.read(path.posix.join(directory, file), options),
  }
}

function relativeTo(root: string | undefined, file: string): string {
  const relative = root !== undefined && path.isAbsolute(file) ? path.relative(root, file) : file
  return relative.split(path.sep).join('/')
}

async function engineFor({ files }: PolicySet, { engines }: LoadedPolicies): Promise<Engine> {
  const foreign = files.find(file => path.posix.extname(file.path) !== '.rego')
  if (foreign !== undefined) {
    throw new CliError('policy_unsupported', `policy file ${foreign.path}: expected a file that ends in .rego`)
  }
  const engine = engines.get('opa') ?? import('@source-policy/engine-opa').then(({ opaEngine }) => opaEngine())
  engines.set('opa', engine)
  return engine
}

const logLevels: Readonly<Record<PolicyLogLevel, Threshold>> = {
  none: 'none',
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
