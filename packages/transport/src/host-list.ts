import type { BlockList } from 'node:net'
import { blockHolds, parseBlock } from './address.ts'
import { TransportError } from './error.ts'

/** A target as a rule can name it. */
export interface Target {
  /** As `URL.hostname` prints it. */
  readonly hostname: string
  readonly port: number
  /** What the name resolved to, where that is known. */
  readonly address?: string
}

interface Entry {
  readonly block: BlockList | undefined
  readonly hostname: string
  readonly port: number | undefined
}

/**
 * A predicate over targets from entries `host`, `host:port`, an address, `address:port`, `[address]:port` or a CIDR.
 * Throws `invalid_request` where an entry is none of these: a rule that is misread must not silently hold for nothing.
 */
export function hostList(entries: readonly string[], what: string): (target: Target) => boolean {
  const parsed = entries.map(entry => parseEntry(entry, what))
  return target => parsed.some(entry => matches(entry, target))
}

function parseEntry(text: string, what: string): Entry {
  const whole = parseBlock(text)
  if (whole !== undefined) return { block: whole, hostname: unbracket(text), port: undefined }
  const match = /^(\[[0-9a-f.:]+\]|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?\.?)(?::(\d{1,5}))?$/i.exec(text)
  const host = match?.[1]
  const port = match?.[2] === undefined ? undefined : Number(match[2])
  if (host === undefined || (port !== undefined && port > 65_535)) {
    throw new TransportError(
      'invalid_request',
      `${what}: expected host, host:port or CIDR, got ${JSON.stringify(text)}`,
    )
  }
  return { block: parseBlock(host), hostname: unbracket(host).toLowerCase(), port }
}

function matches({ block, hostname, port }: Entry, target: Target): boolean {
  if (port !== undefined && port !== target.port) return false
  const targetName = unbracket(target.hostname).toLowerCase()
  if (block === undefined) return hostname === targetName
  return blockHolds(block, target.address ?? targetName)
}

/** `[::1]` without its brackets: URLs print them, sockets and resolvers do not know them. */
export function unbracket(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1')
}
