import { hmac } from '@noble/hashes/hmac.js'
import { md5, sha1 } from '@noble/hashes/legacy.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { toHex, utf8 } from './encoding.ts'
import { defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

type Hash = Parameters<typeof hmac>[0]

const digest = (name: string, hash: Hash) =>
  defineBuiltin({
    name: `crypto.${name}`,
    args: [t.string],
    result: t.string,
    implementation([text]: readonly [string], { charge }) {
      charge(1 + Math.ceil(text.length / 64))
      return toHex(hash(utf8(text)))
    },
  })

const keyed = (name: string, hash: Hash) =>
  defineBuiltin({
    name: `crypto.hmac.${name}`,
    args: [t.string, t.string],
    result: t.string,
    implementation([text, key]: readonly [string, string], { charge }) {
      charge(1 + Math.ceil(text.length / 64))
      return toHex(hmac(hash, utf8(key), utf8(text)))
    },
  })

/** Takes the same time wherever the texts differ. */
function equalInConstantTime(a: string, b: string): boolean {
  const x = utf8(a)
  const y = utf8(b)
  let difference = x.length ^ y.length
  for (let i = 0; i < x.length; i++) difference |= x[i]! ^ (y[i] ?? 0)
  return difference === 0
}

export const crypto = [
  digest('md5', md5),
  digest('sha1', sha1),
  digest('sha256', sha256),
  keyed('md5', md5),
  keyed('sha1', sha1),
  keyed('sha256', sha256),
  keyed('sha512', sha512),
  defineBuiltin({
    name: 'crypto.hmac.equal',
    args: [t.string, t.string],
    result: t.boolean,
    implementation: ([a, b]: readonly [string, string]) => equalInConstantTime(a, b),
  }),
]
