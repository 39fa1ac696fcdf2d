import { describe, expect, it } from 'vitest'
import { type GitObject, hashObject } from './git-hash.ts'
import { commitInput, parseActor, parseObject, pointeeOf, tagInput } from './object.ts'

const hash = 'a'.repeat(40)
const who = 'Ada <ada@example.test> 1700000000 +0200'
const ada = { name: 'Ada', email: 'ada@example.test', when: '2023-11-15T00:13:20+02:00' }
const object = (type: 'commit' | 'tag', text: string, encoding: BufferEncoding = 'utf8'): GitObject =>
  hashObject(type, Uint8Array.from(Buffer.from(text, encoding)), 'sha1')
const commit = (rest = '\nmessage\n', headers = '') =>
  object('commit', `tree ${hash}\nauthor ${who}\ncommitter ${who}\n${headers}${rest}`)
const tag = (rest = '\nmessage\n') => object('tag', `object ${hash}\ntype commit\ntag v1\ntagger ${who}\n${rest}`)

/** The signature of an empty message by a key made for this test; only its structure is read. */
const pgp = armor('PGP', signaturePacket(4, [[33, [4, ...Array(12).fill(1), 0xde, 0xad, 0xbe, 0xef, 0, 1, 2, 3]]]))
const ssh = armor(
  'SSH',
  Buffer.concat([
    Buffer.from('SSHSIG\0\0\0\x01', 'latin1'),
    ...['key', 'git', '', 'sha512', 'signature'].map(sshString),
  ]),
)

function sshString(text: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(text.length)
  return Buffer.concat([length, Buffer.from(text)])
}
function signaturePacket(version: number, hashed: [number, number[]][], unhashed: [number, number[]][] = []): Buffer {
  const area = (subpackets: [number, number[]][]) => {
    const content = subpackets.flatMap(([type, body]) => [body.length + 1, type, ...body])
    return [content.length >> 8, content.length & 0xff, ...content]
  }
  const body = [version, 0, 22, 8, ...area(hashed), ...area(unhashed), 0, 0]
  return Buffer.from([0xc2, body.length, ...body])
}
function armor(kind: 'PGP' | 'SSH', data: Buffer): string {
  const blank = kind === 'PGP' ? '\n' : ''
  return `-----BEGIN ${kind} SIGNATURE-----\n${blank}${data.toString('base64')}\n-----END ${kind} SIGNATURE-----`
}
const asHeader = (signature: string, name = 'gpgsig') => `${name} ${signature.split('\n').join('\n ')}\n`

describe('commitInput', () => {
  it('reads headers, message and several parents', () => {
    const parents = ['b'.repeat(40), 'c'.repeat(40)]
    const text = `tree ${hash}\n${parents.map(parent => `parent ${parent}\n`).join('')}author ${who}\ncommitter ${who}\n\nsubject\n\nbody\n`
    expect(commitInput(object('commit', text))).toEqual({
      tree: hash,
      parents,
      author: ada,
      committer: ada,
      message: 'subject\n\nbody',
    })
  })

  it.each([
    ['gpgsig', { pgpSignature: { version: 4, keyID: 'deadbeef00010203' } }, pgp],
    ['gpgsig-sha256', { pgpSignature: { version: 4, keyID: 'deadbeef00010203' } }, pgp],
    ['gpgsig', { sshSignature: { version: 1, pubKey: 'SHA256:LHDhK3oGRvkiefQnx7OOczTY5TicZ/xHh6kMOb84Ow' } }, ssh],
  ])('reads what a signature in %s says of itself: %j', (name, fields, signature) => {
    const { message, tree, ...rest } = commitInput(commit('\nmessage\n', asHeader(signature, name)))
    expect({ message, tree }).toEqual({ message: 'message', tree: hash })
    if ('pgpSignature' in fields) expect(rest).toMatchObject(fields)
    else expect(rest.sshSignature).toEqual({ version: 1, pubKey: expect.stringMatching(/^SHA256:[A-Za-z0-9+/]{43}$/) })
  })

  it.each([
    ['no armor', 'nothing of the kind'],
    ['a body that is not base64', '-----BEGIN PGP SIGNATURE-----\n\n!!!!\n-----END PGP SIGNATURE-----'],
    ['an end that is missing', pgp.slice(0, -30)],
    ['a certificate', pgp.replaceAll('PGP SIGNATURE', 'SIGNED MESSAGE')],
    ['version 3', armor('PGP', signaturePacket(3, []))],
    ['a packet that is cut short', armor('PGP', signaturePacket(4, []).subarray(0, 6))],
    ['another packet', armor('PGP', Buffer.from([0xcb, 1, 0]))],
  ])('says nothing of a signature that cannot be read: %s', (_, signature) => {
    const input = commitInput(commit('\nmessage\n', asHeader(signature)))
    expect(input).not.toHaveProperty('pgpSignature')
    expect(input).not.toHaveProperty('sshSignature')
  })

  it('leaves a key id out where the signature names none', () => {
    const { pgpSignature } = commitInput(commit('\nm\n', asHeader(armor('PGP', signaturePacket(4, [])))))
    expect(pgpSignature).toEqual({ version: 4 })
  })

  it('believes the key id in the hashed part rather than the other', () => {
    const packet = signaturePacket(4, [[16, [1, 1, 1, 1, 1, 1, 1, 1]]], [[16, [2, 2, 2, 2, 2, 2, 2, 2]]])
    expect(commitInput(commit('\nm\n', asHeader(armor('PGP', packet)))).pgpSignature?.keyID).toBe('01'.repeat(8))
  })

  it('does not take the lines of a merge tag for headers', () => {
    const merged = ` object x\n tree fake\n parent fake\n`
    const input = commitInput(commit('\nm\n', `mergetag object ${hash}\n${merged}`))
    expect([input.tree, input.parents]).toEqual([hash, undefined])
  })

  it('decodes what is not UTF-8 byte by byte', () => {
    const raw = Buffer.concat([
      Buffer.from(`tree ${hash}\nauthor `),
      Buffer.from([0xe2, 0x82]),
      Buffer.from(` ${who}\ncommitter ${who}\n\n\xff\n`),
    ])
    const input = commitInput(hashObject('commit', Uint8Array.from(raw), 'sha1'))
    expect(input.author?.name).toBe('\ufffd\ufffd Ada')
  })

  it.each([
    ['headers of one name', 'x y\n'.repeat(200_000), ''],
    ['bytes that are no UTF-8', '', '\xff'.repeat(2_000_000)],
  ])('takes no long time for many %s', (_, headers, message) => {
    const text = `tree ${hash}\nauthor ${who}\ncommitter ${who}\n${headers}\n${message}`
    expect(commitInput(object('commit', text, 'latin1'))).toMatchObject({ tree: hash, author: ada })
  })

  it('leaves an empty message out', () => {
    expect(commitInput(commit('\n'))).not.toHaveProperty('message')
    expect(commitInput(commit(''))).not.toHaveProperty('message')
  })
})

