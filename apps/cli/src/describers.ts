import type { Resolver } from '@source-policy/core'
import { CliError } from './error.ts'

const offline = async (): Promise<never> => {
  throw new CliError('usage', 'describing a source: nothing is fetched')
}
const transport = { request: offline, resolveHost: offline, close: async () => {} }
const registry = { root: offline, document: offline, blob: offline, referrers: offline }

const image = async () => (await import('@source-policy/resolver-image')).imageResolver({ registry })
const git = async () => (await import('@source-policy/resolver-git')).gitResolver({ transport })
const http = async () => (await import('@source-policy/resolver-http')).httpResolver({ transport })

const byScheme: Readonly<Record<string, () => Promise<Resolver>>> = { 'docker-image': image, git, http, https: http }

/** What can describe the source and nothing more: neither the network nor other kinds of sources are loaded. */
export async function loadDescribers(identifier: string): Promise<Resolver[]> {
  const [scheme = ''] = identifier.split('://')
  const load = Object.hasOwn(byScheme, scheme) ? byScheme[scheme] : undefined
  return load === undefined ? [] : [await load()]
}

/** What can describe any source. */
export async function loadAllDescribers(): Promise<Resolver[]> {
  return Promise.all([image(), git(), http()])
}
