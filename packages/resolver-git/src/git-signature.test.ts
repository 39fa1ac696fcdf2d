import { readFileSync } from 'node:fs'
import { type Answer, createRun, type Path, type PolicyFiles } from '@source-policy/core'
import { type GitServer, type ServedRepository, startGitServer } from '@source-policy/testkit'
import { createTransport, type Transport } from '@source-policy/transport'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { gitResolver } from './git-resolver.ts'

const fixture = (name: string) => Uint8Array.from(readFileSync(new URL(`testdata/${name}`, import.meta.url)))
/** After the signatures were made. */
const time = BigInt(Date.parse('2027-01-01T00:00:00Z')) * 1_000_000n

const files: PolicyFiles = {
  async read(path, { maxBytes }) {
    if (path === '../secret') throw new Error('leaves the root')
    const keys = ['openpgp-ed25519.asc', 'openpgp-rsa3072.asc', 'ssh-ed25519.pub', 'ssh-rsa.pub', 'ssh-ecdsa.pub']
    const text = (name: string) => Buffer.from(fixture(`keys/${name}`)).toString()
    const contents: Record<string, string> = {
      ...Object.fromEntries(keys.map(name => [name, text(name)])),
      'all.asc': text('openpgp-rsa3072.asc') + text('openpgp-ed25519.asc'),
      'all.pub': text('ssh-rsa.pub') + text('ssh-ecdsa.pub') + text('ssh-ed25519.pub'),
      'allowed-signers': `ada@example.test namespaces="git" ${text('ssh-ed25519.pub')}`,
      'expired-signers': `ada@example.test valid-before="20240601" ${text('ssh-ed25519.pub')}`,
      'file-signers': `ada@example.test namespaces="file" ${text('ssh-ed25519.pub')}`,
      empty: '',
    }
    const content = contents[path]
    return content === undefined ? undefined : Uint8Array.from(Buffer.from(content)).subarray(0, maxBytes)
  },
}

