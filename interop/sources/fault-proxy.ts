import { connect, createServer, type Socket } from 'node:net'
import type { RunningServer } from './running-server.ts'

export const proxyFaults = ['reset', 'truncate', 'stall', 'corrupt', 'slow'] as const
export type ProxyFault = (typeof proxyFaults)[number]

/**
 * Between us and a server: passes so many bytes of what the server says, and then does what it is told; of all connections, or of
 * the first ones.
 */
export async function startFaultProxy(
  server: RunningServer,
  fault: ProxyFault,
  afterBytes: number,
  { connections = Number.POSITIVE_INFINITY }: { readonly connections?: number } = {},
): Promise<RunningServer> {
  const sockets = new Set<Socket>()
  let accepted = 0
  const proxy = createServer(client => {
    const limit = ++accepted > connections ? Number.POSITIVE_INFINITY : afterBytes
    const upstream = connect(server.port, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
    client.pipe(upstream)
    let passed = 0
    upstream.on('data', (chunk: Buffer) => {
      const room = Math.max(0, limit - passed)
      passed += chunk.length
      if (chunk.length <= room) {
        client.write(chunk)
        return
      }
      spoil(fault, chunk, room, client, upstream)
    })
    upstream.on('end', () => fault !== 'stall' && client.end())
    client.on('close', () => upstream.destroy())
  })
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve))
  const { port } = proxy.address() as { port: number }
  const swap = (text: string) => text.replaceAll(`:${server.port}`, `:${port}`)
  return {
    ...server,
    name: `${server.name} behind ${fault} after ${afterBytes} bytes`,
    url: repository => swap(server.url(repository)),
    host: swap(server.host),
    port,
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => proxy.close(resolve))
    },
  }
}

function spoil(fault: ProxyFault, chunk: Buffer, room: number, client: Socket, upstream: Socket): void {
  switch (fault) {
    case 'reset':
      client.write(chunk.subarray(0, room), () => client.resetAndDestroy())
      break
    case 'truncate':
      client.end(chunk.subarray(0, room))
      upstream.destroy()
      break
    case 'stall':
      client.write(chunk.subarray(0, room))
      upstream.pause()
      break
    case 'corrupt':
      chunk[room] = chunk[room]! ^ 0x01
      client.write(chunk)
      break
    case 'slow': {
      // a byte at a time, for as long as the reader waits; what comes meanwhile has to wait, too
      upstream.pause()
      let at = 0
      const timer = setInterval(() => {
        if (!client.destroyed) client.write(chunk.subarray(at, ++at))
        if (at < chunk.length && !client.destroyed) return
        clearInterval(timer)
        upstream.resume()
      }, 1)
      break
    }
  }
}
