import { mkdtemp, rm } from 'node:fs/promises'
import { compareGit } from './git/suite.ts'
import { compareHTTP } from './http/suite.ts'
import { compareReleases } from './openpgp/suite.ts'
import { missingPrograms } from './programs.ts'
import { compareKeys } from './ssh/suite.ts'
import { createTally } from './tally.ts'

/*
 * Sources against the real thing: git and HTTP servers of each protocol, signatures that others made, keys that ssh-keygen
 * makes. What we say of them has to be what git, curl, gpgv and ssh-keygen say. `npm run interop:sources [suite...]`.
 */

const PROGRAMS = ['git', 'gpg', 'gpgv', 'curl', 'ssh-keygen', 'openssl', 'nginx', 'fcgiwrap', '/usr/sbin/sshd']
const suites = { http: compareHTTP, openpgp: compareReleases, ssh: compareKeys, git: compareGit }

const missing = missingPrograms(PROGRAMS)
if (missing.length > 0) {
  console.error(
    `cannot run without ${missing.join(', ')} (Debian: apt-get install git gnupg gpgv curl openssh-server openssl nginx-light fcgiwrap)`,
  )
  process.exit(2)
}

const wanted = process.argv.slice(2)
const tally = createTally()
// short, since gpg-agent's socket lies beneath it
const directory = await mkdtemp('/tmp/sp-')
try {
  for (const [name, suite] of Object.entries(suites)) {
    if (wanted.length === 0 || wanted.includes(name)) await suite(tally, directory)
  }
} finally {
  await rm(directory, { recursive: true, force: true })
}
process.exitCode = tally.close() ? 0 : 1
