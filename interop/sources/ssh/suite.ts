import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { verifySSH } from '@source-policy/signature'
import { outcomeOf, run } from '../programs.ts'
import type { Tally } from '../tally.ts'

/** Whatever ssh-keygen makes without a device; security keys are tried by @source-policy/signature with keys of its own. */
const TYPES = [
  ['ed25519'],
  ['rsa', '-b', '2048'],
  ['rsa', '-b', '4096'],
  ['ecdsa', '-b', '256'],
  ['ecdsa', '-b', '384'],
  ['ecdsa', '-b', '521'],
] as const
const ADA = 'ada@example.test'
const SIGNED_AT = '20240601120000'

interface Row {
  readonly name: string
  /** What stands before the key in allowed_signers. */
  readonly signers: string
  readonly principal?: string
  readonly namespace?: string
  readonly isValid: boolean
}

const ROWS: readonly Row[] = [
  { name: 'allowed', signers: ADA, isValid: true },
  { name: 'allowed for git', signers: `${ADA} namespaces="git"`, isValid: true },
  { name: 'one of several', signers: `bob,${ADA} namespaces="file,git"`, isValid: true },
  { name: 'by a pattern', signers: '*@example.test', isValid: true },
  { name: 'valid then', signers: `${ADA} valid-after="20240601Z",valid-before="20240602Z"`, isValid: true },
  { name: 'allowed for files', signers: `${ADA} namespaces="file"`, isValid: false },
  { name: 'made for another purpose', signers: ADA, namespace: 'file', isValid: false },
  { name: 'expired when it signed', signers: `${ADA} valid-before="20240601Z"`, isValid: false },
  { name: 'not yet valid', signers: `${ADA} valid-after="20240602Z"`, isValid: false },
  { name: 'another principal', signers: 'bob@example.test', principal: ADA, isValid: false },
  { name: 'left out', signers: `*@example.test,!${ADA}`, principal: ADA, isValid: false },
  { name: 'an authority', signers: `${ADA} cert-authority`, isValid: false },
]

/** Signatures by every type of key that ssh-keygen makes: as ssh-keygen verifies them, and without allowed_signers. */
export async function compareKeys(tally: Tally, directory: string): Promise<void> {
  const place = path.join(directory, 'ssh')
  await mkdir(place)
  const file = (name: string) => path.join(place, name)
  const data = Buffer.from('tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n')
  await writeFile(file('data'), data)
  const types = await supported(file)
  for (const [name, args] of types) {
    await run('ssh-keygen', ['-q', '-t', ...args, '-N', '', '-C', ADA, '-f', file(name)])
    const key = (await readFile(file(`${name}.pub`), 'utf8')).split(' ').slice(0, 2).join(' ')
    for (const row of ROWS) {
      const namespace = row.namespace ?? 'git'
      await run('sh', [
        '-c',
        'ssh-keygen -q -Y sign -f "$0" -n "$1" < "$2" > "$3" 2>/dev/null',
        file(name),
        namespace,
        file('data'),
        file('signature'),
      ])
      await writeFile(file('signers'), `${row.signers} ${key}\n`)
      const ours = verified(
        data,
        await readFile(file('signature'), 'utf8'),
        await readFile(file('signers')),
        row.principal,
      )
      const principal = row.principal ?? ADA
      const options = ['-Y', 'verify', '-f', file('signers'), '-I', principal, '-n', 'git', '-s', file('signature')]
      const { status } = outcomeOf('ssh-keygen', [...options, '-O', `verify-time=${SIGNED_AT}Z`], {}, data)
      const problems = [
        ...(ours === row.isValid ? [] : [`we say ${ours}`]),
        ...((status === 0) === row.isValid ? [] : [`ssh-keygen ends with ${status}`]),
      ]
      tally.compare(`${name} ${row.name}`, problems)
    }
    await compareAlone(tally, name, data, file)
  }
  console.log(`ssh: ${types.map(([name]) => name).join(', ')}`)
}

/** By a file like authorized_keys: whoever is in it may sign. */
async function compareAlone(tally: Tally, name: string, data: Buffer, file: (name: string) => string): Promise<void> {
  await run('sh', [
    '-c',
    'ssh-keygen -q -Y sign -f "$0" -n git < "$1" > "$2" 2>/dev/null',
    file(name),
    file('data'),
    file('signature'),
  ])
  const signature = await readFile(file('signature'), 'utf8')
  const keys = await readFile(file(`${name}.pub`))
  const tampered = Buffer.concat([data, Buffer.from(' ')])
  tally.compare(`${name} in authorized_keys`, verified(data, signature, keys) ? [] : ['we say false'])
  tally.compare(`${name} over other data`, verified(tampered, signature, keys) ? ['we say true'] : [])
  const { status } = outcomeOf('ssh-keygen', ['-Y', 'check-novalidate', '-n', 'git', '-s', file('signature')], {}, data)
  tally.compare(`${name} by ssh-keygen`, status === 0 ? [] : [`ends with ${status}`])
}

/** A key type that this ssh-keygen does not make is none of those that are compared. */
async function supported(file: (name: string) => string): Promise<[string, readonly string[]][]> {
  const named = TYPES.map((args): [string, readonly string[]] => [args.filter(arg => arg !== '-b').join('-'), args])
  return named.filter(
    ([name, args]) => outcomeOf('ssh-keygen', ['-q', '-t', ...args, '-N', '', '-f', file(`try-${name}`)]).status === 0,
  )
}

function verified(data: Uint8Array, signature: string, keys: Uint8Array, principal?: string): boolean {
  const [, year, month, day, hour, minute] = /^(\d{4})(..)(..)(..)(..)/.exec(SIGNED_AT) ?? []
  const signedAt = new Date(`${year}-${month}-${day}T${hour}:${minute}:00Z`)
  try {
    verifySSH({ data, signature, keys, namespace: 'git', signedAt, ...(principal !== undefined && { principal }) })
    return true
  } catch (error) {
    if (typeof (error as { code?: unknown }).code !== 'string') throw error
    return false
  }
}
