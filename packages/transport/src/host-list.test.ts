import { describe, expect, it } from 'vitest'
import { TransportError } from './error.ts'
import { hostList } from './host-list.ts'

describe('hostList', () => {
  it.each([
    ['127.0.0.1:5000', { hostname: '127.0.0.1', port: 5000 }, true],
    ['127.0.0.1:5000', { hostname: '127.0.0.1', port: 5001 }, false],
    ['127.0.0.1:5000', { hostname: 'localhost', port: 5000, address: '127.0.0.1' }, true],
    ['127.0.0.1:5000', { hostname: '127.0.0.1', port: 5000, address: '10.0.0.1' }, false],
    ['localhost:5000', { hostname: 'localhost', port: 5000, address: '::1' }, true],
    ['localhost:5000', { hostname: 'localhost.evil.test', port: 5000, address: '127.0.0.1' }, false],
    ['localhost', { hostname: 'LOCALHOST', port: 80 }, true],
    ['registry.internal', { hostname: 'registry.internal', port: 443, address: '10.0.0.1' }, true],
    ['registry.internal', { hostname: 'x.registry.internal', port: 443, address: '10.0.0.1' }, false],
    ['10.0.0.0/8', { hostname: 'registry.internal', port: 443, address: '10.9.9.9' }, true],
    ['10.0.0.0/8', { hostname: '10.0.0.0', port: 443, address: '192.168.0.1' }, false],
    ['[::1]:5000', { hostname: '[::1]', port: 5000 }, true],
    ['[::1]:5000', { hostname: 'localhost', port: 5000, address: '::1' }, true],
    ['::1', { hostname: '[::1]', port: 80 }, true],
  ])('%s, asked for %j, says %s', (entry, target, held) => {
    expect(hostList([entry], 'allowed addresses')(target)).toBe(held)
  })

  it.each(['', 'https://localhost', 'localhost:99999', 'a b', '10.0.0.0/40', 'host/8', '[::1'])('refuses %j', entry => {
    expect(() => hostList([entry], 'allowed addresses')).toThrow(TransportError)
  })
})
