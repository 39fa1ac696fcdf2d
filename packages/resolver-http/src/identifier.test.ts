import { describe, expect, it } from 'vitest'
import { HTTPSourceError } from './error.ts'
import { describeSource, parseIdentifier, requestURL } from './identifier.ts'

const httpOf = (identifier: string, attrs: Record<string, string> = {}) =>
  describeSource({ kind: 'http', identifier, attrs }).input.http

describe('describeSource', () => {
  it.each([
    ['http://example.com', { host: 'example.com' }],
    ['http://Example.COM:80/A', { host: 'example.com', path: '/A' }],
    ['https://example.com:/x', { host: 'example.com', path: '/x' }],
    ['https://user:p%40ss@example.com:8443/x', { host: 'example.com:8443', path: '/x' }],
    ['https://[2001:db8::1]:8443/x', { host: '[2001:db8::1]:8443', path: '/x' }],
    ['https://[fe80::1%25eth0]/x', { host: '[fe80::1%eth0]', path: '/x' }],
    ['https://[2001:DB8:0:0:0:0:0:1]:0443/x', { host: '[2001:db8::1]', path: '/x' }],
    ['http://example.com.:443/', { host: 'example.com:443', path: '/' }],
    ['https://EXAMPLE.com.:443/', { host: 'example.com', path: '/' }],
    ['http://127.0.0.1:080/', { host: '127.0.0.1', path: '/' }],
    ['https://０x7f.1/', { host: '127.0.0.1', path: '/' }],
    ['https://example.com/a%20b%2Fc/%C3%BC', { host: 'example.com', path: '/a b/c/ü' }],
    ['https://example.com/%ff%e2%82', { host: 'example.com', path: '/\ufffd\ufffd\ufffd' }],
    ['https://example.com/%f0%9f%92%a9%ff', { host: 'example.com', path: '/💩\ufffd' }],
    ['https://example.com/a/../b//c', { host: 'example.com', path: '/a/../b//c' }],
    ['https://example.com?x=1', { host: 'example.com', query: { x: ['1'] } }],
    ['https://example.com/?', { host: 'example.com', path: '/' }],
    ['https://example.com/#a\tb', { host: 'example.com', path: '/' }],
    ['https://[::FFFF:1.2.3.4]:/', { host: '[::ffff:1.2.3.4]', path: '/' }],
    ['https://%E6%97%A5.example/', { host: 'xn--wgv.example', path: '/' }],
    ['https://example.com/#a?x=1', { host: 'example.com', path: '/' }],
    [
      'https://example.com/?b=2&a=1&b=&c&=v&x+y=%2B+%26',
      { host: 'example.com', path: '/', query: { b: ['2', ''], a: ['1'], c: [''], '': ['v'], 'x y': ['+ &'] } },
    ],
    ['https://example.com/?a=1;b=2&c=%zz&d=%4&e=5', { host: 'example.com', path: '/', query: { e: ['5'] } }],
    ['https://example.com/?a?b=c?d', { host: 'example.com', path: '/', query: { 'a?b': ['c?d'] } }],
    ['https:///path', { path: '/path' }],
  ])('reads %s', (identifier, expected) => {
    expect(httpOf(identifier)).toEqual({ url: identifier, schema: identifier.split(':')[0], ...expected })
  })

  it('keeps a query parameter named __proto__ to itself', () => {
    const query = httpOf('https://example.com/?__proto__=1')?.query
    expect(Object.keys(query!)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(query)).toBe(Object.prototype)
  })

  it('says that it has authorization by secret header alone', () => {
    expect(httpOf('https://example.com/', { 'http.authheadersecret': '' })).toHaveProperty('hasAuth', true)
    expect(httpOf('https://u:p@example.com/', { 'http.header.x': 'y' })).not.toHaveProperty('hasAuth')
  })

  it('does not know the checksum, whatever the attributes say', () => {
    const source = { kind: 'http', identifier: 'https://example.com/', attrs: { 'http.checksum': 'sha256:00' } }
    expect(describeSource(source).unknown).toEqual([['http', 'checksum']])
  })
})

describe('parseIdentifier', () => {
  it.each([
    'ftp://example.com/',
    'HTTPS://example.com/',
    'http:/example.com',
    'example.com',
    '',
    'https://example.com/%zz',
    'https://example.com/%4',
    'https://example.com/#%zz',
    'https://example.com/a\nb',
    'https://example.com/\x7f',
    'https://exa mple.com/',
    'https://example.com:port/',
    'https://example.com:80:x/',
    'https://[::1/',
    'https://[::1]]/',
    'https://[::1][::1]/',
    'https://[127.0.0.1]/',
    'https://[name]/',
    'https://[fe80::1%25]/',
    'https://[fe80::1%eth0]/',
    'https://a[::1]/',
    'https://a:b:80/',
    'https://::1/',
    'https://[::1]x/',
    'https://%65xample.com/',
    'https://good.test\\@evil.test/',
    'https://good.test\\.evil.test/',
    'https://a b@example.com/',
    'https://%zz@example.com/',
    `https://example.com/${'x'.repeat(70_000)}`,
  ])('refuses %j', identifier => {
    expect(() => parseIdentifier(identifier)).toThrow(HTTPSourceError)
  })

  it('does not show the password of what it refuses', () => {
    expect(() => parseIdentifier('https://user:hunter2@example.com/%zz?token=hunter2')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') as string }),
    )
  })
})

describe('requestURL', () => {
  it.each([
    ['https://example.com/a?b#c', 'https://example.com/a?b'],
    ['https://Example.com:443', 'https://example.com/'],
    ['http://example.com:/', 'http://example.com/'],
    ['https://bücher.example/', 'https://xn--bcher-kva.example/'],
    ['https://[2001:DB8::1]/', 'https://[2001:db8::1]/'],
    ['http://0x7f.1/', 'http://127.0.0.1/'],
    ['https://example.com/a..b/...', 'https://example.com/a..b/...'],
    ['https://example.com/ü b|%ff', 'https://example.com/%C3%BC%20b|%ff'],
    ['https://u:p@example.com/', 'https://u:p@example.com/'],
  ])('of %s is %s', (identifier, expected) => expect(requestURL(identifier).href).toBe(expected))

  it.each([
    'https:///example.com',
    'https://example.com/a/../b',
    'https://example.com/a/%2e%2E/b',
    'https://example.com/.',
    'https://example.com/a\\b',
    'https://example.com/a ',
    'https://example.com/a\ud800',
    'https://example.com/a%5Cb',
    'https://example.com:99999/',
    'https://exa<mple.com/',
  ])('refuses %s, which the build may read differently', identifier => {
    expect(() => requestURL(identifier)).toThrow(HTTPSourceError)
  })
})
