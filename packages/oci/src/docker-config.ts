import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { decodeJSON } from '@source-policy/core'
import { type CredentialHelper, runCredentialHelper } from './credential-helper.ts'
import type { Credentials, CredentialsFor } from './credentials.ts'
import { MemberReader } from './descriptor.ts'
import { OciError } from './error.ts'
import { MAX_DOCKER_CONFIG_BYTES } from './limits.ts'

export interface DockerConfigOptions {
  /** `DOCKER_CONFIG` and `DOCKER_AUTH_CONFIG` are read from it. Default: the process's. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Default: the user's. The file is `.docker/config.json` in it, unless `DOCKER_CONFIG` names a directory. */
  readonly homeDirectory?: string
  /** Default: spawns `docker-credential-<name> get`. */
  readonly helper?: CredentialHelper
}

interface DockerConfig {
  /** By host name. */
  readonly auths: ReadonlyMap<string, Credentials>
  /** Names of helpers by host name. */
  readonly helpers: ReadonlyMap<string, string>
  /** Name of the helper for all other hosts. */
  readonly store?: string
}

/** What Docker calls its own registry in its config and to credential helpers. */
const HUB_ADDRESS = 'https://index.docker.io/v1/'
const HUB_NAMES = ['docker.io', 'index.docker.io', 'registry-1.docker.io']
const openMaps = ['auths', 'credHelpers', 'HttpHeaders', 'plugins', 'aliases', 'proxies', 'features']

/**
 * The credentials that `docker login` keeps: in `DOCKER_AUTH_CONFIG`, else with a credential helper (`credHelpers`,
 * `credsStore`), else in `config.json`. Nothing is read before the first registry asks.
 *
 * @see https://docs.docker.com/reference/cli/docker/login/#credential-stores
 */
export function dockerCredentials(options: DockerConfigOptions = {}): CredentialsFor {
  const { env = process.env, homeDirectory = homedir(), helper = runCredentialHelper } = options
  // hostile: without a home, `.docker` would be that of the working directory, which may be a checkout
  const ownDirectory = path.isAbsolute(homeDirectory) ? path.join(homeDirectory, '.docker') : undefined
  const directory = env.DOCKER_CONFIG || ownDirectory
  let configs: Promise<readonly DockerConfig[]> | undefined

  const load = async (): Promise<readonly DockerConfig[]> => {
    const inline = env.DOCKER_AUTH_CONFIG
    const file = directory === undefined ? undefined : await readConfigFile(path.join(directory, 'config.json'))
    return [
      ...(inline ? [decodeDockerConfig(inline, 'DOCKER_AUTH_CONFIG')] : []),
      ...(file ? [decodeDockerConfig(file, `Docker's config.json`)] : []),
    ]
  }

  return async (registry, { signal }) => {
    configs ??= load()
    const host = canonicalHost(registry)
    for (const { auths, helpers, store } of await configs) {
      const name = helpers.get(host) ?? store
      if (name === undefined) {
        const credentials = auths.get(host)
        if (credentials !== undefined) return credentials
        continue
      }
      const answer = await helper(name, HUB_NAMES.includes(host) ? HUB_ADDRESS : registry, signal)
      if (answer !== undefined) return answer
    }
    return undefined
  }
}

async function readConfigFile(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file)
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ENOENT') return undefined
    throw new OciError('credentials_invalid', `reading Docker's config.json failed`, { cause })
  }
}

/** Throws `credentials_invalid`; its message shows nothing of the document. */
function decodeDockerConfig(document: Uint8Array | string, what: string): DockerConfig {
  if (document.length > MAX_DOCKER_CONFIG_BYTES) {
    throw new OciError('credentials_invalid', `reading ${what}: larger than ${MAX_DOCKER_CONFIG_BYTES} bytes`)
  }
  try {
    const reader = new MemberReader(what)
    const members = reader.object(decodeJSON(document, { what, openMaps }), 'the document')
    const auths = new Map<string, Credentials>()
    const entries = reader.optional(members.auths, 'object', 'auths') ?? {}
    // exact host names win over forms like https://host/v1/
    for (const [key, value] of Object.entries(entries).sort(([a], [b]) => b.length - a.length)) {
      const entry = reader.object(value, 'an entry of auths')
      const text = (name: string) => reader.optional(entry[name], 'string', `${name} of an entry`) ?? ''
      const credentials = readEntry(text)
      if (credentials !== undefined) auths.set(canonicalHost(key), credentials)
    }
    const helpers = reader.optional(members.credHelpers, 'stringMap', 'credHelpers') ?? {}
    const store = reader.optional(members.credsStore, 'string', 'credsStore')
    return {
      auths,
      helpers: new Map(Object.entries(helpers).map(([key, name]) => [canonicalHost(key), name])),
      ...(store && { store }),
    }
  } catch {
    // neither the message nor the cause goes along: both may quote a password
    throw new OciError('credentials_invalid', `reading ${what}: it is malformed`)
  }
}

function readEntry(text: (name: string) => string): Credentials | undefined {
  if (text('registrytoken') !== '') return { registryToken: text('registrytoken') }
  if (text('identitytoken') !== '') return { identityToken: text('identitytoken') }
  const auth = text('auth')
  if (auth !== '') {
    const decoded = Buffer.from(auth, 'base64').toString()
    const colon = decoded.indexOf(':')
    if (colon < 1) throw new Error('auth is no user:password')
    // "The password may be padded with NUL" by old versions of Docker
    return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1).replace(/\0+$/, '') }
  }
  return text('username') === '' ? undefined : { username: text('username'), password: text('password') }
}

/** `ghcr.io` of `https://ghcr.io/v2/`; one name for all of Docker Hub's. */
function canonicalHost(key: string): string {
  const host = (key.replace(/^https?:\/\//, '').split('/', 1)[0] ?? '').toLowerCase()
  return HUB_NAMES.includes(host) ? 'docker.io' : host
}
