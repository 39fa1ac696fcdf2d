import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { verifySSH } from './ssh.ts'
import { matchesPatterns, readSSHKeyFile } from './ssh-key-file.ts'

const text = (name: string) => readFileSync(new URL(`testdata/${name}`, import.meta.url), 'utf8')
const data = Uint8Array.from(Buffer.from(text('data.txt')))
const signedAt = new Date('2024-06-01T12:00:00Z')
const bytes = (content: string) => Uint8Array.from(Buffer.from(content))
const check = (signature: string, keys: string, options: Partial<Parameters<typeof verifySSH>[0]> = {}) =>
  verifySSH({ data, signature, keys: bytes(keys), namespace: 'git', signedAt, ...options })
const codeOf = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}

const types = ['ed25519', 'rsa', 'ecdsa-256', 'ecdsa-384', 'ecdsa-521']
const key = (type: string) => text(`ssh/${type}.pub`).trim()
/** Type and key without the comment. */
const bare = (type: string) => key(type).split(' ').slice(0, 2).join(' ')

describe('verifySSH with keys that ssh-keygen makes', () => {
  it.each(types)('accepts %s by authorized_keys and by allowed_signers', type => {
    const signature = text(`ssh/${type}.git.sig`)
    const expected = { kind: 'ssh', key: expect.stringMatching(/^SHA256:/), names: [`${type}@example.test`] }
    expect(check(signature, key(type))).toEqual(expected)
    const all = types.map(key).join('\n')
    expect(check(signature, all)).toEqual(expected)
    expect(check(signature, `${type}@example.test namespaces="git" ${bare(type)}`)).toEqual(expected)
  })

  it.each(types)('refuses %s for another namespace, other data, another key', type => {
    const signature = text(`ssh/${type}.git.sig`)
    expect(codeOf(() => check(text(`ssh/${type}.file.sig`), key(type)))).toBe('wrong_namespace')
    expect(codeOf(() => check(signature, key(type), { data: bytes('other') }))).toBe('signature_mismatch')
    const other = types.filter(candidate => candidate !== type).map(key)
    expect(codeOf(() => check(signature, other.join('\n')))).toBe('unknown_signer')
  })

  it('accepts the hash sha256', () => {
    expect(check(text('ssh/ed25519-sha256.git.sig'), key('ed25519'))).toMatchObject({ kind: 'ssh' })
  })

  it('refuses small RSA keys, and DSA keys', () => {
    expect(codeOf(() => check(text('ssh/rsa-1024.git.sig'), key('rsa-1024')))).toBe('rejected_algorithm')
    expect(codeOf(() => check(text('ssh/ed25519.git.sig'), key('dsa')))).toBe('unknown_signer')
  })

  it.each(types)('no byte of a signature by %s can be changed so that it holds', type => {
    const lines = text(`ssh/${type}.git.sig`).trim().split('\n')
    const blob = Buffer.from(lines.slice(1, -1).join(''), 'base64')
    for (let offset = 0; offset < blob.length; offset += 3) {
      const tampered = Buffer.from(blob)
      tampered[offset]! ^= 0x04
      const signature = `${lines[0]}\n${tampered.toString('base64')}\n${lines.at(-1)}\n`
      expect(codeOf(() => check(signature, key(type)))).toEqual(expect.any(String))
    }
  })
})

describe('allowed_signers', () => {
  const signature = text('ssh/ed25519.git.sig')
  it.each([
    ['ada@example.test', '', ['ada@example.test']],
    ['ada@example.test,bob@example.test', 'namespaces="file,git"', ['ada@example.test', 'bob@example.test']],
    ['"ada lovelace",bob', 'namespaces="g*"', ['"ada lovelace"', 'bob']],
    ['ada', 'valid-after="20240601",valid-before="20240602"', ['ada']],
    ['ada', 'valid-after="202406011200Z"', ['ada']],
    ['ada', 'valid-before="20240601120001"', ['ada']],
  ])('lets %s %s sign', (principals, options, names) => {
    expect(check(signature, `${principals} ${options} ${bare('ed25519')}`)).toMatchObject({ names })
  })

  it.each([
    ['wrong namespace', 'ada namespaces="file"', {}, 'wrong_namespace'],
    ['not yet valid', 'ada valid-after="20240602"', {}, 'key_expired'],
    ['not valid any more', 'ada valid-before="20240601"', {}, 'key_expired'],
    ['an authority', 'ada cert-authority', {}, 'rejected_algorithm'],
    ['another principal', 'ada', { principal: 'bob' }, 'unknown_signer'],
    ['a principal that is left out', '*,!bob', { principal: 'bob' }, 'unknown_signer'],
    ['a principal where none is named', '', { principal: 'bob' }, 'unknown_signer'],
    ['an option that is not known', 'ada only-on="sunday"', {}, 'malformed_key'],
    ['a time that is none', 'ada valid-after="2024-06-01"', {}, 'malformed_key'],
    ['a quote that is open', 'ada namespaces="git', {}, 'malformed_key'],
  ])('refuses: %s', (_, before, options, code) => {
    expect(codeOf(() => check(signature, `${before} ${bare('ed25519')}`, options))).toBe(code)
  })

  it('takes any line that lets the key sign', () => {
    const lines = ['expired valid-before="20200101"', '# comment', '', 'ada'].map(line =>
      line === '' || line.startsWith('#') ? line : `${line} ${bare('ed25519')}`,
    )
    expect(check(signature, lines.join('\r\n'))).toMatchObject({ names: ['ada'] })
  })

  it('names the principal that was asked for', () => {
    expect(check(signature, `*@example.test ${bare('ed25519')}`, { principal: 'ada@example.test' }).names).toEqual([
      'ada@example.test',
    ])
  })
})

