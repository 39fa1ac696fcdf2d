import {
  type AbsentFact,
  type Basis,
  type CodedError,
  type Facts,
  type KnownFact,
  type Path,
  type ResolveContext,
  toCodedError,
} from '@source-policy/core'
import { isCommitHash } from '@source-policy/core/git-url'
import { hashFields, nameFields } from './describe.ts'
import { GitError } from './error.ts'
import type { GitObject } from './git-hash.ts'
import type { GitRemote, PeeledCommit } from './git-remote.ts'
import { type GitSource, namedCommit } from './git-source.ts'
import { commitInput, tagInput } from './object.ts'
import { type Binding, bindRef, candidatesOf, defaultBranchOf } from './ref.ts'
import { type TrustRootFinder, type X509Options, x509Fields } from './x509-signature.ts'

/** The source's remote as this run may reach it, and the name that the run binds its refs to. */
export interface BoundRemote {
  readonly remote: GitRemote
  /** The URL without credentials. */
  readonly name: string
  /** Tells apart who asks: with or without credentials. */
  readonly key: string
}

const refFields = ['tagName', 'branch', 'ref', 'checksum', 'isAnnotatedTag', 'commitChecksum', 'isSHA256'] as const
const objectFields = ['tag', 'commit'] as const

/** Finds the remote, which may fail or wait for a credential. */
export type RemoteFinder = () => Promise<BoundRemote>

/** The facts that `paths` ask for: refs and hashes in one listing, objects only where one of them is asked for. */
export async function resolveGit(
  source: GitSource,
  paths: readonly Path[],
  findRemote: RemoteFinder,
  context: ResolveContext,
  trustRoots?: TrustRootFinder,
): Promise<Facts> {
  context.signal.throwIfAborted()
  const own = paths.filter(isField)
  const others = unavailable(
    paths.filter(path => !isField(path)),
    notAField,
  )
  if (own.length === 0) return others
  const bound = await attempt(context.signal, () => bind(source, findRemote, context.run, context.signal))
  if ('error' in bound) return merge(others, unavailable(own, bound.error))
  const objects = await resolveObjects(source, own, bound.value, findRemote, context, trustRoots)
  const contradiction = contradictionOf(source, objects)
  if (contradiction !== undefined) return merge(others, unavailable(own, contradiction))
  return merge(others, bindingFacts(source, bound.value), objects)
}

/** Codes of objects that are not there, or others, than the listing of refs promised: then nothing of that listing is believed. */
const contradicting: ReadonlySet<string> = new Set(['object_missing', 'object_mismatch'])

function contradictionOf(source: GitSource, { unavailable: [first] }: Facts): CodedError | undefined {
  const isListed = namedCommit(source) === undefined
  return isListed && first !== undefined && contradicting.has(first.error.code) ? first.error : undefined
}

/** The objects, as far as `paths` ask for them. */
async function resolveObjects(
  source: GitSource,
  paths: readonly Path[],
  binding: Binding,
  findRemote: RemoteFinder,
  context: ResolveContext,
  trustRoots: TrustRootFinder | undefined,
): Promise<Facts> {
  const asked = paths.filter(([, field]) => field === 'tag' || field === 'commit')
  if (asked.length === 0) return none
  // the server said that there is no tag object: nothing to fetch
  if (isLightRef(source, binding) && asked.every(([, field]) => field === 'tag')) {
    return { ...none, absent: [{ path: ['git', 'tag'], basis: 'server' }] }
  }
  const fetched = await attempt(context.signal, async () =>
    objectFacts(source, await fetchBound(source, binding, findRemote, context), {
      trustRoots,
      now: new Date(Number(context.run.time / 1_000_000n)),
    }),
  )
  return 'error' in fetched ? unavailable(asked, fetched.error) : { ...none, ...fetched.value }
}

/** The commit of a source and the tags that lead to it, fetched at most once per run. Throws coded errors. */
export async function fetchObjects(
  source: GitSource,
  findRemote: RemoteFinder,
  context: ResolveContext,
): Promise<PeeledCommit> {
  const binding = await bind(source, findRemote, context.run, context.signal)
  return fetchBound(source, binding, findRemote, context)
}

async function fetchBound(
  source: GitSource,
  binding: Binding,
  findRemote: RemoteFinder,
  { run, signal }: ResolveContext,
): Promise<PeeledCommit> {
  const { remote, key } = await findRemote()
  const { checksum, commitChecksum, ref } = binding
  const once = `git:commit:${key}@${checksum}`
  const objects = await run.once(once, own => remote.fetchCommit(checksum, own), signal)
  // a commit that is named by its hash may turn out to be a tag, which nobody could know before
  if (namedCommit(source) === undefined && objects.commit.hash !== commitChecksum) {
    const problem = `${ref} leads to commit ${objects.commit.hash}, the server said ${commitChecksum}`
    throw new GitError('object_mismatch', problem)
  }
  return objects
}

