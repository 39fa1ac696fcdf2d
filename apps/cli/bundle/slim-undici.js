import { createRequire } from 'node:module'
import path from 'node:path'

const root = path.dirname(createRequire(import.meta.url).resolve('undici/package.json'))

/**
 * The part of undici that the transport uses, without fetch, WebSocket, caches and mocks, which its index would bring
 * along. An import of anything else fails the build.
 */
export function slimUndici() {
  const from = file => JSON.stringify(path.join(root, 'lib', file))
  return {
    name: 'slim-undici',
    resolveId: { filter: { id: /^undici$/ }, handler: () => '\0slim-undici' },
    load: {
      filter: { id: /^\0slim-undici$/ },
      handler: () => `
        import Dispatcher from ${from('dispatcher/dispatcher.js')}
        import api from ${from('api/index.js')}
        import Agent from ${from('dispatcher/agent.js')}
        import Client from ${from('dispatcher/client.js')}
        import buildConnector from ${from('core/connect.js')}
        Object.assign(Dispatcher.prototype, api)
        export { Agent, buildConnector, Client }`,
    },
  }
}
