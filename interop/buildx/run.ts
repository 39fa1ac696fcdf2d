import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { startGitServer, startHTTPOrigin } from '@source-policy/testkit'
import { type BuildKit, type Finished, finish, startBuildKit } from '../builder/buildkit.ts'
import { startLoggedRegistry } from '../builder/registry.ts'
import { buildPeer } from '../peers.mjs'
import { type Case, copyCases } from './case.ts'
import { makeImages } from './images.ts'

/*
 * The real buildx with a real buildkitd, and the command as it is built, over directories with Dockerfiles, policies and
 * tests: `policy test`, `policy eval`, `policy eval --print --fields` and `build` against `test`, `eval` and `check`.
 * Before each `eval` buildkitd starts anew, so that both ask the registry from nothing.
 *
 * --only TEXT   the directories whose names contain it
 */

type Verdict = 'allow' | 'deny' | 'error'

/** One thing compared. */
interface Row {
  readonly directory: string
  readonly what: string
  readonly theirs: string
  readonly ours: string
  /** Why it is another on purpose. */
  readonly reason?: string | undefined
}

const COMMAND = fileURLToPath(new URL('../../apps/cli/dist/source-policy.js', import.meta.url))
const buildx = buildPeer('buildx')
const only = process.argv.includes('--only') ? (process.argv[process.argv.indexOf('--only') + 1] ?? '') : ''

