import { spawn } from 'node:child_process'
import path from 'node:path'
import { decodeJSON } from '@source-policy/core'
import type { Credentials } from './credentials.ts'
import { MemberReader } from './descriptor.ts'
import { OciError, quote } from './error.ts'
import { CREDENTIAL_HELPER_TIMEOUT_MS, MAX_CREDENTIAL_HELPER_BYTES } from './limits.ts'

/** Asks a credential helper by its name (`ecr-login`, `osxkeychain`); undefined where it has none for the server. */
export type CredentialHelper = (name: string, server: string, signal: AbortSignal) => Promise<Credentials | undefined>

/** What helpers write when they have nothing, and end with a failure. */
const NOT_FOUND = /credentials not found/i

/**
 * Runs `docker-credential-<name> get` from the PATH, without a shell. Throws `credentials_invalid`; what the helper
 * wrote is never shown.
 *
 * @see https://github.com/docker/docker-credential-helpers#development
 */
export const runCredentialHelper: CredentialHelper = async (name, server, signal) => {
  const fail = (problem: string): never => {
    throw new OciError(
      'credentials_invalid',
      `asking the credential helper ${quote(name)} for ${quote(server)}: ${problem}`,
    )
  }
  // a path would run any program
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) fail('it is no name')
  const { status, output } = await run(`docker-credential-${name}`, server, signal).catch((cause: unknown) => {
    signal.throwIfAborted()
    return fail((cause as { code?: unknown }).code === 'ENOENT' ? 'there is no such program' : 'it could not be run')
  })
  if (status !== 0) return NOT_FOUND.test(output) ? undefined : fail(`it ended with status ${status ?? 'none'}`)
  try {
    const reader = new MemberReader('the answer of a credential helper')
    const members = reader.object(decodeJSON(output, { what: 'the answer of a credential helper' }), 'the answer')
    const username = reader.string(members.Username, 'Username')
    const secret = reader.string(members.Secret, 'Secret')
    if (secret === '') return undefined
    return username === '<token>' ? { identityToken: secret } : { username, password: secret }
  } catch {
    // the cause may quote the secret
    return fail('its answer is malformed')
  }
}

function run(command: string, input: string, signal: AbortSignal): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const ending = AbortSignal.any([signal, AbortSignal.timeout(CREDENTIAL_HELPER_TIMEOUT_MS)])
    const child = spawn(command, ['get'], {
      // hostile: some systems look for programs in the working directory first, and that may be a checkout
      cwd: path.parse(process.cwd()).root,
      stdio: ['pipe', 'pipe', 'ignore'],
      shell: false,
      windowsHide: true,
      signal: ending,
    })
    const parts: Buffer[] = []
    let bytes = 0
    child.on('error', error => {
      // programs that it started may hold the pipe
      child.stdout.destroy()
      reject(error)
    })
    child.stdout.on('data', (part: Buffer) => {
      bytes += part.length
      parts.push(part)
      if (bytes <= MAX_CREDENTIAL_HELPER_BYTES) return
      child.stdout.destroy()
      child.kill()
    })
    // it may end before it reads
    child.stdin.on('error', () => undefined)
    child.stdin.end(`${input}\n`)
    child.on('close', status => resolve({ status, output: Buffer.concat(parts).toString() }))
  })
}
