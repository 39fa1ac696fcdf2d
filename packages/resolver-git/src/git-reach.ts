import type { Run } from '@source-policy/core'
import type { Transport } from '@source-policy/transport'
import { GitError } from './error.ts'
import { type GitBinary, inheritedEnv } from './git-process.ts'
import type { RemoteURL } from './git-source.ts'

/** A remote as git is told to contact it. */
export interface Reached {
  /** What git is given to connect to. */
  readonly url: string
  readonly env: Readonly<Record<string, string>>
}

const PORTS = { ssh: 22, git: 9418 } as const

/** Resolves the host under the address rules, and makes git connect to what was found and nothing else. */
export async function reach(
  url: RemoteURL,
  binary: GitBinary,
  transport: Transport,
  run: Run,
  signal: AbortSignal,
): Promise<Reached> {
  const isolated = {
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    // no helper (ext::), and no other protocol than the one that was written
    GIT_ALLOW_PROTOCOL: url.scheme,
  }
  if (url.scheme === 'file') return { url: url.remote, env: isolated }
  const { hostname, port, isDefaultPort } = splitHost(url)
  const [found] = await transport.resolveHost({ hostname, port }, { run, signal })
  if (found === undefined) throw new GitError('git_failed', `resolving ${hostname}: no addresses`)
  const address = found.family === 6 ? `[${found.address}]` : found.address
  if (url.scheme === 'git') {
    const remote = `git://${address}:${port}${url.remote.slice(`git://${authorityOf(url)}`.length)}`
    return { url: remote, env: { ...isolated, GIT_OVERRIDE_VIRTUAL_HOST: url.host } }
  }
  const alias = isDefaultPort ? hostname : `[${hostname}]:${port}`
  const command = inheritedEnv(binary).GIT_SSH_COMMAND ?? 'ssh'
  // git hands this to a shell: hostname and address are made of letters, digits and a few signs, see splitHost
  const pinned = `${command} -o BatchMode=yes -o 'HostName=${found.address}' -o 'HostKeyAlias=${alias}'`
  return { url: withoutPassword(url), env: { ...isolated, GIT_SSH_COMMAND: pinned, GIT_SSH_VARIANT: 'ssh' } }
}

/** SSH has no use for a password in the URL, and whoever lists processes would see it. */
function withoutPassword({ remote, userinfo }: RemoteURL): string {
  const [user = ''] = (userinfo ?? '').split(':')
  return userinfo?.includes(':') ? remote.replace(`//${userinfo}@`, () => `//${user}@`) : remote
}

function authorityOf({ userinfo, host }: RemoteURL): string {
  return userinfo === undefined ? host : `${userinfo}@${host}`
}

function splitHost({ host, scheme }: RemoteURL) {
  const [, hostname, port] = /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{0,5}))?$/.exec(host) ?? []
  if (hostname === undefined)
    throw new GitError('invalid_identifier', 'the host of a git source has letters, digits, . _ and - only')
  const isDefaultPort = port === undefined || port === ''
  return {
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: isDefaultPort ? PORTS[scheme as 'ssh' | 'git'] : Number(port),
    isDefaultPort,
  }
}