const base = await mkdtemp(path.join(tmpdir(), 'interop-buildx-'))
const registry = await startLoggedRegistry(base)
const git = await startGitServer()
const downloads = await startHTTPOrigin({ files: { '/app.txt': 'app\n', '/other.txt': 'other\n' } })
const buildkit = await startBuildKit(base, [registry.host])
const rows: Row[] = []
const requests = { theirs: 0, ours: 0, worse: [] as string[] }
try {
  const env = { PATH: process.env.PATH, HOME: path.join(base, 'home'), BUILDX_CONFIG: path.join(base, 'buildx') }
  await mkdir(env.HOME)
  const digests = await makeImages(base, { buildkit, registry: registry.host })
  const tools = await git.createRepository('tools')
  const author = { name: 'Some One', email: 'someone@example.test' }
  const commit = await tools.commit({ files: { 'tool.sh': 'echo tool\n' }, author })
  await tools.tag('v1.0.0', { target: commit, message: 'v1.0.0', tagger: author })
  await tools.tag('light', { target: commit })
  const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`
  const all = await copyCases(path.join(base, 'cases'), {
    registry: registry.host,
    git: git.url,
    http: downloads.url,
    gold: digests.get('gold') ?? '',
    plain: digests.get('plain') ?? '',
    commit,
    app: digestOf('app\n'),
  })
  await finish(buildx, ['create', '--name', 'peer', '--driver', 'remote', buildkit.address], { env })

  const hosts = [registry.host, git.host, downloads.host].flatMap(host => ['--allow-address', host])
  const network = [...hosts, '--insecure-registry', registry.host]
  const theirs = (directory: string, args: readonly string[]) => finish(buildx, args, { cwd: directory, env })
  const ours = (directory: string, args: readonly string[]) =>
    finish(process.execPath, [COMMAND, ...args], { cwd: directory, env })

  for (const each of all.filter(({ name }) => name.includes(only))) {
    const { directory, flags } = each
    const row = (what: string, mine: string, other: string) =>
      rows.push({ directory: each.name, what, theirs: other, ours: mine, reason: each.differences[what] })

    for (const source of each.eval) {
      const what = `eval ${nameOf(source, each)}`
      const other = await counted(buildkit, () => theirs(directory, ['policy', 'eval', '--builder', 'peer', source]))
      const mine = await counted(undefined, () => ours(directory, ['eval', ...network, source]))
      row(what, ourVerdict(mine.result), evalVerdict(other.result))
      requests.theirs += other.count
      requests.ours += mine.count
      if (mine.count > other.count) requests.worse.push(`${each.name}, ${what}: ${mine.count}, buildx ${other.count}`)
    }
    for (const [source, fields] of Object.entries(each.fields)) {
      const asked = ['--print', '--fields', fields.join(','), source]
      const other = await theirs(directory, ['policy', 'eval', '--builder', 'peer', ...asked])
      const mine = await ours(directory, ['eval', ...network, ...asked])
      const difference = differenceOf(mine.stdout, other.stdout)
      row(`print ${fields.join(',')} of ${nameOf(source, each)}`, difference ?? 'same', 'same')
    }
    if ((await readdir(directory)).some(name => name.endsWith('_test.rego'))) {
      const other = await theirs(directory, ['policy', 'test', '--builder', 'peer', '.'])
      const mine = await ours(directory, ['test', '.'])
      row('test', testVerdicts(mine), testVerdicts(other))
    }
    const other = await theirs(directory, ['build', '--builder', 'peer', '--progress', 'plain', ...flags, '.'])
    const mine = await ours(directory, ['check', ...network, ...flags, '.'])
    row('build', ourVerdict(mine), buildVerdict(other))
  }

  const isSame = ({ theirs: other, ours: mine }: Row) => other === mine
  const unexplained = rows.filter(row => !isSame(row) && row.reason === undefined)
  const stale = rows.filter(row => isSame(row) && row.reason !== undefined)
  for (const { directory, what, theirs: other, ours: mine, reason } of rows.filter(row => !isSame(row))) {
    console.log(`${directory}, ${what}: buildx ${other}, ours ${mine}${reason ? ` (on purpose: ${reason})` : ''}`)
  }
  for (const { directory, what } of stale) console.error(`${directory}, ${what}: no difference, but one is explained`)
  for (const text of requests.worse) console.error(`more requests than buildx: ${text}`)
  console.log(`requests to the registry over all evals: buildx ${requests.theirs}, ours ${requests.ours}`)
  const failed =
    unexplained.length + stale.length + requests.worse.length + (only !== '' || requests.ours < requests.theirs ? 0 : 1)
  console.log(`${rows.length - unexplained.length - stale.length} passed, ${failed} failed, 0 skipped`)
  process.exitCode = failed === 0 && rows.length > 0 ? 0 : 1
} finally {
  await buildkit.stop()
  registry.stop()
  await Promise.all([git.close(), downloads.close()])
  await rm(base, { recursive: true, force: true })
}

/** What a command asked the registry for; before it, the builder forgets all that it knew. */
async function counted(builder: BuildKit | undefined, perform: () => Promise<Finished>) {
  await builder?.restart()
  registry.clearLog()
  const result = await perform()
  return { result, count: registry.log.length }
}

/** The source without what differs from run to run. */
function nameOf(source: string, { directory }: Case): string {
  return source
    .replaceAll(registry.host, 'REGISTRY')
    .replaceAll(git.url, 'GIT')
    .replaceAll(downloads.url, 'HTTP')
    .replaceAll(directory, '.')
    .replace(/sha256:[0-9a-f]{64}/g, 'DIGEST')
    .replace(/#[0-9a-f]{40}/g, '#COMMIT')
}

function ourVerdict({ exitCode }: Finished): Verdict {
  return (['allow', 'deny'] as const)[exitCode] ?? 'error'
}

function evalVerdict({ exitCode, stderr }: Finished): Verdict {
  if (exitCode === 0) return 'allow'
  return /policy denied/.test(stderr) ? 'deny' : 'error'
}

function buildVerdict({ exitCode, stderr }: Finished): Verdict {
  if (exitCode === 0) return 'allow'
  return /not allowed by policy/.test(stderr) ? 'deny' : 'error'
}

/** `name: PASS` of each test, in order. */
function testVerdicts({ stdout, stderr, exitCode }: Finished): string {
  const lines = `${stdout}\n${stderr}`.matchAll(/^(?:\w+\.)*(test_\w+): (PASS|FAIL)/gm)
  return [`exit ${exitCode}`, ...Array.from(lines, ([, name, verdict]) => `${name} ${verdict}`).sort()].join(', ')
}

/** The first member that buildx prints and we do not, or otherwise; what we have beyond buildx does not count. */
function differenceOf(mine: string, other: string): string | undefined {
  if (!other.startsWith('{') || !mine.startsWith('{'))
    return `buildx: ${other.slice(0, 200)}, ours: ${mine.slice(0, 200)}`
  const find = (theirs: unknown, own: unknown, place: string): string | undefined => {
    const isList = Array.isArray(theirs) && theirs.some(item => typeof item === 'object')
    if (isList && (!Array.isArray(own) || own.length !== theirs.length)) return `${place}: ${JSON.stringify(own)}`
    if (typeof theirs !== 'object' || theirs === null || (Array.isArray(theirs) && !isList)) {
      return isDeepStrictEqual(sorted(theirs), sorted(own))
        ? undefined
        : `${place}: ${JSON.stringify(theirs)}, ours ${JSON.stringify(own)}`
    }
    for (const [key, value] of Object.entries(theirs)) {
      const found = find(value, (own as Record<string, unknown> | undefined)?.[key], `${place}.${key}`)
      if (found !== undefined) return found
    }
    return undefined
  }
  return find(JSON.parse(other), JSON.parse(mine), 'input')
}

/** Volumes are the keys of a map. */
function sorted(value: unknown): unknown {
  return Array.isArray(value) && value.every(item => typeof item === 'string') ? value.toSorted() : value
}
