import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type DigestOfSigned, verifyOpenPGP } from '@source-policy/signature'
import { missingPrograms, outcomeOf, run } from '../programs.ts'
import type { Tally } from '../tally.ts'

/** Debian packages whose authors sign their releases, by keys that the packages bring along. */
const PACKAGES = ['hello', 'gzip', 'libassuan', 'nettle']
const MIRROR = 'http://deb.debian.org/debian'
const SUITE = 'bookworm'
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
const WRONG_KEYRING = '/usr/share/keyrings/debian-archive-removed-keys.gpg'

interface Signed {
  readonly name: string
  readonly data: string
  readonly signature: string
  readonly keys: string
}

/** Signatures that nobody here made: Debian's release, and upstream tarballs; as gpgv judges them, tampered ones as well. */
export async function compareReleases(tally: Tally, directory: string): Promise<void> {
  if (missingPrograms(['apt-get', '/usr/lib/apt/apt-helper', 'gpgv', 'tar']).length > 0) {
    return tally.skip('signatures of Debian and of upstream releases', 'there is no apt here')
  }
  const place = path.join(directory, 'debian')
  await mkdir(place)
  let signed: Signed[]
  try {
    signed = [await fetchRelease(place), ...(await fetchTarballs(place))]
  } catch (error) {
    return tally.skip(
      'signatures of Debian and of upstream releases',
      `they cannot be fetched: ${String(error).slice(0, 300)}`,
    )
  }
  for (const { name, data, signature, keys } of signed) {
    const content = await readFile(data)
    const tampered = Buffer.from(content)
    tampered[tampered.length >> 1]! ^= 0x01
    const other = path.join(place, 'tampered')
    await writeFile(other, tampered)
    const signatureBytes = await readFile(signature)
    const keyBytes = await readFile(keys)
    for (const [variant, file, bytes, keyring] of [
      ['as it is', data, content, keyBytes],
      ['tampered', other, tampered, keyBytes],
      ['by other keys', data, content, await readFile(WRONG_KEYRING)],
    ] as const) {
      const ours = await verified(bytes, signatureBytes, keyring)
      const digested = await verified(digestOf(bytes), signatureBytes, keyring)
      const theirs = await byGPGV(file, signature, keyring, place)
      const wanted = variant === 'as it is'
      const problems = [
        ...(ours === wanted ? [] : [`we say ${ours}`]),
        ...(digested === wanted ? [] : [`over a digest we say ${digested}`]),
        ...(theirs === wanted ? [] : [`gpgv says ${theirs}`]),
      ]
      tally.compare(`${name} ${variant}`, problems)
    }
  }
  console.log(`openpgp: ${signed.map(({ name }) => name).join(', ')}`)
}

async function verified(data: Uint8Array | DigestOfSigned, signature: Uint8Array, keys: Uint8Array): Promise<boolean> {
  try {
    await verifyOpenPGP({ data, signature, keys, now: new Date() })
    return true
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (typeof code !== 'string') throw error
    return false
  }
}

function digestOf(bytes: Uint8Array): DigestOfSigned {
  return (algorithm, suffix) => createHash(algorithm).update(bytes).update(suffix).digest()
}

/** gpgv wants keys in binary. Of keys that expired since it says no, of which its status says that the signature was good. */
async function byGPGV(file: string, signature: string, keys: Uint8Array, place: string): Promise<boolean> {
  const keyring = path.join(place, 'keyring.gpg')
  const isArmored = (keys[0]! & 0x80) === 0
  if (isArmored) {
    await writeFile(`${keyring}.asc`, keys)
    await run('gpg', ['--batch', '--yes', '--no-default-keyring', '--dearmor', '--output', keyring, `${keyring}.asc`])
  } else await writeFile(keyring, keys)
  const { complaint } = outcomeOf('gpgv', ['--status-fd', '2', '--keyring', keyring, signature, file])
  return /^\[GNUPG:\] VALIDSIG /m.test(complaint)
}

/** The index of a release, and the detached signatures of those who made it. */
async function fetchRelease(place: string): Promise<Signed> {
  const file = (name: string) => path.join(place, name)
  for (const name of ['Release', 'Release.gpg']) {
    await run('/usr/lib/apt/apt-helper', ['download-file', `${MIRROR}/dists/${SUITE}/${name}`, file(name)])
  }
  return { name: `Debian ${SUITE}`, data: file('Release'), signature: file('Release.gpg'), keys: KEYRING }
}

/** Upstream's tarballs with their detached signatures, by a list of sources of its own. */
async function fetchTarballs(place: string): Promise<Signed[]> {
  for (const made of ['lists/partial', 'cache/archives/partial', 'sources']) {
    await mkdir(path.join(place, made), { recursive: true })
  }
  const list = path.join(place, 'src.list')
  await writeFile(list, `deb-src [signed-by=${KEYRING}] ${MIRROR} ${SUITE} main\n`)
  const settings = {
    'Dir::Etc::sourcelist': list,
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': path.join(place, 'lists'),
    'Dir::Cache': path.join(place, 'cache'),
    'APT::Sandbox::User': 'root',
  }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  await run('apt-get', [...options, '-qq', 'update'])
  const sources = path.join(place, 'sources')
  await run('sh', [
    '-c',
    'cd "$0" && apt-get "$@"',
    sources,
    ...options,
    '-qq',
    'source',
    '--download-only',
    ...PACKAGES,
  ])
  const names = await readdir(sources)
  return Promise.all(
    PACKAGES.map(async name => {
      const find = (pattern: RegExp) => {
        const found = names.find(other => other.startsWith(`${name}_`) && pattern.test(other))
        if (found === undefined) throw new Error(`${name}: no file ${pattern}`)
        return path.join(sources, found)
      }
      const keys = path.join(place, `${name}.keys`)
      await writeFile(keys, await run('tar', ['-xOf', find(/\.debian\.tar\.\w+$/), 'debian/upstream/signing-key.asc']))
      return { name, data: find(/\.orig\.tar\.\w+$/), signature: find(/\.orig\.tar\.\w+\.asc$/), keys }
    }),
  )
}
