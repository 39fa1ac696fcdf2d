import { describe, expect, it } from 'vitest'
import { decodeEnvelope, preAuthEncoding } from './envelope.ts'
import { decodeStatement } from './statement.ts'

const document = (changes: object = {}) =>
  JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'app', digest: { sha256: 'aa' } }, { digest: {} }, { name: null }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: { a: 1 },
    ...changes,
  })

describe('a statement', () => {
  it.each(['https://in-toto.io/Statement/v0.1', 'https://in-toto.io/Statement/v1'])('of type %s is read', type => {
    expect(decodeStatement(Buffer.from(document({ _type: type })))).toEqual({
      type,
      subjects: [{ name: 'app', digest: { sha256: 'aa' } }, { digest: {} }, { digest: {} }],
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: { a: 1 },
    })
  })

  it('of an image without a name has no subject', () => {
    expect(decodeStatement(document({ subject: [] })).subjects).toEqual([])
    expect(decodeStatement(document({ subject: null })).subjects).toEqual([])
  })

  it('may have arguments that differ by case alone', () => {
    const args = { 'build-arg:a': '1', 'build-arg:A': '2' }
    expect(decodeStatement(document({ predicate: { args } })).predicate).toEqual({ args })
  })

  it.each([
    ['no JSON', '{', 'invalid_json'],
    ['a key twice', document().replace('{', '{"predicateType":"x",'), 'invalid_json'],
    ['keys that readers without case would mix up', document({ Subject: [] }), 'invalid_json'],
    ['depth', document({ predicate: JSON.parse('['.repeat(200) + ']'.repeat(200)) }), 'invalid_json'],
    ['an array', '[]', 'invalid_statement'],
    ['an unknown type', document({ _type: 'https://in-toto.io/Statement/v2' }), 'invalid_statement'],
    ['no type', document({ _type: undefined }), 'invalid_statement'],
    ['no type of predicate', document({ predicateType: '' }), 'invalid_statement'],
    ['a subject that is no object', document({ subject: ['app'] }), 'invalid_statement'],
    ['a digest that is no text', document({ subject: [{ digest: { sha256: 1 } }] }), 'invalid_statement'],
    ['too many subjects', document({ subject: Array(10_001).fill({}) }), 'too_large'],
  ])('is refused: %s', (_, text, code) => {
    expect(() => decodeStatement(text)).toThrow(expect.objectContaining({ code }))
  })

  it('is refused where it is longer than BuildKit would read', () => {
    expect(() => decodeStatement(new Uint8Array(40 * 1024 ** 2 + 1))).toThrow(
      expect.objectContaining({ code: 'too_large' }),
    )
  })
})

describe('an envelope', () => {
  it('is read, and encoded as its signatures are over', () => {
    const envelope = decodeEnvelope(
      '{"payloadType":"application/x","payload":"aGVsbG8=","signatures":[{"keyid":"k","sig":"AAE="}]}',
    )
    expect(envelope).toEqual({
      payloadType: 'application/x',
      payload: Buffer.from('hello'),
      signatures: [{ keyid: 'k', signature: Buffer.of(0, 1) }],
    })
    expect(Buffer.from(preAuthEncoding(envelope)).toString()).toBe('DSSEv1 13 application/x 5 hello')
    expect(Buffer.from(preAuthEncoding({ payloadType: 'ü', payload: Buffer.of() })).toString()).toBe('DSSEv1 2 ü 0 ')
  })
})
