import type { GitCredential } from './credentials.ts'
import { type GitBinary, runGit } from './git-process.ts'
import { GIT_TIMEOUT_MS } from './limits.ts'

const MAX_ANSWER_BYTES = 64 * 1024

/**
 * Asks the credential helpers that the user has set for git, as `git credential fill` does, for https only and without
 * prompting. Undefined where none knows; never throws for that.
 */
export function gitCredentialHelper(binary: GitBinary = {}): (host: string) => Promise<GitCredential | undefined> {
  return async host => {
    // hostile: a line of its own would be another question
    if (!/^[\x21-\x7e]+$/.test(host)) return undefined
    try {
      const output = await runGit(binary, {
        args: ['credential', 'fill'],
        // not in a repository, whose settings could name a helper of its own
        env: { GIT_DIR: '/dev/null' },
        input: `protocol=https\nhost=${host}\n\n`,
        maxBytes: MAX_ANSWER_BYTES,
        timeoutMs: binary.timeoutMs ?? GIT_TIMEOUT_MS,
        signal: new AbortController().signal,
      })
      const lines = output.toString('utf8').split('\n')
      const answered = (name: string) => lines.find(line => line.startsWith(`${name}=`))?.slice(name.length + 1)
      const username = answered('username')
      const password = answered('password')
      // asked for what no helper knew, `true` answers with nothing
      return username === undefined || password === undefined || password === '' ? undefined : { username, password }
    } catch {
      // no git, no helper, or one that does not know: the server's refusal says what is missing
      return undefined
    }
  }
}
