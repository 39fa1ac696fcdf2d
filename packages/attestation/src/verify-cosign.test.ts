import { describe, expect, it } from 'vitest'
import { parsePublicKey } from './public-key.ts'
import {
  amend,
  digest,
  identity,
  now,
  SIGNED_AT,
  sha256Of,
  signer,
  sigstore,
  statement,
  trust,
  workflow,
} from './testing/scene.ts'
import { signatureInput } from './verified-signature.ts'
import { verifyEnvelope, verifySimpleSigning } from './verify-cosign.ts'

const imageDigest = `sha256:${'4b'.repeat(32)}`
const NAMES = {
  signature: 'dev.cosignproject.cosign/signature',
  certificate: 'dev.sigstore.cosign/certificate',
  chain: 'dev.sigstore.cosign/chain',
  bundle: 'dev.sigstore.cosign/bundle',
  timestamp: 'dev.sigstore.cosign/rfc3161timestamp',
}
type Layer = ReturnType<typeof signer.signImage>

const verify = ({ bytes, annotations }: Layer, options: Partial<Parameters<typeof verifySimpleSigning>[0]> = {}) =>
  verifySimpleSigning({ payload: bytes, annotations, imageDigest, ...trust, ...options })
const annotated = ({ bytes, annotations }: Layer, changes: Record<string, string>): Layer => ({
  bytes,
  annotations: { ...annotations, ...changes },
})

describe('a simple signing signature', () => {
  it.each([
    ['an entry of Rekor 1', {}],
    ['an entry of Rekor 2 and a timestamp', { log: 'rekor2' }],
    ['an entry and a timestamp', { timestamp: true }],
  ] as const)('with %s tells who signed', async (_, options) => {
    const layer = signer.signImage(imageDigest, { ...options, optional: { tier: 'gold' } })
    const verified = await verify(layer)
    expect(verified).toMatchObject({
      type: 'simplesigning-v1',
      signer: { subjectAlternativeName: workflow },
      payload: { manifestDigest: imageDigest, dockerReference: 'registry.example/app', optional: { tier: 'gold' } },
      refused: [],
    })
    expect(signatureInput(verified)).toMatchObject({
      type: 'simplesigning-v1',
      kind: 'self-signed-github-repo',
      dockerReference: 'registry.example/app',
    })
  })

  it('by the key of Hardened Images has their kind', async () => {
    const byKey = sigstore.withKey()
    const verified = await verify(byKey.signImage(imageDigest), { key: parsePublicKey(byKey.publicKey) })
    expect(signatureInput(verified, { isDHI: true }).kind).toBe('docker-hardened-image')
    expect(signatureInput(verified).kind).toBe('untrusted')
  })

  it('by a key holds without a log where none is asked for', async () => {
    const byKey = sigstore.withKey()
    const key = parsePublicKey(byKey.publicKey)
    const layer = byKey.signImage(imageDigest, { log: 'none', timestamp: false })
    await expect(verify(layer, { key })).rejects.toMatchObject({ code: 'too_few_log_entries' })
    const thresholds = { tlog: 0, timestamp: 0 }
    await expect(verify(layer, { key, thresholds, trustRoots: [] })).resolves.toMatchObject({ timestamps: [] })
    const other = parsePublicKey(sigstore.withKey().publicKey)
    await expect(verify(layer, { key: other, thresholds })).rejects.toMatchObject({ code: 'signature_mismatch' })
  })

  it('of another image is refused, copied over as it is', async () => {
    const layer = signer.signImage(`sha256:${'5c'.repeat(32)}`)
    await expect(verify(layer)).rejects.toMatchObject({ code: 'subject_mismatch' })
  })

  it('is refused over another payload', async () => {
    const layer = signer.signImage(`sha256:${'5c'.repeat(32)}`)
    const { bytes } = signer.signImage(imageDigest)
    await expect(verify({ ...layer, bytes })).rejects.toMatchObject({ code: 'signature_mismatch' })
  })

  it('is refused over a payload of another type', async () => {
    const layer = signer.signImage(imageDigest, { type: 'something else' })
    await expect(verify(layer)).rejects.toMatchObject({ code: 'invalid_signature' })
  })

  it('is refused with the entry of another signature', async () => {
    const other = signer.signImage(imageDigest, { reference: 'registry.example/other' })
    const layer = annotated(signer.signImage(imageDigest), { [NAMES.bundle]: other.annotations[NAMES.bundle]! })
    await expect(verify(layer)).rejects.toMatchObject({ refused: [{ code: 'untrusted_log_entry' }] })
  })

  it('is refused with the certificate of somebody else', async () => {
    const other = sigstore.issue({ ...identity, subject: 'https://example.com/other' }, { notBefore: SIGNED_AT })
    const layer = annotated(signer.signImage(imageDigest), { [NAMES.certificate]: other.certificate! })
    await expect(verify(layer)).rejects.toMatchObject({ code: 'signature_mismatch' })
  })

  it('is read with its entry in the shape of Sigstore bundles, too', async () => {
    const layer = signer.signImage(imageDigest, { log: 'rekor2' })
    const entries = JSON.parse(layer.annotations[NAMES.bundle]!)
    const nested = annotated(layer, { [NAMES.bundle]: JSON.stringify({ content: entries }) })
    await expect(verify(nested)).resolves.toMatchObject({ refused: [] })
  })

  it('may bring a chain up to the root', async () => {
    const { certificates } = JSON.parse(sigstore.trustedRoot).certificateAuthorities[0].certChain
    const chain = (certificates as { rawBytes: string }[])
      .map(({ rawBytes }) => `-----BEGIN CERTIFICATE-----\n${rawBytes}\n-----END CERTIFICATE-----\n`)
      .join('')
    await expect(verify(annotated(signer.signImage(imageDigest), { [NAMES.chain]: chain }))).resolves.toBeTruthy()
  })

  const good = signer.signImage(imageDigest, { timestamp: true })
  it.each([
    ['no signature', { [NAMES.signature]: '' }, 'invalid_signature'],
    ['a signature that is no base64', { [NAMES.signature]: 'AA=A' }, 'invalid_signature'],
    ['no certificate', { [NAMES.certificate]: '' }, 'wrong_signer_kind'],
    ['a certificate that is none', { [NAMES.certificate]: 'x' }, 'invalid_signature'],
    ['two certificates', { [NAMES.certificate]: good.annotations[NAMES.certificate]!.repeat(2) }, 'invalid_signature'],
    [
      'a certificate that is malformed',
      { [NAMES.certificate]: '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----' },
      'untrusted_certificate',
    ],
    ['an entry that is no JSON', { [NAMES.bundle]: '{' }, 'invalid_json'],
    ['an entry of another shape', { [NAMES.bundle]: '{}' }, 'invalid_signature'],
    [
      'an entry whose log is no hexadecimal',
      {
        [NAMES.bundle]: amend(good.annotations[NAMES.bundle]!, (entry: { Payload: { logID: string } }) => {
          entry.Payload.logID = 'x'
        }),
      },
      'invalid_signature',
    ],
    [
      'an entry at a negative index',
      {
        [NAMES.bundle]: amend(good.annotations[NAMES.bundle]!, (entry: { Payload: { logIndex: number } }) => {
          entry.Payload.logIndex = -1
        }),
      },
      'invalid_signature',
    ],
    ['a timestamp that is no object', { [NAMES.timestamp]: '[]' }, 'invalid_signature'],
    ['an annotation that is too large', { [NAMES.chain]: 'x'.repeat(1024 ** 2 + 1) }, 'too_large'],
  ])('is refused with %s', async (_, changes, code) => {
    await expect(verify(annotated(good, changes))).rejects.toMatchObject({ code })
  })

  it('is refused where its payload is too large', async () => {
    await expect(verify({ ...good, bytes: Buffer.alloc(1024 ** 2 + 1) })).rejects.toMatchObject({ code: 'too_large' })
  })
})

