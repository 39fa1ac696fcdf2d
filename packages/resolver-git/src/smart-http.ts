import { type Run, redactURL } from '@source-policy/core'
import type { GitURL } from '@source-policy/core/git-url'
import type { Transport, TransportRequest, TransportResponse } from '@source-policy/transport'
import { type Advertisement, readAdvertisement, readListedRefs } from './advertisement.ts'
import { authorizationValue, type GitCredential } from './credentials.ts'
import { GitError, type GitErrorCode } from './error.ts'
import type { GitObject } from './git-hash.ts'
import { type GitRemote, objectStore, peelCommit } from './git-remote.ts'
import { MAX_FILE_BYTES, MAX_PACK_BYTES, MAX_REFS_BYTES, MAX_TREE_BYTES } from './limits.ts'
import { readPack } from './pack.ts'
import { decodePackets, type Packet } from './pkt-line.ts'
import { canFetchFilesLater, type Filter, fetchRequest, listRefsRequest, packData } from './upload-pack.ts'

export interface SmartHTTPOptions {
  readonly transport: Transport
  /** Of scheme http or https; its userinfo is not used. */
  readonly url: GitURL
  readonly credential?: GitCredential
  /** Asked once where the server wants a credential and none was sent. */
  readonly ask?: (host: string) => GitCredential | undefined | Promise<GitCredential | undefined>
  readonly run: Run
  /** What the run binds the server's capabilities to. */
  readonly key: string
}

const DISCOVERY = '/info/refs?service=git-upload-pack'
/** Some servers answer only to clients that call themselves git. */
const headers = { 'user-agent': 'git/2 (source-policy)', 'git-protocol': 'version=2' }

const refusals: Readonly<Record<number, GitErrorCode>> = {
  401: 'unauthorized',
  403: 'unauthorized',
  404: 'repository_not_found',
  410: 'repository_not_found',
}

/**
 * A repository over smart HTTP, version 2 or 0 as the server likes.
 *
 * @see https://git-scm.com/docs/gitprotocol-http
 */
