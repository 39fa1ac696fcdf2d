import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export interface TUFRepositoryOptions {
  /** Content by name. */
  readonly targets: Readonly<Record<string, string>>
  /** Versions of the root, the first of which is trusted. Default: 1. */
  readonly roots?: number
  /** When all metadata but roots before the last expire. Default: in a day. */
  readonly expires?: Date
  /** When roots before the last expire. Default: long ago. */
  readonly oldRootsExpire?: Date
  /** Version of timestamp, snapshot and targets. Default: 1. */
  readonly version?: number
  /** To publish a newer version of it. */
  readonly keys?: TUFKeys
}

/** A TUF repository as files, to be served by an HTTP origin. */
export interface BuiltTUFRepository {
  /** What clients start from. */
  readonly root: string
  /** Content by path: `/timestamp.json`. */
  readonly files: Readonly<Record<string, string>>
  readonly keys: TUFKeys
}

type Role = 'root' | 'timestamp' | 'snapshot' | 'targets'
export type TUFKeys = Readonly<Record<Role, { readonly publicKey: KeyObject; readonly privateKey: KeyObject }>>

const roles: readonly Role[] = ['root', 'timestamp', 'snapshot', 'targets']
const SPEC_VERSION = '1.0.33'
const DAY_MS = 24 * 60 * 60_000

/**
 * A TUF repository with one Ed25519 key a role and consistent snapshots.
 *
 * @see https://theupdateframework.github.io/specification/v1.0.33/
 */
export function buildTUFRepository(options: TUFRepositoryOptions): BuiltTUFRepository {
  const { roots = 1, expires = new Date(Date.now() + DAY_MS), version = 1 } = options
  const { oldRootsExpire = new Date('2020-01-01T00:00:00Z') } = options
  const keys = options.keys ?? newKeys()
  const common = { spec_version: SPEC_VERSION, version, expires: time(expires) }
  const files: Record<string, string> = {}

  for (let number = 1; number <= roots; number++) {
    files[`/${number}.root.json`] = signedBy(keys, 'root', {
      _type: 'root',
      ...common,
      version: number,
      expires: time(number < roots ? oldRootsExpire : expires),
      consistent_snapshot: true,
      keys: Object.fromEntries(roles.map(role => [keyID(keys, role), publicKey(keys, role)])),
      roles: Object.fromEntries(roles.map(role => [role, { keyids: [keyID(keys, role)], threshold: 1 }])),
    })
  }
  const targets = Object.entries(options.targets).map(([name, content]) => {
    const sha256 = hash(content)
    files[`/targets/${sha256}.${name}`] = content
    return [name, { length: Buffer.byteLength(content), hashes: { sha256 } }] as const
  })
  files[`/${version}.targets.json`] = signedBy(keys, 'targets', {
    _type: 'targets',
    ...common,
    targets: Object.fromEntries(targets),
  })
  files[`/${version}.snapshot.json`] = signedBy(keys, 'snapshot', {
    _type: 'snapshot',
    ...common,
    meta: { 'targets.json': { version } },
  })
  files['/timestamp.json'] = signedBy(keys, 'timestamp', {
    _type: 'timestamp',
    ...common,
    meta: { 'snapshot.json': { version } },
  })
  return { root: files['/1.root.json']!, files, keys }
}

function newKeys(): TUFKeys {
  return Object.fromEntries(roles.map(role => [role, generateKeyPairSync('ed25519')])) as unknown as TUFKeys
}

function signedBy(keys: TUFKeys, role: Role, signed: object): string {
  const sig = sign(null, Buffer.from(canonical(signed)), keys[role].privateKey).toString('hex')
  return JSON.stringify({ signed, signatures: [{ keyid: keyID(keys, role), sig }] })
}

function publicKey(keys: TUFKeys, role: Role) {
  const { x = '' } = keys[role].publicKey.export({ format: 'jwk' })
  return { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: Buffer.from(x, 'base64url').toString('hex') } }
}

function keyID(keys: TUFKeys, role: Role): string {
  return hash(canonical(publicKey(keys, role)))
}

/** OLPC canonical JSON, of what occurs here. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function time(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z')
}