describe.each(['sha1', 'sha256'] as const)('signatures in a repository that hashes by %s', objectFormat => {
  let server: GitServer
  let transport: Transport
  let repository: ServedRepository

  beforeAll(async () => {
    server = await startGitServer()
    transport = createTransport({ allowAddresses: [server.host], retries: 0 })
    repository = await server.createRepository('app', { objectFormat })
    await repository.git(['mktree'], { input: '' })
    const add = async (name: string, type: 'commit' | 'tag', refs: string) => {
      const hash = await repository.writeObject(type, fixture(`${objectFormat}/${name}`))
      await repository.setRef(`${refs}/${name.replace(/\.(commit|tag)$/, '')}`, hash)
    }
    for (const key of ['unsigned', 'openpgp-ed25519', 'openpgp-rsa3072', 'ssh-ed25519', 'ssh-rsa', 'ssh-ecdsa']) {
      await add(`${key}.commit`, 'commit', 'refs/heads')
    }
    for (const tag of ['unsigned', 'openpgp-ed25519', 'openpgp-ed25519-nested', 'ssh-ed25519']) {
      await add(`${tag}.tag`, 'tag', 'refs/tags')
    }
  })
  beforeEach(() => server.faults.clear())
  afterAll(() => Promise.all([server.close(), transport.close()]))

  async function call(name: string, ref: string, keyFile: unknown, path: Path = ['git', 'commit']): Promise<Answer> {
    const resolver = gitResolver({ transport })
    const source = resolver.parse(`git://${repository.url}#${ref}`, { attrs: {} })
    const run = createRun({ time })
    const context = { source, path, files, run, signal: run.signal, anonymous: false }
    const implementation = resolver.functions?.[name]
    if (implementation === undefined) throw new Error(`there is no function ${name}`)
    return implementation([{}, keyFile], context)
  }
  const verify = (ref: string, keyFile: unknown, path?: Path) => call('verify_git_signature', ref, keyFile, path)
  const refused = { undefined: expect.stringMatching(/^verify_git_signature: /) }
  const tag: Path = ['git', 'tag']

  it.each([
    ['openpgp-ed25519', 'openpgp-ed25519.asc'],
    ['openpgp-ed25519', 'all.asc'],
    ['openpgp-rsa3072', 'openpgp-rsa3072.asc'],
    ['ssh-ed25519', 'ssh-ed25519.pub'],
    ['ssh-ed25519', 'allowed-signers'],
    ['ssh-rsa', 'ssh-rsa.pub'],
    ['ssh-rsa', 'all.pub'],
    ['ssh-ecdsa', 'all.pub'],
  ])('the commit %s was signed by %s', async (branch, keys) => {
    expect(await verify(`refs/heads/${branch}`, keys)).toEqual({ value: true })
  })

  it.each([
    ['openpgp-ed25519', 'openpgp-ed25519.asc'],
    ['openpgp-ed25519-nested', 'all.asc'],
    ['ssh-ed25519', 'ssh-ed25519.pub'],
  ])('the tag %s was signed by %s', async (name, keys) => {
    expect(await verify(`refs/tags/${name}`, keys, tag)).toEqual({ value: true })
  })

  it.each([
    ['another key', 'refs/heads/openpgp-ed25519', 'openpgp-rsa3072.asc', undefined],
    ['a key of another kind', 'refs/heads/openpgp-ed25519', 'ssh-ed25519.pub', undefined],
    ['another kind of key', 'refs/heads/ssh-ed25519', 'openpgp-ed25519.asc', undefined],
    ['another key of SSH', 'refs/heads/ssh-ed25519', 'ssh-rsa.pub', undefined],
    ['a signer who may not any more', 'refs/heads/ssh-ed25519', 'expired-signers', undefined],
    ['a signer of files', 'refs/heads/ssh-ed25519', 'file-signers', undefined],
    ['no signature', 'refs/heads/unsigned', 'all.asc', undefined],
    ['a tag without signature', 'refs/tags/unsigned', 'all.asc', tag],
    ['the commit of a signed tag', 'refs/tags/unsigned', 'all.asc', ['git', 'commit']],
    ['a branch without tag', 'refs/heads/openpgp-ed25519', 'all.asc', tag],
    ['no such file', 'refs/heads/openpgp-ed25519', 'gone.asc', undefined],
    ['a file elsewhere', 'refs/heads/openpgp-ed25519', '../secret', undefined],
    ['an empty file', 'refs/heads/openpgp-ed25519', 'empty', undefined],
    ['no file', 'refs/heads/openpgp-ed25519', 42, undefined],
    ['another field', 'refs/heads/openpgp-ed25519', 'all.asc', ['git']],
    ['a part of the commit', 'refs/heads/openpgp-ed25519', 'all.asc', ['git', 'commit', 'author']],
    ['a field of another source', 'refs/heads/openpgp-ed25519', 'all.asc', ['image', 'commit']],
  ] as const)('is undefined, with the reason: %s', async (_, ref, keyFile, path) => {
    expect(await verify(ref, keyFile, path)).toEqual(refused)
  })

  it('tells who signed', async () => {
    expect(await call('git_signer', 'refs/heads/openpgp-rsa3072', 'all.asc')).toEqual({
      value: {
        kind: 'openpgp',
        key: expect.stringMatching(/^[0-9a-f]{40}$/),
        primaryKey: expect.stringMatching(/^[0-9a-f]{40}$/),
        names: ['rsa3072 <rsa3072@example.test>'],
        signedAt: expect.stringMatching(/^2026-.*Z$/),
      },
    })
    expect(await call('git_signer', 'refs/tags/ssh-ed25519', 'allowed-signers', tag)).toEqual({
      value: { kind: 'ssh', key: expect.stringMatching(/^SHA256:/), names: ['ada@example.test'] },
    })
  })

  it('is unavailable where the object could not be fetched', async () => {
    server.faults.add({ match: ({ method }) => method === 'POST', fault: { kind: 'status', status: 500 } })
    expect(await verify('refs/heads/openpgp-ed25519', 'all.asc')).toEqual({
      unavailable: expect.objectContaining({ code: 'unexpected_status' }),
    })
  })
})
