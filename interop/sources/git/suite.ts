import type { GitRepository } from '@source-policy/testkit'
import { denyingPolicy, wronglyAllowed } from '../denying.ts'
import { proxyFaults, startFaultProxy } from '../fault-proxy.ts'
import type { RunningServer } from '../running-server.ts'
import type { Tally } from '../tally.ts'
import { differences, expectedGit, openSource, remembered, verifiedByGit } from './compare.ts'
import { type MadeRepositories, makeRepositories, stopAgents, TREE_TAG } from './repositories.ts'
import { startServers } from './servers.ts'

/** Milliseconds that one command of git may take where the connection fails; a source takes three at most. */
const FAULTY_COMMAND_MS = 5000
/** Milliseconds that a run may take there, and those after which it must have ended. */
const FAULTY_RUN_MS = 3 * FAULTY_COMMAND_MS
const MAX_FAULT_MS = FAULTY_RUN_MS + FAULTY_COMMAND_MS
/** Bytes of the server's words that pass before the connection fails. */
const FAULTY_AFTER_BYTES = [0, 40, 400, 1200] as const

/**
 * The git resolver against real servers of each protocol: every field as `git rev-parse`, `git show` and `git cat-file` say,
 * every signature as `git verify-commit` and `git verify-tag` judge it, and nothing believed of a connection that fails.
 */
export async function compareGit(tally: Tally, directory: string): Promise<void> {
  const servers: RunningServer[] = []
  const gitSays = new Map<string, unknown>()
  try {
    const made = await makeRepositories(directory)
    servers.push(...(await startServers(made.root, directory)))
    for (const server of servers) {
      const fields = await compareFields(tally, server, made, gitSays)
      const signatures = await compareSignatures(tally, server, made, gitSays)
      console.log(`git, ${server.name}: ${fields} refs and ${signatures} verdicts on signatures compared`)
    }
    for (const server of servers.filter(({ port, name }) => port > 0 && !name.includes('password'))) {
      console.log(`git, ${server.name}: ${await spoilConnections(tally, server, made)} failing connections`)
    }
  } finally {
    for (const server of servers.reverse()) await server.stop()
    await stopAgents(directory)
  }
}

async function compareFields(
  tally: Tally,
  server: RunningServer,
  { repositories, refs }: MadeRepositories,
  gitSays: Map<string, unknown>,
): Promise<number> {
  const before = tally.count
  for (const { name, repository } of repositories) {
    const commits = (await repository.git(['rev-list', '--all', '--max-count=3'])).split('\n')
    for (const ref of [...refs, ...commits]) {
      const source = openSource(server, name, ref)
      const { git, problems } = await source.git()
      const ask = () => (commits.includes(ref) ? expectedCommitRef(repository, ref) : expectedGit(repository, ref))
      const expected = await remembered(ask, `${name}#${ref}`, gitSays)
      const found = [...problems, ...differences(git, expected)]
      // git itself knows no commit of it
      const isKnown = (problem: string) =>
        ref === TREE_TAG && /^(?:tag|commit) unavailable: unexpected_object/.test(problem)
      tally.compare(
        `${server.name} ${name}#${ref}`,
        found.filter(problem => !isKnown(problem)),
      )
      await source.close()
    }
  }
  return tally.count - before
}

async function expectedCommitRef(repository: GitRepository, ref: string) {
  await repository.setRef('refs/heads/interop-commit', ref)
  const { branch: _, ...rest } = await expectedGit(repository, 'refs/heads/interop-commit')
  await repository.git(['update-ref', '-d', 'refs/heads/interop-commit'])
  return { ...rest, ref }
}

async function compareSignatures(
  tally: Tally,
  server: RunningServer,
  { repositories, refs, keySets }: MadeRepositories,
  gitSays: Map<string, unknown>,
): Promise<number> {
  const before = tally.count
  const signed = refs.filter(ref => /^refs\/(?:heads|tags)\/(?:signed|nested|annotated|main)/.test(ref))
  for (const { name, repository } of repositories) {
    for (const ref of signed) {
      const source = openSource(server, name, ref)
      const object = ref.startsWith('refs/tags/') ? 'tag' : 'commit'
      for (const keys of keySets) {
        const ours = await source.isSigned(object, keys)
        const ask = () => verifiedByGit(repository, object, ref, keys)
        const theirs = remembered(ask, `${name}#${ref} ${keys.name}`, gitSays)
        // git looks for the key that a signature needs; a file of other keys proves nothing to us, and so it does to git
        const problems = ours === theirs ? [] : [`${object} by ${keys.name}: ${ours}, git says ${theirs}`]
        tally.compare(`${server.name} ${name}#${ref}`, problems)
      }
      await source.close()
    }
  }
  return tally.count - before
}

async function spoilConnections(
  tally: Tally,
  server: RunningServer,
  { repositories }: MadeRepositories,
): Promise<number> {
  const before = tally.count
  const { name, repository } = repositories[0]!
  const ref = 'refs/tags/annotated'
  const expected = await expectedGit(repository, ref)
  const policy = await denyingPolicy(`input.git.tag.object == "${String(expected.commitChecksum)}"`)
  for (const fault of proxyFaults) {
    for (const afterBytes of FAULTY_AFTER_BYTES) {
      const spoilt = await startFaultProxy(server, fault, afterBytes)
      const started = performance.now()
      const source = openSource(known(spoilt, server), name, ref, { timeoutMs: FAULTY_RUN_MS })
      const { git, problems } = await source.git()
      const wrong = await wronglyAllowed(policy, source.source, source.resolver, source.run)
      await source.close()
      await spoilt.stop()
      const took = Math.round(performance.now() - started)
      if (took > MAX_FAULT_MS) wrong.push(`took ${took} ms`)
      for (const difference of differences(git, expected)) {
        const field = difference.slice(0, difference.indexOf(':'))
        // what is there must be right, what is not there must be unavailable
        if (!difference.includes(': undefined instead')) wrong.push(`believed ${difference}`)
        else if (!problems.some(problem => problem.startsWith(`${field} unavailable`)))
          wrong.push(`took for absent ${difference}`)
      }
      tally.compare(spoilt.name, wrong)
    }
  }
  return tally.count - before
}

/** SSH must know the proxy by the key of the server behind it. */
function known(spoilt: RunningServer, server: RunningServer): RunningServer {
  const env = server.git?.env
  const timeoutMs = FAULTY_COMMAND_MS
  if (env?.GIT_SSH_COMMAND === undefined) return { ...spoilt, git: { timeoutMs } }
  const command = `${env.GIT_SSH_COMMAND.replace('StrictHostKeyChecking=yes', 'StrictHostKeyChecking=no')} -o 'UserKnownHostsFile=/dev/null'`
  return {
    ...spoilt,
    git: { timeoutMs, env: { ...env, GIT_SSH_COMMAND: command.replace(/-o UserKnownHostsFile=\S+ /, '') } },
  }
}
