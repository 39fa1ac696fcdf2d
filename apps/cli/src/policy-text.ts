import { CliError } from './error.ts'

/** The text of a policy. Throws `unreadable_file` where it is not UTF-8. */
export function decodePolicy(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new CliError('unreadable_file', `reading ${name}: not UTF-8`, { cause })
  }
}
