import { redactIdentifier, type Source } from '@source-policy/core'

/** A source as people call it: without scheme where that says nothing, and without secrets. */
export function sourceName({ kind, identifier }: Pick<Source, 'kind' | 'identifier'>): string {
  if (kind === 'local') return `local ${identifier.slice('local://'.length)}`
  if (kind === 'image') return identifier.slice(identifier.indexOf('://') + '://'.length)
  return redactIdentifier(identifier)
}

/** A digest that fits a table: `sha256:4b7c...d412`; a commit in its first twelve digits. */
export function shortDigest(digest: string): string {
  const [algorithm = '', hex] = digest.split(':')
  return hex === undefined ? digest.slice(0, 12) : `${algorithm}:${hex.slice(0, 4)}...${hex.slice(-4)}`
}