describe('authorized_keys', () => {
  it.each(['restrict', 'no-pty,command="echo a b, c"', 'from="10.0.0.0/8",no-touch-required'])(
    'may have options: %s',
    options => {
      const [entry] = readSSHKeyFile(bytes(`${options} ${key('ed25519')}`))
      expect(entry).toMatchObject({ comment: 'ed25519@example.test', isAuthority: false })
      expect(entry).not.toHaveProperty('principals')
    },
  )
  it.each(['', '# nothing', 'ssh-ed25519', 'ssh-ed25519 !!!', 'hello world', 'a b c ssh-ed25519 AAAA'])(
    'refuses %j',
    file => {
      expect(codeOf(() => readSSHKeyFile(bytes(file)))).toBe('malformed_key')
    },
  )
})

describe('security keys', () => {
  const wire = (part: Uint8Array | string) => {
    const content = typeof part === 'string' ? Buffer.from(part) : part
    const length = Buffer.alloc(4)
    length.writeUInt32BE(content.length)
    return Buffer.concat([length, content])
  }
  const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest()
  const positive = (number: Buffer) => ((number[0]! & 0x80) === 0 ? number : Buffer.concat([Buffer.of(0), number]))

  /** What a security key does, by PROTOCOL.u2f. */
  function make(kind: 'ed25519' | 'ecdsa', flags = 0x01) {
    const { publicKey, privateKey } = (
      kind === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' })
    ) as { publicKey: KeyObject; privateKey: KeyObject }
    const jwk = publicKey.export({ format: 'jwk' })
    const part = (name: 'x' | 'y') => Buffer.from(jwk[name] ?? '', 'base64url')
    const type = kind === 'ed25519' ? 'sk-ssh-ed25519@openssh.com' : 'sk-ecdsa-sha2-nistp256@openssh.com'
    const point =
      kind === 'ed25519'
        ? [wire(part('x'))]
        : [wire('nistp256'), wire(Buffer.concat([Buffer.of(4), part('x'), part('y')]))]
    const publicWire = Buffer.concat([wire(type), ...point, wire('ssh:')])
    const digest = createHash('sha512').update(data).digest()
    const message = Buffer.concat([Buffer.from('SSHSIG'), wire('git'), wire(''), wire('sha512'), wire(digest)])
    const flagsAndCounter = Buffer.from([flags, 0, 0, 0, 7])
    const signed = Buffer.concat([sha256(Buffer.from('ssh:')), flagsAndCounter, sha256(message)])
    const raw =
      kind === 'ed25519'
        ? sign(null, signed, privateKey)
        : sign('sha256', signed, { key: privateKey, dsaEncoding: 'ieee-p1363' })
    const inner =
      kind === 'ed25519'
        ? raw
        : Buffer.concat([raw.subarray(0, 32), raw.subarray(32)].map(number => wire(positive(number))))
    const signature = Buffer.concat([wire(type), wire(inner), flagsAndCounter])
    const blob = Buffer.concat([
      Buffer.from('SSHSIG\0\0\0\x01', 'latin1'),
      wire(publicWire),
      wire('git'),
      wire(''),
      wire('sha512'),
      wire(signature),
    ])
    return {
      keys: `${type} ${publicWire.toString('base64')} token`,
      signature: `-----BEGIN SSH SIGNATURE-----\n${blob.toString('base64')}\n-----END SSH SIGNATURE-----\n`,
    }
  }

  it.each(['ed25519', 'ecdsa'] as const)('accepts sk-%s', kind => {
    const { keys, signature } = make(kind)
    expect(check(signature, keys)).toMatchObject({ names: ['token'] })
    expect(codeOf(() => check(signature, keys, { data: bytes('other') }))).toBe('signature_mismatch')
  })
  it('refuses one that nobody touched', () => {
    const { keys, signature } = make('ed25519', 0)
    expect(codeOf(() => check(signature, keys))).toBe('rejected_algorithm')
  })
})

it.each([
  [['*'], 'ada', true],
  [['a?a'], 'ada', true],
  [['ada'], 'Ada', false],
  [['*@example.test', '!eve@example.test'], 'eve@example.test', false],
  [['*@example.test', '!eve@example.test'], 'ada@example.test', true],
  [['!eve'], 'ada', false],
  [['*a*a*a*a*a*a*a*b'], 'a'.repeat(200), false],
])('patterns %j for %s: %s', (patterns, name, expected) => {
  expect(matchesPatterns(patterns, name)).toBe(expected)
})