export function smartHTTP({ transport, url, credential, ask, run, key }: SmartHTTPOptions): GitRemote {
  const remote = withoutUserinfo(url)
  // the transport compares hosts as URLs print them
  const { host } = new URL(remote)

  const discover = (signal: AbortSignal) =>
    run.once(
      `git:advertisement:${key}`,
      async signal => {
        const get = (credential: GitCredential | undefined) => discovery(remote, { ...common(credential), signal })
        const first = await get(credential)
        const asked = first.status === 401 ? await ask?.(url.host) : undefined
        if (asked === undefined) return readDiscovery(first, credential)
        await first.discard()
        return readDiscovery(await get(asked), asked)
      },
      signal,
    )

  const common = (credential: GitCredential | undefined) => ({
    run,
    ...(credential && { authorization: { host, value: authorizationValue(credential) } }),
  })
  const discovery = (base: string, request: Pick<TransportRequest, 'run' | 'authorization' | 'signal'>) =>
    transport.request({
      ...request,
      method: 'GET',
      url: base.replace(/\/$/, '') + DISCOVERY,
      headers: { ...headers, accept: '*/*' },
      maxBytes: MAX_REFS_BYTES,
      accept: () => true,
    })
  const post = ({ base, advertisement, used }: Discovery, body: string, maxBytes: number, signal: AbortSignal) =>
    transport.request({
      ...common(used),
      method: 'POST',
      url: `${base}/git-upload-pack`,
      headers: {
        'user-agent': headers['user-agent'],
        ...(advertisement.version === 2 ? { 'git-protocol': headers['git-protocol'] } : {}),
        'content-type': 'application/x-git-upload-pack-request',
        accept: 'application/x-git-upload-pack-result',
      },
      body,
      maxBytes,
      signal,
      redirect: 'manual',
      accept: () => true,
      // it changes nothing on the server
      idempotent: true,
    })

  /** All that the server sends for a hash. */
  const fetchAll = async (found: Discovery, hash: string, filter: Filter, signal: AbortSignal) => {
    const { advertisement } = found
    const response = await post(found, fetchRequest(hash, advertisement, filter), MAX_PACK_BYTES, signal)
    const limits = { maxObjectBytes: MAX_FILE_BYTES, maxHeldBytes: MAX_TREE_BYTES, withTrees: true }
    return reading(response, 'application/x-git-upload-pack-result', async packets => {
      const objects = new Map<string, GitObject>()
      const pack = readPack(packData(packets, advertisement), { format: advertisement.format, ...limits })
      for await (const object of pack) objects.set(object.hash, object)
      return objects
    })
  }

  return {
    async openCommit(hash, signal) {
      const found = await discover(signal)
      if (!canFetchFilesLater(found.advertisement)) return objectStore(await fetchAll(found, hash, 'nothing', signal))
      const objects = await fetchAll(found, hash, 'blob:none', signal)
      return objectStore(objects, async (file, signal) =>
        run.once(
          `git:object:${key}@${file}`,
          async own => (await fetchAll(found, file, 'nothing', own)).get(file),
          signal,
        ),
      )
    },
    async listRefs(names, signal) {
      const found = await discover(signal)
      const { advertisement } = found
      if (advertisement.version === 0) return advertisement.refs.filter(({ name }) => names.includes(name))
      const response = await post(found, listRefsRequest(names, advertisement), MAX_REFS_BYTES, signal)
      return reading(response, 'application/x-git-upload-pack-result', packets =>
        readListedRefs(packets, advertisement.format),
      )
    },
    async fetchCommit(hash, signal) {
      const found = await discover(signal)
      const { advertisement } = found
      const response = await post(found, fetchRequest(hash, advertisement), MAX_PACK_BYTES, signal)
      return reading(response, 'application/x-git-upload-pack-result', packets =>
        peelCommit(hash, readPack(packData(packets, advertisement), { format: advertisement.format })),
      )
    },
  }
}

/** What a server said first, where from, and what it was given to say so. */
interface Discovery {
  readonly base: string
  readonly advertisement: Advertisement
  readonly used: GitCredential | undefined
}

function readDiscovery(response: TransportResponse, used: GitCredential | undefined): Promise<Discovery> {
  return reading(response, 'application/x-git-upload-pack-advertisement', async packets => {
    // git asks the place that it was led to from then on
    if (!response.url.endsWith(DISCOVERY)) {
      throw new GitError('unsupported_protocol', `${redactURL(response.url)}: a redirect away from what git asked for`)
    }
    return { base: response.url.slice(0, -DISCOVERY.length), advertisement: await readAdvertisement(packets), used }
  })
}

/** What `read` makes of the packets of a response, which is given up as soon as it has read enough, or refused. */
async function reading<T>(
  response: TransportResponse,
  mediaType: string,
  read: (packets: AsyncGenerator<Packet, void, undefined>) => Promise<T>,
): Promise<T> {
  try {
    refuseStatus(response)
    const [got = ''] = (response.headers.get('content-type') ?? '').split(';')
    if (got.trim().toLowerCase() !== mediaType) {
      const problem = `expected ${mediaType}, got ${JSON.stringify(got.slice(0, 80))}: not a smart git server`
      throw new GitError('unsupported_protocol', `${redactURL(response.url)}: ${problem}`)
    }
    return await read(decodePackets(response.body))
  } finally {
    await response.discard()
  }
}

function refuseStatus({ status, url }: TransportResponse): void {
  if (status === 200) return
  throw new GitError(refusals[status] ?? 'unexpected_status', `${redactURL(url)}: the server answered ${status}`)
}

/** The URL to ask, without credentials: those go into a header, and only to their host. */
function withoutUserinfo({ scheme, remote, userinfo }: GitURL): string {
  const prefix = `${scheme}://${userinfo === undefined ? '' : `${userinfo}@`}`
  return `${scheme}://${remote.slice(prefix.length)}`
}
