import type { PublicKey } from 'openpgp'
import { SignatureError } from './error.ts'
import { MAX_KEYS, MAX_KEYS_BYTES } from './limits.ts'

const block = /-----BEGIN PGP PUBLIC KEY BLOCK-----[\s\S]*?-----END PGP PUBLIC KEY BLOCK-----/g

/** The keys of a file: armored blocks, any number of them, or binary. Throws `malformed_key` or `too_large`. */
export async function readOpenPGPKeys(file: Uint8Array): Promise<PublicKey[]> {
  if (file.length > MAX_KEYS_BYTES) {
    throw new SignatureError('too_large', `reading OpenPGP keys: at most ${MAX_KEYS_BYTES} bytes, got ${file.length}`)
  }
  const { readKeys } = await import('openpgp')
  const blocks = Buffer.from(file).toString('latin1').match(block) ?? []
  const keys: PublicKey[] = []
  try {
    if (blocks.length === 0) keys.push(...(await readKeys({ binaryKeys: file })).map(key => key.toPublic()))
    for (const armoredKeys of blocks) {
      keys.push(...(await readKeys({ armoredKeys })).map(key => key.toPublic()))
      if (keys.length > MAX_KEYS) break
    }
  } catch (cause) {
    throw new SignatureError('malformed_key', 'reading OpenPGP keys: the file holds none that can be read', { cause })
  }
  if (keys.length > MAX_KEYS)
    throw new SignatureError('too_large', `reading OpenPGP keys: at most ${MAX_KEYS} are read`)
  if (keys.length === 0) throw new SignatureError('malformed_key', 'reading OpenPGP keys: the file holds none')
  return keys
}
