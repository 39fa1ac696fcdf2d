import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createMutator } from '@source-policy/testkit'
import { describe, it } from 'vitest'
import { FUZZ_RUNS, FUZZ_SEED, fuzz } from '../../../test/fuzz.ts'
import { decodeArmor } from './armor.ts'
import { verifyOpenPGP } from './openpgp.ts'
import type { DigestOfSigned } from './openpgp-digest.ts'
import { readOpenPGPSignature } from './openpgp-packet.ts'
import { verifySSH } from './ssh.ts'
import { readSSHKey } from './ssh-key.ts'
import { readSSHKeyFile } from './ssh-key-file.ts'
import { readSSHSignature } from './ssh-signature.ts'

const file = (name: string) => Uint8Array.from(readFileSync(new URL(`testdata/${name}`, import.meta.url)))
const text = (name: string) => Buffer.from(file(name)).toString()
const data = file('data.txt')
const now = new Date('2026-01-01T00:00:00Z')
const mutator = (samples: readonly (string | Uint8Array)[], pieces: readonly (string | Uint8Array)[] = []) =>
  createMutator({ samples, seed: FUZZ_SEED, pieces })
/** Each takes a hundred times as long as one that is only read. */
const VERIFIED = 1 / 50
const sshTypes = ['ed25519', 'rsa', 'ecdsa-256', 'ecdsa-521']

describe(`malformed signatures and keys, ${FUZZ_RUNS} of each`, () => {
  it('armors', async () => {
    const { next } = mutator(
      [file('openpgp/ed25519.asc'), file('ssh/ed25519.git.sig')],
      ['-----BEGIN PGP SIGNATURE-----\n', '-----END PGP SIGNATURE-----\n', '=', '\n\n', 'A: b\n', '\r'],
    )
    await fuzz(next, input => decodeArmor(Buffer.from(input).toString('latin1')))
  })

  it('OpenPGP packets', async () => {
    const { next } = mutator(
      ['ed25519.asc', 'two.asc', 'rsa3072.asc'].map(name => decodeArmor(text(`openpgp/${name}`)).data),
    )
    await fuzz(next, readOpenPGPSignature)
  })

  it('OpenPGP signatures, verified', async () => {
    const keys = file('openpgp/ed25519.key.asc')
    const { next } = mutator([file('openpgp/ed25519.sig'), file('openpgp/ed25519.asc')])
    await fuzz(next, signature => verifyOpenPGP({ data, signature, keys, now }), { share: VERIFIED })
  })

  it('OpenPGP signatures, verified over a digest as leniently as can be', async () => {
    const keys = file('openpgp/ed25519.key.asc')
    const digest: DigestOfSigned = (algorithm, suffix) => createHash(algorithm).update(data).update(suffix).digest()
    const { next } = mutator([file('openpgp/ed25519.sig'), file('openpgp/two.asc')])
    const options = { data: digest, keys, now, validity: 'any' } as const
    await fuzz(next, signature => verifyOpenPGP({ ...options, signature }), { share: VERIFIED })
  })

  it('OpenPGP keys', async () => {
    const { next } = mutator([file('openpgp/binary.key.gpg'), file('openpgp/subkey.key.asc')])
    const signature = file('openpgp/ed25519.asc')
    await fuzz(next, keys => verifyOpenPGP({ data, signature, keys, now }), { share: VERIFIED })
  })

  it('SSH signatures', async () => {
    const { next } = mutator(sshTypes.map(type => decodeArmor(text(`ssh/${type}.git.sig`)).data))
    await fuzz(next, readSSHSignature)
  })

  it('SSH signatures, verified', async () => {
    const keys = Uint8Array.from(Buffer.from(sshTypes.map(type => text(`ssh/${type}.pub`)).join('')))
    const { next } = mutator(sshTypes.map(type => decodeArmor(text(`ssh/${type}.git.sig`)).data))
    await fuzz(next, input => {
      const signature = `-----BEGIN SSH SIGNATURE-----\n${Buffer.from(input).toString('base64')}\n-----END SSH SIGNATURE-----\n`
      verifySSH({ data, signature, keys, namespace: 'git', signedAt: now })
    })
  })

  it('SSH keys', async () => {
    const { next } = mutator(sshTypes.map(type => Buffer.from(text(`ssh/${type}.pub`).split(' ')[1] ?? '', 'base64')))
    await fuzz(next, readSSHKey)
  })

  it('files of SSH keys', async () => {
    const key = text('ssh/ed25519.pub')
    const { next } = mutator(
      [key, `ada@example.test namespaces="git",valid-after="20240101" ${key}`, `restrict,command="x" ${key}`],
      ['"', ',', ' ', '=', '\\"', 'valid-before="', '*', '!', '#', 'ssh-rsa ', 'cert-authority '],
    )
    await fuzz(next, readSSHKeyFile)
  })
})
