import { describe, expect, it } from 'vitest'
import { dockerHardenedImagesKey, parsePublicKey } from './public-key.ts'
import { isPresent, read } from './testing/conformance.ts'
import { amend, sigstore } from './testing/scene.ts'
import { parseTrustRoot, publicGoodTrustRoot } from './trust-root.ts'

interface RootJSON {
  tlogs: { publicKey: { rawBytes: string; validFor?: { start?: string } }; logId?: object }[]
  ctlogs: RootJSON['tlogs']
  certificateAuthorities: { certChain: { certificates: { rawBytes: string }[] } }[]
  timestampAuthorities: RootJSON['certificateAuthorities']
}
const renamed = (from: string, to: string) => sigstore.trustedRoot.replace(`"${from}"`, `"${to}"`)
const changed = (change: (root: RootJSON) => void) => amend(sigstore.trustedRoot, change as (document: never) => void)

describe('the embedded trust root', () => {
  it('is parsed once, and says of what day it is', async () => {
    const root = await publicGoodTrustRoot()
    expect(await publicGoodTrustRoot()).toBe(root)
    expect(root).toMatchObject({ name: 'public-good', publicGood: true, asOf: new Date('2026-03-24T00:00:00Z') })
    expect(root.material.logs.map(({ baseURL }) => baseURL)).toEqual([
      'https://rekor.sigstore.dev',
      'https://log2025-1.rekor.sigstore.dev',
    ])
    expect(root.material.certificateAuthorities.map(({ certificates }) => certificates.length)).toEqual([1, 2])
    expect(root.material.timestampAuthorities.map(({ uri }) => uri)).toEqual([
      'https://timestamp.sigstore.dev/api/v1/timestamp',
    ])
  })

  it.runIf(isPresent)('is what Sigstore publishes, and so is the key of Docker', async () => {
    const { PUBLIC_GOOD_TRUSTED_ROOT } = await import('./public-good.ts')
    expect(JSON.parse(PUBLIC_GOOD_TRUSTED_ROOT)).toEqual(JSON.parse(read('trust-roots/trusted_root.json').toString()))
    const published = parsePublicKey(read('trust-roots/dhi.pub'))
    expect(published.fingerprint).toBe(dockerHardenedImagesKey().fingerprint)
  })
})

describe('a trust root', () => {
  it('has its name and day from whoever has it', async () => {
    const asOf = new Date('2026-01-01T00:00:00Z')
    const root = await parseTrustRoot(Buffer.from(sigstore.trustedRoot), { name: 'own', asOf })
    expect(root).toMatchObject({ name: 'own', publicGood: false, asOf })
  })

  it('may have members that are newer than this reader, at all depths', async () => {
    const text = changed(root => {
      const [log] = root.tlogs
      Object.assign(root, { witnesses: [{ publicKey: { rawBytes: 'AA==' } }] })
      Object.assign(log!, { shard: null })
      Object.assign(log!.publicKey, { revoked: { at: '2026-01-01T00:00:00Z' } })
      Object.assign(root.certificateAuthorities[0]!.certChain.certificates[0]!, { pem: '' })
    })
    const material = async (source: string) => {
      const { logs, ctLogs, certificateAuthorities, timestampAuthorities } = (
        await parseTrustRoot(source, { name: 'own' })
      ).material
      return { logs, ctLogs, certificateAuthorities, timestampAuthorities }
    }
    expect(JSON.stringify(await material(text))).toBe(JSON.stringify(await material(sigstore.trustedRoot)))
  })

  it.each([
    ['no JSON', '{', 'invalid_json'],
    ['no object', '[]', 'invalid_trust_root'],
    ['an object of something else', '{"hello":"world"}', 'invalid_trust_root'],
    [
      'another media type',
      sigstore.trustedRoot.replace('sigstore.trustedroot', 'sigstore.bundle'),
      'invalid_trust_root',
    ],
    ['members of wrong types', sigstore.trustedRoot.replace('"tlogs"', '"tlogs":{},"more"'), 'invalid_trust_root'],
    ['a known member spelt otherwise', renamed('validFor', 'valid_for'), 'invalid_trust_root'],
    ['a known member in other case', renamed('ctlogs', 'ctLogs'), 'invalid_trust_root'],
    ['an unknown algorithm', renamed('SHA2_256', 'SHA9_999'), 'invalid_trust_root'],
    ['a text for an object', changed(root => Object.assign(root.tlogs[0]!, { publicKey: 'x' })), 'invalid_trust_root'],
    ['an object for a text', changed(root => Object.assign(root.tlogs[0]!, { baseUrl: {} })), 'invalid_trust_root'],
    ['a log without a start', changed(({ tlogs }) => delete tlogs[0]!.publicKey.validFor!.start), 'invalid_trust_root'],
    ['a log without a validity', changed(({ tlogs }) => delete tlogs[1]!.publicKey.validFor), 'invalid_trust_root'],
    ['a CT log without a start', changed(({ ctlogs }) => delete ctlogs[0]!.publicKey.validFor), 'invalid_trust_root'],
    ['a log without an id', changed(({ tlogs }) => delete tlogs[0]!.logId), 'invalid_trust_root'],
    ['a malformed key', changed(({ tlogs }) => (tlogs[0]!.publicKey.rawBytes = 'MAA=')), 'invalid_trust_root'],
    [
      'a malformed certificate',
      changed(root => (root.certificateAuthorities[0]!.certChain.certificates[0]!.rawBytes = 'MAA=')),
      'invalid_trust_root',
    ],
    [
      'a malformed certificate of timestamps',
      changed(root => (root.timestampAuthorities[0]!.certChain.certificates[0]!.rawBytes = 'AAAA')),
      'invalid_trust_root',
    ],
    ['too many bytes', ' '.repeat(4 * 1024 ** 2 + 1), 'too_large'],
  ])('is refused with %s', async (_, text, code) => {
    await expect(parseTrustRoot(text, { name: 'own' })).rejects.toMatchObject({ code })
  })
})