describe('a cosign attestation', () => {
  const artifact = { sha256: digest }
  const verifyLayer = ({ bytes, annotations }: Layer, options: Partial<Parameters<typeof verifyEnvelope>[0]> = {}) =>
    verifyEnvelope({ envelope: bytes, annotations, artifact, ...trust, ...options })

  it.each([
    ['an entry of Rekor 1', {}],
    ['an entry of Rekor 2 and a timestamp', { log: 'rekor2' }],
  ] as const)('with %s gives its statement', async (_, options) => {
    await expect(verifyLayer(signer.attest(statement(), options))).resolves.toMatchObject({
      type: 'dsse-v1',
      signer: { subjectAlternativeName: workflow },
      statement: { predicateType: 'https://example.com/review/v1' },
      refused: [],
    })
  })

  describe('with an entry of kind intoto 0.0.1, as cosign made them until 2023', () => {
    const at = new Date(SIGNED_AT.getTime() + 60_000)
    const layer = signer.attest(statement(), { log: 'none', timestamp: false, at })
    const { payload } = JSON.parse(layer.bytes.toString())
    const hash = (bytes: Uint8Array) => ({ algorithm: 'sha256', value: sha256Of(bytes) })
    const spec = {
      content: { hash: hash(layer.bytes), payloadHash: hash(Buffer.from(payload, 'base64')) },
      publicKey: Buffer.from(signer.certificate!).toString('base64'),
    }
    const logged = (changed: object = {}, when = at, index = 0) => {
      const body = { kind: 'intoto', apiVersion: '0.0.1', spec: { ...spec, ...changed } }
      const entry = sigstore.logs.rekor1.add(body, when)
      const bundle = {
        SignedEntryTimestamp: entry.inclusionPromise!.signedEntryTimestamp,
        Payload: {
          body: entry.canonicalizedBody,
          integratedTime: Number(entry.integratedTime),
          logIndex: Number(entry.logIndex) + index,
          logID: Buffer.from(entry.logId.keyId, 'base64').toString('hex'),
        },
      }
      return annotated(layer, { [NAMES.bundle]: JSON.stringify(bundle) })
    }

    it('gives its statement', async () => {
      await expect(verifyLayer(logged())).resolves.toMatchObject({
        statement: { predicateType: 'https://example.com/review/v1' },
        timestamps: [{ type: 'Tlog', timestamp: at }],
      })
    })

    const other = signer.attest(statement([{ digest: { sha256: 'ab'.repeat(32) } }]))
    const stranger = sigstore.issue({ ...identity, subject: 'https://example.com/other' }, { notBefore: SIGNED_AT })
    it.each([
      ['another envelope', logged({ content: { ...spec.content, hash: hash(other.bytes) } })],
      ['another payload', logged({ content: { ...spec.content, payloadHash: hash(other.bytes) } })],
      ['no digests', logged({ content: {} })],
      ['another signer', logged({ publicKey: Buffer.from(stranger.certificate!).toString('base64') })],
      ['another index than was promised', logged({}, at, 1)],
    ])('is refused where it is of %s', async (_, spoilt) => {
      await expect(verifyLayer(spoilt)).rejects.toMatchObject({
        code: 'too_few_log_entries',
        refused: [{ code: 'untrusted_log_entry' }],
      })
    })

    it('is refused over an envelope that says the same in other bytes', async () => {
      const bytes = Buffer.from(JSON.stringify(JSON.parse(layer.bytes.toString()), null, 1))
      await expect(verifyLayer({ ...logged(), bytes })).rejects.toMatchObject({ code: 'too_few_log_entries' })
    })
  })

  it('by a key holds without a log where none is asked for', async () => {
    const byKey = sigstore.withKey()
    const layer = byKey.attest(statement(), { log: 'none', timestamp: false })
    const options = { key: parsePublicKey(byKey.publicKey), thresholds: { tlog: 0, timestamp: 0 }, trustRoots: [] }
    await expect(verifyLayer(layer, options)).resolves.toBeTruthy()
  })

  it('with several signatures holds by the one that does', async () => {
    const byKey = sigstore.withKey()
    const layer = byKey.attest(statement(), { log: 'none', timestamp: false })
    const key = parsePublicKey(byKey.publicKey)
    const signatures = (sigs: string[]) =>
      amend(layer.bytes.toString(), (envelope: { signatures: { sig: string }[] }) => {
        envelope.signatures.unshift(...sigs.map(sig => ({ sig })))
      })
    const options = { key, thresholds: { tlog: 0, timestamp: 0 } }
    await expect(verifyLayer({ ...layer, bytes: Buffer.from(signatures(['AAAA'])) }, options)).resolves.toBeTruthy()
    await expect(
      verifyLayer({ ...layer, bytes: Buffer.from(signatures(Array(64).fill('AAAA'))) }, options),
    ).rejects.toMatchObject({ code: 'too_large' })
  })

  it('about another artifact is refused', async () => {
    const layer = signer.attest(statement([{ digest: { sha256: sha256Of(Buffer.from('another')) } }]))
    await expect(verifyLayer(layer)).rejects.toMatchObject({ code: 'subject_mismatch' })
  })

  it('is refused with a timestamp over the signature in place of the envelope', async () => {
    const layer = signer.attest(statement(), { log: 'rekor2' })
    const envelope = JSON.parse(layer.bytes.toString())
    const stamp = sigstore.timestampAuthority.stamp(Buffer.from(envelope.signatures[0].sig, 'base64'), now)
    const timestamp = JSON.stringify({ SignedRFC3161Timestamp: stamp.toString('base64') })
    await expect(verifyLayer(annotated(layer, { [NAMES.timestamp]: timestamp }))).rejects.toMatchObject({
      refused: [{ code: 'untrusted_timestamp' }],
    })
  })

  it.each([
    ['no JSON', 'x', 'invalid_json'],
    ['no object', '1', 'invalid_envelope'],
    ['no signature', '{"payloadType":"x","payload":"","signatures":[]}', 'invalid_envelope'],
    [
      'a payload that is no base64',
      '{"payloadType":"x","payload":"!","signatures":[{"sig":"AAAA"}]}',
      'invalid_envelope',
    ],
    ['no type', '{"payload":"","signatures":[{"sig":"AAAA"}]}', 'invalid_envelope'],
  ])('is refused where the envelope has %s', async (_, text, code) => {
    const layer = { ...signer.attest(statement()), bytes: Buffer.from(text) }
    await expect(verifyLayer(layer)).rejects.toMatchObject({ code })
  })
})
