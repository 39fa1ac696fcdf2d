import { readFile } from 'node:fs/promises'
import { createRun, type PolicyFiles, toCodedError } from '@source-policy/core'
import { httpResolver } from '@source-policy/resolver-http'
import { createTransport } from '@source-policy/transport'
import type { RunningServer } from '../running-server.ts'

/** A server that sends a byte at a time is given up at the end of the run. */
const RUN_TIMEOUT_MS = 5_000

const files: PolicyFiles = { read: async file => Uint8Array.from(await readFile(file)) }

export interface OpenedSource {
  readonly attrs?: Readonly<Record<string, string>>
  readonly authorization?: string
}

/** A file behind a server, as this project sees it. */
export function openHTTPSource(server: RunningServer, url: string, { attrs = {}, authorization }: OpenedSource = {}) {
  const transport = createTransport({
    allowAddresses: [server.host, '127.0.0.1', 'localhost'],
    retries: 0,
    headersTimeoutMs: 2000,
    bodyTimeoutMs: 2000,
    ...server.transport,
  })
  const resolver = httpResolver({ transport, secret: () => authorization })
  const run = createRun({ limits: { timeoutMs: RUN_TIMEOUT_MS } })
  const source = resolver.parse(url, { attrs })
  const context = { run, signal: run.signal, anonymous: false }
  return {
    resolver,
    source,
    run,
    /** The checksum and where it was read; or the code of why there is none. */
    async checksum(): Promise<{ value?: unknown; from?: string | undefined; code?: string | undefined }> {
      try {
        const { known, unavailable } = await resolver.resolve(source, [['http', 'checksum']], context)
        const [fact] = known
        return fact === undefined ? { code: unavailable[0]?.error.code } : { value: fact.value, from: fact.from }
      } catch (error) {
        // the time of the run is over
        return { code: toCodedError(error).code }
      }
    },
    /** What `verify_http_pgp_signature` says; or the code of why it cannot. */
    async isSigned(signature: string, keys: string): Promise<boolean | string> {
      const call = { ...context, source, path: ['http'], files }
      const answer = await resolver.functions!.verify_http_pgp_signature!([{}, signature, keys], call)
      if ('unavailable' in answer) return answer.unavailable.code
      return 'value' in answer && answer.value === true
    },
    close: () => transport.close(),
  }
}
