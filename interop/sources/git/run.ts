import { mkdtemp, rm } from 'node:fs/promises'
import { missingPrograms } from '../programs.ts'
import { differences, expectedGit, openSource, remembered, verifiedByGit } from './compare.ts'
import { proxyFaults, startFaultProxy } from './fault-proxy.ts'
import { type MadeRepositories, makeRepositories, stopAgents } from './repositories.ts'
import { type RunningServer, startServers } from './servers.ts'

/*
 * The git resolver against real servers of each protocol: every field as `git rev-parse`, `git show` and `git cat-file` say,
 * every signature as `git verify-commit` and `git verify-tag` judge it, and nothing believed of a connection that fails.
 */

const PROGRAMS = ['git', 'gpg', 'ssh-keygen', 'openssl', 'nginx', 'fcgiwrap', '/usr/sbin/sshd']
/** Milliseconds that one command of git may take where the connection fails; a source takes three at most. */
const FAULTY_COMMAND_MS = 5000
/** Milliseconds after which a source behind a faulty connection must have been given up. */
const MAX_FAULT_MS = 4 * FAULTY_COMMAND_MS

const missing = missingPrograms(PROGRAMS)
if (missing.length > 0) {
  console.error(
    `cannot run without ${missing.join(', ')} (Debian: apt-get install git gnupg openssh-server openssl nginx-light fcgiwrap)`,
  )
  process.exit(2)
}

// short, since gpg-agent's socket lies beneath it
const directory = await mkdtemp('/tmp/sp-')
const servers: RunningServer[] = []
const wrong: string[] = []
const gitSays = new Map<string, unknown>()
try {
  const made = await makeRepositories(directory)
  servers.push(...(await startServers(made.root, directory)))
  for (const server of servers) {
    const counts = await compareFields(server, made)
    const signatures = await compareSignatures(server, made)
    console.log(`${server.name}: ${counts} refs and ${signatures} verdicts on signatures compared`)
  }
  for (const server of servers.filter(({ port, name }) => port > 0 && !name.includes('password'))) {
    console.log(`${server.name}: ${await spoilConnections(server, made)} failing connections`)
  }
} finally {
  for (const server of servers.reverse()) await server.stop()
  await stopAgents(directory)
  await rm(directory, { recursive: true, force: true })
}
for (const line of wrong) console.error(line)
console.log(wrong.length === 0 ? 'no difference' : `${wrong.length} differences`)
process.exitCode = wrong.length === 0 ? 0 : 1

async function compareFields(server: RunningServer, { repositories, refs }: MadeRepositories): Promise<number> {
  let count = 0
  for (const { name, repository } of repositories) {
    const commits = (await repository.git(['rev-list', '--all', '--max-count=3'])).split('\n')
    for (const ref of [...refs, ...commits]) {
      const source = openSource(server, name, ref)
      const { git, problems } = await source.git()
      const ask = () => (commits.includes(ref) ? expectedCommitRef(repository, ref) : expectedGit(repository, ref))
      const expected = await remembered(ask, `${name}#${ref}`, gitSays)
      for (const problem of [...problems, ...differences(git, expected)])
        wrong.push(`${server.name} ${name}#${ref}: ${problem}`)
      await source.close()
      count++
    }
  }
  return count
}

async function expectedCommitRef(repository: MadeRepositories['repositories'][number]['repository'], ref: string) {
  await repository.setRef('refs/heads/interop-commit', ref)
  const { branch: _, ...rest } = await expectedGit(repository, 'refs/heads/interop-commit')
  await repository.git(['update-ref', '-d', 'refs/heads/interop-commit'])
  return { ...rest, ref }
}

async function compareSignatures(
  server: RunningServer,
  { repositories, refs, keySets }: MadeRepositories,
): Promise<number> {
  let count = 0
  const signed = refs.filter(ref => /^refs\/(?:heads|tags)\/(?:signed|nested|annotated|main)/.test(ref))
  for (const { name, repository } of repositories) {
    for (const ref of signed) {
      const source = openSource(server, name, ref)
      const object = ref.startsWith('refs/tags/') ? 'tag' : 'commit'
      for (const keys of keySets) {
        const ours = await source.isSigned(object, keys)
        const theirs = remembered(
          () => verifiedByGit(repository, object, ref, keys),
          `${name}#${ref} ${keys.name}`,
          gitSays,
        )
        // git looks for the key that a signature needs; a file of other keys proves nothing to us, and so it does to git
        if (ours !== theirs)
          wrong.push(`${server.name} ${name}#${ref}: ${object} by ${keys.name}: ${ours}, git says ${theirs}`)
        count++
      }
      await source.close()
    }
  }
  return count
}

async function spoilConnections(server: RunningServer, { repositories }: MadeRepositories): Promise<number> {
  let count = 0
  const { name, repository } = repositories[0]!
  const ref = 'refs/tags/annotated'
  const expected = await expectedGit(repository, ref)
  for (const fault of proxyFaults) {
    for (const afterBytes of [0, 40, 400, 1200]) {
      const spoilt = await startFaultProxy(server, fault, afterBytes)
      const started = performance.now()
      const source = openSource(known(spoilt, server), name, ref)
      const { git, problems } = await source.git()
      await source.close()
      await spoilt.stop()
      if (performance.now() - started > MAX_FAULT_MS)
        wrong.push(`${spoilt.name}: took ${Math.round(performance.now() - started)} ms`)
      // what is not there must be unavailable, what is there must be right
      const believed = differences(git, expected).filter(line => !line.includes(': undefined instead'))
      for (const line of believed) wrong.push(`${spoilt.name}: believed ${line}`)
      const absent = differences(git, expected).filter(line => line.includes(': undefined instead'))
      for (const line of absent) {
        const field = line.slice(0, line.indexOf(':'))
        if (!problems.some(problem => problem.startsWith(`${field} unavailable`)))
          wrong.push(`${spoilt.name}: took for absent ${line}`)
      }
      count++
    }
  }
  return count
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
