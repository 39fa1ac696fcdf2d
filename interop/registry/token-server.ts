import { createSign, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface TokenServerOptions {
  /** PEM of the key that signs, and its certificate in DER, as base64. */
  readonly key: string
  readonly certificate: string
  readonly user: string
  readonly password: string
  readonly ttlSeconds: number
}

/** A token server for Docker's registry: anyone may pull from `public/`, the user may do everything. */
export async function startTokenServer(options: TokenServerOptions) {
  const { key, certificate, user, password, ttlSeconds } = options
  let requests = 0
  const server = createServer((request, response) => {
    requests++
    const { searchParams } = new URL(request.url ?? '/', 'http://token')
    const expected = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
    const known = request.headers.authorization === expected
    if (request.headers.authorization !== undefined && !known) {
      response.writeHead(401).end()
      return
    }
    const access = searchParams.getAll('scope').map(scope => {
      const [, type, name = '', actions = ''] = /^([a-z]+):(.+):([a-z,*]+)$/.exec(scope) ?? []
      const granted = actions.split(',').filter(action => known || (action === 'pull' && name.startsWith('public/')))
      return { type, name, actions: granted }
    })
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: 'test-issuer',
      sub: known ? user : '',
      aud: searchParams.get('service'),
      nbf: now - 10,
      iat: now,
      exp: now + ttlSeconds,
      jti: randomUUID(),
      access,
    }
    const token = sign({ typ: 'JWT', alg: 'RS256', x5c: [certificate] }, claims, key)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ token, expires_in: ttlSeconds, issued_at: new Date().toISOString() }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    host: `127.0.0.1:${port}`,
    get requests() {
      return requests
    },
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function sign(header: object, claims: object, key: string): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${encode(header)}.${encode(claims)}`
  return `${text}.${createSign('RSA-SHA256').update(text).sign(key, 'base64url')}`
}
