import { createServer, request as forward } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

export interface HTTPProxyOptions {
  /** Where hosts really are: `{ 'origin.test:80': '127.0.0.1:41234' }`. The proxy knows no others. */
  readonly hosts: Readonly<Record<string, string>>
  /** The `Proxy-Authorization` that it takes; others get 407. */
  readonly authorization?: string
}

/** What the proxy was asked for. */
export interface ProxyRequest {
  readonly method: string
  /** The whole URL, or `host:port` of a tunnel. */
  readonly target: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly status: number
}

export interface HTTPProxy {
  /** `http://127.0.0.1:port`, without a slash at its end. */
  readonly url: string
  readonly host: string
  readonly log: readonly ProxyRequest[]
  clearLog(): void
  close(): Promise<void>
}

/** An HTTP proxy on loopback: whole URLs for http, tunnels for everything else. */
export async function startHTTPProxy({ hosts, authorization }: HTTPProxyOptions): Promise<HTTPProxy> {
  const log: ProxyRequest[] = []
  const sockets = new Set<Socket>()
  const targetOf = (host: string) => hosts[host]?.split(':')

  const server = createServer((request, response) => {
    const { method = 'GET', url: target = '', headers } = request
    const url = URL.canParse(target) ? new URL(target) : undefined
    const address = url && targetOf(url.port === '' ? `${url.host}:80` : url.host)
    const refused = headers['proxy-authorization'] === authorization ? undefined : 407
    const status = refused ?? (address === undefined ? 502 : 200)
    log.push({ method, target, headers: { ...headers }, status })
    if (url === undefined || address === undefined || status !== 200) {
      response.writeHead(status, { 'content-length': '0' }).end()
      return
    }
    const { 'proxy-authorization': _, ...rest } = headers
    const [hostname, port] = address
    const outgoing = forward({ hostname, port, method, path: url.pathname + url.search, headers: rest }, answer => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    outgoing.on('error', () => response.destroy())
    request.pipe(outgoing)
  })

  server.on('connect', (request, client: Socket) => {
    const { url: target = '', headers } = request
    const address = targetOf(target)
    const refused = headers['proxy-authorization'] === authorization ? undefined : 407
    const status = refused ?? (address === undefined ? 502 : 200)
    log.push({ method: 'CONNECT', target, headers: { ...headers }, status })
    client.on('error', () => client.destroy())
    if (address === undefined || status !== 200) {
      client.end(`HTTP/1.1 ${status} Refused\r\ncontent-length: 0\r\n\r\n`)
      return
    }
    const upstream = connect(Number(address[1]), address[0], () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      client.pipe(upstream).pipe(client)
    })
    upstream.on('error', () => client.destroy())
    client.on('close', () => upstream.destroy())
  })
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })

  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${host}`,
    host,
    log,
    clearLog() {
      log.length = 0
    },
    async close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