/** The ref of a source is bound once per run, whichever source of the same remote asks first. */
async function bind(
  source: GitSource,
  findRemote: RemoteFinder,
  run: ResolveContext['run'],
  signal: AbortSignal,
): Promise<Binding> {
  const { ref, checksum } = source
  const commit = namedCommit(source)
  if (commit !== undefined) {
    refuseOtherChecksum(source, [commit])
    const name = isCommitHash(ref) || ref === '' ? commit : ref.startsWith('refs/') ? ref : `refs/heads/${ref}`
    return { ref: name, checksum: commit, commitChecksum: commit }
  }
  const at = await findRemote()
  const found = await run.once(
    `git:ref:${at.key}#${ref}`,
    async own => {
      const binding = await lookUp(ref, at.remote, own)
      return run.once(`git:binding:${at.name}#${ref}`, async () => binding)
    },
    signal,
  )
  if (checksum !== '') refuseOtherChecksum(source, [found.checksum, found.commitChecksum])
  return found
}

async function lookUp(ref: string, remote: GitRemote, signal: AbortSignal): Promise<Binding> {
  const name = ref === '' ? defaultBranchOf(await remote.listRefs(['HEAD'], signal)) : ref
  const { partial, branch, tag } = candidatesOf(name)
  return bindRef(name, await remote.listRefs([...new Set([partial, branch, tag])], signal))
}

/** BuildKit compares beginnings: `git.checksum` may be abbreviated. */
function refuseOtherChecksum({ checksum }: GitSource, hashes: readonly string[]): void {
  if (hashes.some(hash => hash.startsWith(checksum))) return
  const got = [...new Set(hashes)].join(' or ')
  throw new GitError('checksum_mismatch', `expected checksum to match ${checksum}, got ${got}`)
}

/** What a binding says of the fields that a ref or a hash tells. */
export function bindingFacts(source: GitSource, { ref, checksum, commitChecksum }: Binding): Facts {
  const fields = { ...nameFields(ref), ...hashFields(checksum, commitChecksum) }
  const basisOf: Readonly<Record<(typeof refFields)[number], Basis>> = {
    ref: namedCommit(source) === undefined ? 'server' : 'digest',
    tagName: namedCommit(source) === undefined ? 'server' : 'digest',
    branch: namedCommit(source) === undefined ? 'server' : 'digest',
    checksum: basisOfHash(source, checksum),
    commitChecksum: basisOfHash(source, commitChecksum),
    isAnnotatedTag: basisOfHash(source, commitChecksum),
    isSHA256: basisOfHash(source, checksum),
  }
  const known: KnownFact[] = []
  const absent: AbsentFact[] = []
  for (const field of refFields) {
    const value = fields[field]
    if (value === undefined) absent.push({ path: ['git', field], basis: basisOf[field] })
    else known.push({ path: ['git', field], value, basis: basisOf[field] })
  }
  return { known, absent, unavailable: [], children: [] }
}

/** A hash that the source names in full is believed because of its name. */
function basisOfHash(source: GitSource, hash: string): Basis {
  return hash === namedCommit(source) || hash === source.checksum ? 'digest' : 'server'
}

function isLightRef(source: GitSource, { checksum, commitChecksum }: Binding): boolean {
  return namedCommit(source) === undefined && checksum === commitChecksum
}

async function objectFacts(
  source: GitSource,
  { commit, tags: [tag] }: PeeledCommit,
  options: X509Options,
): Promise<Pick<Facts, 'known' | 'absent' | 'warnings'>> {
  const isNamed = [commit.hash, tag?.hash].some(hash => hash !== undefined && basisOfHash(source, hash) === 'digest')
  const basis: Basis = isNamed ? 'digest' : 'server'
  const tagBasis: Basis = tag !== undefined && basisOfHash(source, tag.hash) === 'server' ? 'server' : basis
  const warnings: string[] = []
  const known = async (field: 'commit' | 'tag', object: GitObject, own: Basis): Promise<KnownFact> => {
    const value = field === 'commit' ? commitInput(object) : tagInput(object)
    const { signature, problem } = await x509Fields(object, options)
    if (problem !== undefined)
      warnings.push(`input.git.${field}.signature: nobody is proved to have made it: ${problem}`)
    return { path: ['git', field], value: { ...value, ...(signature && { signature }) }, basis: own }
  }
  return {
    known: [await known('commit', commit, basis), ...(tag === undefined ? [] : [await known('tag', tag, tagBasis)])],
    warnings,
    // that a ref leads straight to the commit is the server's word, whoever names the commit
    absent:
      tag === undefined ? [{ path: ['git', 'tag'], basis: namedCommit(source) === undefined ? 'server' : basis }] : [],
  }
}

const fields: ReadonlySet<unknown> = new Set([...refFields, ...objectFields])
const notAField: CodedError = { code: 'unknown_field', message: 'git sources have no such field' }

function isField(path: Path): boolean {
  return path.length === 2 && path[0] === 'git' && fields.has(path[1])
}

const none: Facts = { known: [], absent: [], unavailable: [], children: [] }

function merge(...parts: readonly Facts[]): Facts {
  return {
    known: parts.flatMap(({ known }) => known),
    absent: parts.flatMap(({ absent }) => absent),
    unavailable: parts.flatMap(({ unavailable }) => unavailable),
    children: [],
    warnings: parts.flatMap(({ warnings = [] }) => warnings),
  }
}

function unavailable(paths: readonly Path[], error: CodedError): Facts {
  return { ...none, unavailable: paths.map(path => ({ path, error })) }
}

/** What a server did is a fact; only giving up is thrown. */
async function attempt<T>(signal: AbortSignal, load: () => Promise<T>): Promise<{ value: T } | { error: CodedError }> {
  try {
    return { value: await load() }
  } catch (error) {
    signal.throwIfAborted()
    return { error: toCodedError(error) }
  }
}
