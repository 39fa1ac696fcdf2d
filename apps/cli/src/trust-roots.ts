import path from 'node:path'
import type { TrustRoot } from '@source-policy/attestation'
import { readOperatorFile } from './confined-files.ts'
import { CliError } from './error.ts'
import type { IO } from './io.ts'
import { MAX_TRUST_ROOT_BYTES } from './limits.ts'

/** The trust roots of a file: one trusted_root.json, or one a line, as `gh attestation trusted-root` writes them. */
export async function readTrustRoots(file: string, { cwd }: Pick<IO, 'cwd'>): Promise<TrustRoot[]> {
  const bytes = await readOperatorFile(path.resolve(cwd, file), { maxBytes: MAX_TRUST_ROOT_BYTES })
  if (bytes === undefined) throw new CliError('unreadable_file', `reading ${file}: no such file`)
  const { parseTrustRoot } = await import('@source-policy/attestation')
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).trim()
  const lines = text.split('\n').map(line => line.trim())
  const documents = lines.every(line => /^\{.*\}$/.test(line)) ? lines : [text]
  return Promise.all(documents.map((document, n) => parseTrustRoot(document, { name: `${file}:${n + 1}` })))
}