describe('tagInput', () => {
  it('reads headers and message', () => {
    expect(tagInput(tag())).toEqual({ object: hash, type: 'commit', tag: 'v1', tagger: ada, message: 'message' })
  })
  it('takes the signature off the message', () => {
    expect(tagInput(tag(`\nmessage\n${pgp}\n`))).toMatchObject({ message: 'message', pgpSignature: { version: 4 } })
    expect(tagInput(tag(`\nmessage\n${ssh}\n`))).toMatchObject({ message: 'message', sshSignature: { version: 1 } })
  })
  it('says what it points to', () => {
    expect(pointeeOf(tag())).toEqual({ hash, type: 'commit' })
  })
})

describe('parseObject', () => {
  it('keeps the bytes that a signature is over', () => {
    const plain = commit()
    const signed = commit('\nmessage\n', asHeader(pgp))
    expect(Buffer.from(parseObject(signed).signedData).toString()).toBe(Buffer.from(plain.content).toString())
    expect(parseObject(signed).signature).toBe(pgp)
    const signedTag = tag(`\nmessage\n${pgp}\n`)
    expect(Buffer.from(parseObject(signedTag).signedData).toString()).toBe(Buffer.from(tag().content).toString())
  })

  it.each([
    ['tree', object('commit', `author ${who}\ncommitter ${who}\n\nm`)],
    ['author', object('commit', `tree ${hash}\ncommitter ${who}\n\nm`)],
    ['committer', object('commit', `tree ${hash}\nauthor ${who}\n\ncommitter ${who}\n`)],
    ['a name for committer', object('commit', `tree ${hash}\nauthor ${who}\ncommitter\n\n`)],
    ['object', object('tag', `type commit\ntag v1\ntagger ${who}\n\n`)],
    ['tagger', object('tag', `object ${hash}\ntype commit\ntag v1\n\n`)],
    ['anything', object('commit', '')],
    ['the words of its type', object('commit', `object ${hash}\ntype commit\ntag v1\ntagger ${who}\n\n`)],
  ])('refuses an object that lacks %s', (_, malformed) => {
    expect(() => parseObject(malformed)).toThrow(expect.objectContaining({ code: 'malformed_object' }))
  })

  it('refuses a tag of an object of another format', () => {
    const wrong = object('tag', `object ${'a'.repeat(64)}\ntype commit\ntag v1\ntagger ${who}\n\n`)
    expect(() => pointeeOf(wrong)).toThrow(expect.objectContaining({ code: 'malformed_object' }))
  })
})

describe('parseActor', () => {
  it.each([
    [who, ada],
    ['A <b> C <c@d> 0 -0330', { name: 'A <b> C', email: 'c@d', when: '1969-12-31T20:30:00-03:30' }],
    ['A <a@b> 1700000000 +0000', { name: 'A', email: 'a@b', when: '2023-11-14T22:13:20Z' }],
    ['A <a@b> -1 +0000', { name: 'A', email: 'a@b', when: '1969-12-31T23:59:59Z' }],
    ['A <a@b>', { name: 'A', email: 'a@b' }],
    ['A <a@b> 1700000000', { name: 'A', email: 'a@b' }],
    ['A <a@b> soon +0000', { name: 'A', email: 'a@b' }],
    ['A <a@b> 1700000000 UTC', { name: 'A', email: 'a@b' }],
    ['A <a@b> 1700000000 +2359', { name: 'A', email: 'a@b', when: '2023-11-15T22:12:20+23:59' }],
    ['A <a@b> 1700000000 +2400', { name: 'A', email: 'a@b' }],
    ['A <a@b> 1700000000 -2360', { name: 'A', email: 'a@b' }],
    ['A <a@b> 99999999999999999999 +0000', { name: 'A', email: 'a@b' }],
    ['A <a@b> 999999999999 +0000', { name: 'A', email: 'a@b' }],
    ['no brackets 1700000000 +0000', { name: 'no brackets 1700000000 +0000' }],
    ['> backwards <', { name: '> backwards <' }],
    [' <>', {}],
    ['', {}],
  ])('reads %j', (line, expected) => {
    expect(parseActor(line)).toEqual(expected)
  })
})
