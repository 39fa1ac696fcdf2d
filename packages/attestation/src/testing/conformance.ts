import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Test data of other projects, where it is at hand. */

const root = fileURLToPath(new URL('../../../..', import.meta.url))
const folder = process.env.SOURCE_POLICY_CONFORMANCE ?? path.join(root, '../shared/conformance')

export const isPresent = existsSync(path.join(folder, 'sigstore/index.json'))
if (!isPresent && process.env.SOURCE_POLICY_REQUIRE_CONFORMANCE === '1') throw new Error(`no test data at ${folder}`)

export const read = (file: string) => readFileSync(path.join(folder, file))

/** The rows of an index; none where the data is not at hand. */
export const rows = <T>(file: string): readonly T[] =>
  isPresent ? (JSON.parse(read(file).toString()) as { cases: T[] }).cases : []

/** A case of sigstore/index.json. */
export interface SigstoreCase {
  readonly name: string
  readonly expect: 'pass' | 'fail'
  readonly bundle: string
  readonly artifact: string
  readonly artifactSha256: string
  readonly trustedRoot: string | null
  readonly identity?: string
  readonly issuer?: string
  readonly key?: string
}
