import { parseTrustRoot, type TrustRoot } from '@source-policy/attestation'
import { createRun, type Path, type PolicyFiles } from '@source-policy/core'
import { createSigstore, type GitServer, type ServedRepository, startGitServer } from '@source-policy/testkit'
import { createTransport, type Transport } from '@source-policy/transport'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gitResolver } from './git-resolver.ts'

const sigstore = createSigstore()
const stranger = createSigstore()
const ada = { subject: 'ada@example.test', issuer: 'https://accounts.example.test' }
const notBefore = new Date('2026-06-01T00:00:00Z')
const signer = sigstore.issue(ada, { notBefore })
const time = BigInt(Date.parse('2026-11-01T00:00:00Z')) * 1_000_000n
const files: PolicyFiles = {
  async read(path) {
    const texts: Record<string, string> = {
      root: sigstore.trustedRoot,
      stranger: stranger.trustedRoot,
      key: 'ssh-ed25519 AA',
    }
    return path in texts ? Uint8Array.from(Buffer.from(texts[path]!)) : undefined
  },
}
const armor = (der: Buffer) => {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN SIGNED MESSAGE-----', ...lines, '-----END SIGNED MESSAGE-----']
}
let server: GitServer
let transport: Transport
let trust: TrustRoot
let repository: ServedRepository

beforeAll(async () => {
  server = await startGitServer()
  transport = createTransport({ allowAddresses: [server.host] })
  trust = await parseTrustRoot(sigstore.trustedRoot, { name: 'test' })
  repository = await server.createRepository('app')
  const tree = await repository.git(['mktree'], { input: '' })
  const headers = ['author', 'committer'].map(role => `${role} Ada <ada@example.test> 1780300000 +0000`)
  const [head, body] = [`tree ${tree}\n${headers.join('\n')}\n`, '\nfirst\n']
  const commit = async (name: string, der: Buffer) => {
    const signature = armor(der).join('\n ')
    const hash = await repository.writeObject('commit', `${head}gpgsig ${signature}\n${body}`)
    await repository.setRef(`refs/heads/${name}`, hash)
    return hash
  }
  const data = Buffer.from(head + body)
  const hash = await commit('good', signer.signMessage(data))
  await commit('unlogged', signer.signMessage(data, { log: 'none', timestamp: false }))
  await commit('other', signer.signMessage(Buffer.from('other')))
  await commit('stranger', stranger.issue(ada, { notBefore }).signMessage(data))
  await commit('nothing', Buffer.from('3000', 'hex'))
  const tag = `object ${hash}\ntype commit\ntag v1\ntagger Ada <ada@example.test> 1780300000 +0000\n\nthe first\n`
  const signedTag = `${tag}${armor(signer.signMessage(Buffer.from(tag))).join('\n')}\n`
  await repository.setRef('refs/tags/v1', await repository.writeObject('tag', signedTag))
})
afterAll(() => Promise.all([server.close(), transport.close()]))

function open(ref: string) {
  const resolver = gitResolver({ transport, trustRoots: () => [trust] })
  const run = createRun({ time })
  const source = resolver.parse(`git://${repository.url}#${ref}`, { attrs: {} })
  const context = { run, signal: run.signal, anonymous: false }
  return {
    async facts(field: 'commit' | 'tag') {
      const facts = await resolver.resolve(source, [['git', field]], context)
      const value = facts.known.find(({ path }) => path[1] === field)?.value as Record<string, unknown>
      return { value, warnings: facts.warnings ?? [] }
    },
    call: (name: string, file: string, path: Path = ['git', 'commit']) =>
      resolver.functions![name]!([{}, file], { ...context, source, path, files }),
  }
}
const key = expect.stringMatching(/^[0-9a-f]{64}$/)

describe('a signature by gitsign', () => {
  it.each([
    ['commit', 'refs/heads/good', 'first'],
    ['tag', 'refs/tags/v1', 'the first'],
  ] as const)('on a %s tells whose certificate it is', async (field, ref, message) => {
    const { value, warnings } = await open(ref).facts(field)
    expect(value).toMatchObject({
      message,
      signature: { kind: 'x509', key, signer: { subjectAlternativeName: ada.subject, issuer: ada.issuer } },
    })
    expect(warnings).toEqual([])
  })

  it.each(['unlogged', 'other', 'stranger'])(
    'that is not proved (%s) names nobody, and the report says why',
    async branch => {
      const { value, warnings } = await open(`refs/heads/${branch}`).facts('commit')
      expect(value.signature).toEqual({ kind: 'x509', key })
      expect(warnings).toEqual([expect.stringMatching(/^input\.git\.commit\.signature: /)])
    },
  )

  it('that cannot be read has a kind alone', async () => {
    expect((await open('refs/heads/nothing').facts('commit')).value.signature).toEqual({ kind: 'x509' })
  })

  it('is verified by a trusted_root.json', async () => {
    expect(await open('refs/heads/good').call('verify_git_signature', 'root')).toEqual({ value: true })
    expect(await open('refs/tags/v1').call('verify_git_signature', 'root', ['git', 'tag'])).toEqual({ value: true })
    expect(await open('refs/heads/good').call('git_signer', 'root')).toEqual({
      value: {
        kind: 'x509',
        key,
        issuer: ada.issuer,
        names: [ada.subject],
        signedAt: '2026-06-01T00:01:00Z',
      },
    })
  })

  it.each([
    ['good', 'stranger'],
    ['good', 'key'],
    ['good', 'gone'],
    ['other', 'root'],
    ['unlogged', 'root'],
    ['nothing', 'root'],
  ])('is undefined, with the reason: %s by %s', async (branch, file) => {
    expect(await open(`refs/heads/${branch}`).call('verify_git_signature', file)).toEqual({
      undefined: expect.stringMatching(/^verify_git_signature: /),
    })
  })
})
