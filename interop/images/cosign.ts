import { generateKeyPairSync } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Finished, finish } from '../builder/buildkit.ts'
import { buildPeer } from '../peers.mjs'

/** A key as cosign keeps it, and the public part of it. */
export interface CosignKey {
  readonly file: string
  readonly publicKey: string
}

/** The real cosign, with its keys and settings in `directory`. */
export interface Cosign {
  /** Throws what cosign complains of where it fails. */
  run(args: readonly string[]): Promise<Finished>
  newKey(kind: KeyKind): Promise<CosignKey>
}

const generators = {
  'P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'P-384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'P-521': () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  'RSA-2048': () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  Ed25519: () => generateKeyPairSync('ed25519'),
} as const

export type KeyKind = keyof typeof generators
export const KEY_KINDS = Object.keys(generators) as KeyKind[]

export function openCosign(directory: string): Cosign {
  const program = buildPeer('cosign')
  const env = { PATH: process.env.PATH, HOME: directory, COSIGN_PASSWORD: '' }
  let keys = 0

  async function run(args: readonly string[]): Promise<Finished> {
    const finished = await finish(program, args, { cwd: directory, env })
    if (finished.exitCode !== 0) throw new Error(`cosign ${args.join(' ')}: ${finished.stderr}`)
    return finished
  }

  return {
    run,
    async newKey(kind) {
      const name = path.join(directory, `key-${++keys}`)
      const { privateKey } = generators[kind]()
      await writeFile(`${name}.pem`, privateKey.export({ type: 'pkcs8', format: 'pem' }))
      await run(['import-key-pair', '--key', `${name}.pem`, '--output-key-prefix', name, '--yes'])
      return { file: `${name}.key`, publicKey: await readFile(`${name}.pub`, 'utf8') }
    },
  }
}

/** How cosign writes down what it signs. */
export const FORMATS = ['bundle', 'legacy'] as const
export type Format = (typeof FORMATS)[number]

/** Flags of `sign` and `attest` for a key, without a log, and a registry without TLS. */
export function keyFlags(key: CosignKey, format: Format): string[] {
  return [
    ...['--yes', '--key', key.file, '--tlog-upload=false', '--use-signing-config=false'],
    `--new-bundle-format=${format === 'bundle'}`,
    ...['--allow-insecure-registry', '--allow-http-registry'],
  ]
}
