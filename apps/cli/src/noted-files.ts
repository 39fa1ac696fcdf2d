import type { PolicyFiles, Source } from '@source-policy/core'
import { CliError } from './error.ts'

/** What is fetched beside facts is noted of a source, too, though no policy decides these. */
export const policySource = (file: string): Source => ({ kind: 'policy', identifier: file, attrs: {} })
export const fileSource = (url: string): Source => ({ kind: 'file', identifier: url, attrs: {} })

/** Content as a recording keeps it: text where it is any, so that secrets are taken out of it and people can review it. */
export type NotedContent = string | { readonly base64: string }

export function noteContent(bytes: Uint8Array): NotedContent {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') }
  }
}

export function readNotedContent(noted: NotedContent): Uint8Array {
  return typeof noted === 'string' ? new TextEncoder().encode(noted) : Buffer.from(noted.base64, 'base64')
}

export function isNotedContent(value: unknown): value is NotedContent {
  if (typeof value === 'string') return true
  return typeof value === 'object' && value !== null && 'base64' in value && typeof value.base64 === 'string'
}

/** Files that were read, by their path; null where there was none. */
export type NotedFiles = Record<string, NotedContent | null>

export function areNotedFiles(value: unknown): value is NotedFiles {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every(noted => noted === null || isNotedContent(noted))
}

/** The same files, with what is read of them noted. */
export function watchedFiles({ read }: PolicyFiles, noted: NotedFiles): PolicyFiles {
  return {
    async read(path, options) {
      const bytes = await read(path, options)
      noted[path] = bytes === undefined ? null : noteContent(bytes)
      return bytes
    },
  }
}

/** Files that were noted; those that nobody had read are not known, which is not the same as absent. */
export function replayedFiles(noted: NotedFiles, what: string): PolicyFiles {
  return {
    async read(path, { maxBytes }) {
      const content = Object.hasOwn(noted, path) ? noted[path] : undefined
      if (content === undefined) throw new CliError('not_recorded', `${path} of ${what} was not recorded`)
      if (content === null) return undefined
      const bytes = readNotedContent(content)
      if (bytes.length <= maxBytes) return bytes
      throw new CliError('unreadable_file', `reading ${path} of ${what}: larger than ${maxBytes} bytes`)
    },
  }
}
