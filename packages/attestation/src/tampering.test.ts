import { RFC3161Timestamp } from '@sigstore/core'
import type { LogEntryJSON } from '@source-policy/testkit'
import { afterAll, describe, expect, it } from 'vitest'
import { AttestationError } from './error.ts'
import { parsePublicKey } from './public-key.ts'
import { isPresent, read, rows, type SigstoreCase } from './testing/conformance.ts'
import { artifact, now, signer, sigstore, statement, trustRoot } from './testing/scene.ts'
import { parseTrustRoot, publicGoodTrustRoot, type TrustRoot } from './trust-root.ts'
import { verifyBundle } from './verify-bundle.ts'
import { verifyEnvelope, verifySimpleSigning } from './verify-cosign.ts'

/*
 * Every accepted signature is spoilt in every way that can be told mechanically: a bit of each part that is signed or proves
 * something, a piece left out, a piece of another signature put in. All evidence that was there is asked for. None may hold.
 */

interface BundleJSON {
  messageSignature?: { messageDigest: { digest: string }; signature: string }
  dsseEnvelope?: { payload: string; payloadType: string; signatures: { sig: string }[] }
  verificationMaterial: {
    certificate?: { rawBytes: string }
    x509CertificateChain?: { certificates: { rawBytes: string }[] }
    tlogEntries?: LogEntryJSON[]
    timestampVerificationData?: { rfc3161Timestamps?: { signedTimestamp: string }[] }
  }
}

/** A variant of a document: what was done to it, and how. */
interface Variant<T> {
  readonly what: string
  spoil(document: T): void
}

const BITS = 6

/** Bits of a byte string: of the first byte, of the last, and of some between. */
function* flips(length: number, count = BITS): Generator<(bytes: Buffer) => Buffer> {
  for (let n = 0; n < Math.min(count, length); n++) {
    const at = Math.round((n * (length - 1)) / Math.max(1, Math.min(count, length) - 1))
    yield bytes => {
      const copy = Buffer.from(bytes)
      copy[at]! ^= 1 << (n % 8)
      return copy
    }
  }
}

/** Every flip of a member in base64. */
function* inBase64<T, K extends string>(
  what: string,
  document: T,
  holder: (document: T) => { [key in K]?: string } | undefined,
  key: K,
  count = BITS,
): Generator<Variant<T>> {
  const text = holder(document)?.[key]
  if (text === undefined) return
  for (const flip of flips(Buffer.from(text, 'base64').length, count)) {
    yield {
      what: `a bit of ${what}`,
      spoil(copy) {
        const held = holder(copy)!
        held[key] = flip(Buffer.from(text, 'base64')).toString('base64') as (typeof held)[K]
      },
    }
  }
}

function* variantsOf(bundle: BundleJSON, other: BundleJSON): Generator<Variant<BundleJSON>> {
  yield* inBase64('the signature', bundle, ({ messageSignature }) => messageSignature, 'signature')
  yield* inBase64('the digest', bundle, ({ messageSignature }) => messageSignature?.messageDigest, 'digest', 4)
  yield* inBase64('the payload', bundle, ({ dsseEnvelope }) => dsseEnvelope, 'payload')
  yield* inBase64('the signature', bundle, ({ dsseEnvelope }) => dsseEnvelope?.signatures[0], 'sig')
  yield* inBase64('the certificate', bundle, ({ verificationMaterial: { certificate: c } }) => c, 'rawBytes')
  yield* inBase64(
    'the certificate',
    bundle,
    ({ verificationMaterial: { x509CertificateChain: chain } }) => chain?.certificates[0],
    'rawBytes',
  )
  if (bundle.dsseEnvelope !== undefined) {
    yield {
      what: 'the type of the payload',
      spoil(copy) {
        copy.dsseEnvelope!.payloadType += '2'
      },
    }
    yield { what: 'another subject', spoil: copy => swapSubject(copy.dsseEnvelope!) }
    if (other.dsseEnvelope !== undefined) {
      yield {
        what: 'another payload',
        spoil(copy) {
          copy.dsseEnvelope!.payload = other.dsseEnvelope!.payload
        },
      }
    }
  }
  yield* variantsOfEntries(bundle, other)
  yield* variantsOfTimestamps(bundle, other)
  if (JSON.stringify(bundle.verificationMaterial) === JSON.stringify(other.verificationMaterial)) return
  yield {
    what: 'all material of another bundle',
    spoil(copy) {
      copy.verificationMaterial = other.verificationMaterial
    },
  }
}

function swapSubject(envelope: { payload: string }): void {
  const document = JSON.parse(Buffer.from(envelope.payload, 'base64').toString())
  document.subject = [{ name: 'x', digest: { sha256: '0'.repeat(64) } }, ...document.subject]
  envelope.payload = Buffer.from(JSON.stringify(document)).toString('base64')
}

function* variantsOfEntries(bundle: BundleJSON, other: BundleJSON): Generator<Variant<BundleJSON>> {
  for (const [n, entry] of (bundle.verificationMaterial.tlogEntries ?? []).entries()) {
    const at = (copy: BundleJSON) => copy.verificationMaterial.tlogEntries![n]!
    yield* inBase64('the entry', bundle, at, 'canonicalizedBody')
    yield* inBase64('the promise', bundle, copy => at(copy).inclusionPromise, 'signedEntryTimestamp')
    yield* inBase64('the id of the log', bundle, copy => at(copy).logId, 'keyId', 4)
    yield* inBase64('the root hash', bundle, copy => at(copy).inclusionProof, 'rootHash', 4)
    for (const i of (entry.inclusionProof?.hashes ?? []).keys()) {
      yield* inBase64('the proof', bundle, copy => at(copy).inclusionProof?.hashes as never, String(i), 2)
    }
    yield {
      what: 'another kind',
      spoil(copy) {
        at(copy).kindVersion.kind += 's'
      },
    }
    yield {
      what: 'another version',
      spoil(copy) {
        at(copy).kindVersion.version += '1'
      },
    }
    yield {
      what: 'no entry',
      spoil(copy) {
        copy.verificationMaterial.tlogEntries!.splice(n, 1)
      },
    }
    const [stranger] = other.verificationMaterial.tlogEntries ?? []
    if (stranger !== undefined) {
      yield {
        what: 'another entry',
        spoil(copy) {
          copy.verificationMaterial.tlogEntries![n] = stranger
        },
      }
    }
    if (entry.inclusionPromise !== undefined) {
      yield {
        what: 'another time',
        spoil(copy) {
          at(copy).integratedTime = `${Number(entry.integratedTime) + 1}`
        },
      }
      yield {
        what: 'another index',
        spoil(copy) {
          at(copy).logIndex = `${Number(entry.logIndex) + 1}`
        },
      }
    }
    if (entry.inclusionProof?.checkpoint === undefined) continue
    const proof = (copy: BundleJSON) => at(copy).inclusionProof!
    yield {
      what: 'another place',
      spoil(copy) {
        proof(copy).logIndex = `${Number(proof(copy).logIndex) + 1}`
      },
    }
    yield {
      what: 'another size',
      spoil(copy) {
        proof(copy).treeSize = `${Number(proof(copy).treeSize) + 1}`
      },
    }
    yield {
      what: 'one hash less',
      spoil(copy) {
        proof(copy).hashes = [...proof(copy).hashes, 'AAAA']
      },
    }
    for (const [line, content] of entry.inclusionProof.checkpoint.envelope.split('\n').entries()) {
      // signatures of others than the log are not looked at
      if (content === '' || (content.startsWith('\u2014') && !content.includes(entry.logId.keyId.slice(0, 4)))) continue
      yield {
        what: `line ${line + 1} of the checkpoint`,
        spoil(copy) {
          const lines = content.startsWith('\u2014') ? content.replace(/.{12}$/, 'AAAAAAAAAAAA') : `${content}1`
          proof(copy).checkpoint.envelope = entry.inclusionProof!.checkpoint.envelope.replace(content, lines)
        },
      }
    }
  }
}

function* variantsOfTimestamps(bundle: BundleJSON, other: BundleJSON): Generator<Variant<BundleJSON>> {
  const stamps = (copy: BundleJSON) => copy.verificationMaterial.timestampVerificationData!.rfc3161Timestamps!
  for (const [n, { signedTimestamp }] of (
    bundle.verificationMaterial.timestampVerificationData?.rfc3161Timestamps ?? []
  ).entries()) {
    const der = Buffer.from(signedTimestamp, 'base64')
    const { tstInfo, signatureValue } = RFC3161Timestamp.parse(der)
    // what is signed, and the signature
    for (const part of [tstInfo.raw, signatureValue]) {
      for (const flip of flips(part.length)) {
        const start = der.indexOf(part)
        const spoilt = Buffer.concat([der.subarray(0, start), flip(part), der.subarray(start + part.length)])
        yield {
          what: 'a bit of the timestamp',
          spoil(copy) {
            stamps(copy)[n]!.signedTimestamp = spoilt.toString('base64')
          },
        }
      }
    }
    yield {
      what: 'no timestamp',
      spoil(copy) {
        stamps(copy).splice(n, 1)
      },
    }
    const [stranger] = other.verificationMaterial.timestampVerificationData?.rfc3161Timestamps ?? []
    if (stranger)
      yield {
        what: 'another timestamp',
        spoil(copy) {
          stamps(copy)[n] = stranger
        },
      }
  }
}

let tried = 0
afterAll(() => {
  console.log(`${tried} tampered variants were refused, none was accepted`)
  expect(tried).toBeGreaterThan(200)
})

async function expectNone<T>(
  variants: Iterable<Variant<T>>,
  document: T,
  verify: (spoilt: T) => Promise<unknown>,
): Promise<void> {
  for (const { what, spoil } of variants) {
    const copy = structuredClone(document)
    spoil(copy)
    const outcome = await verify(copy).then(
      () => 'accepted',
      (error: unknown) => error,
    )
    expect(outcome, what).toBeInstanceOf(AttestationError)
    tried++
  }
}

interface Fixture {
  readonly name: string
  readonly bundle: string
  readonly other: string
  readonly options: Partial<Parameters<typeof verifyBundle>[1]>
  readonly trustRoot: () => Promise<TrustRoot>
}

const none = { log: 'none', timestamp: false } as const
const byKey = sigstore.withKey()
const key = parsePublicKey(byKey.publicKey)
const made: Fixture[] = (
  [
    ['an artifact, Rekor 1', signer, 'signArtifact', { version: '0.1' }],
    ['an artifact, Rekor 1 and a timestamp', signer, 'signArtifact', { timestamp: true }],
    ['an artifact, Rekor 2', signer, 'signArtifact', { log: 'rekor2' }],
    ['a statement, Rekor 1', signer, 'signStatement', {}],
    ['a statement, Rekor 2', signer, 'signStatement', { log: 'rekor2' }],
    ['an artifact by a key', byKey, 'signArtifact', {}],
    ['an artifact by a key without a log', byKey, 'signArtifact', none],
  ] as const
).map(([name, who, method, options]) => {
  const sign = (text: string) =>
    method === 'signArtifact'
      ? who.signArtifact(Buffer.from(text), options)
      : who.signStatement(text === 'x' ? statement([{ digest: { sha256: 'ab'.repeat(32) } }]) : statement(), options)
  return {
    name,
    bundle: sign(artifact.toString()),
    other: sign('x'),
    options: {
      artifact,
      ...(who === byKey && { key }),
      ...(options === none && { thresholds: { tlog: 0, timestamp: 0 } }),
    },
    trustRoot: async () => trustRoot,
  }
})

const cases = rows<SigstoreCase>('sigstore/index.json').filter(test => test.expect === 'pass')
const textOf = (test: SigstoreCase) => read(`sigstore/${test.bundle}`).toString()
/** Several cases of the suite are the same signature with other checkpoints. */
const signatureIn = (bundle: string) => /"(?:sig|signature)": ?"([^"]+)"/.exec(bundle)?.[1]
const found: Fixture[] = cases.map(test => {
  const text = textOf(test)
  const { trustedRoot } = test
  return {
    name: test.name,
    bundle: text,
    other: cases.map(textOf).find(other => signatureIn(other) !== signatureIn(text))!,
    options: {
      artifact: read(`sigstore/${test.artifact}`),
      ...(test.key !== undefined && { key: parsePublicKey(read(`sigstore/${test.key}`)) }),
    },
    trustRoot: () =>
      trustedRoot === null
        ? publicGoodTrustRoot()
        : parseTrustRoot(read(`sigstore/${trustedRoot}`), { name: test.name }),
  }
})

describe.each(isPresent ? [...made, ...found] : made)('a bundle: $name', fixture => {
  it('holds as it is, and in no other way', async () => {
    const options = { artifact, now, ...fixture.options, trustRoots: [await fixture.trustRoot()] }
    const verified = await verifyBundle(fixture.bundle, options)
    const thresholds = { timestamp: verified.timestamps.length, ...options.thresholds }
    const bundle = JSON.parse(fixture.bundle) as BundleJSON
    const other = JSON.parse(fixture.other) as BundleJSON
    await expectNone(variantsOf(bundle, other), bundle, spoilt =>
      verifyBundle(JSON.stringify(spoilt), { ...options, thresholds }),
    )
  })
})

describe('a cosign signature', () => {
  type Layer = { bytes: string; annotations: Record<string, string> }
  const PREFIX = 'dev.sigstore.cosign/'
  const layerOf = ({
    bytes,
    annotations,
  }: {
    bytes: Buffer
    annotations: Readonly<Record<string, string>>
  }): Layer => ({
    bytes: bytes.toString('base64'),
    annotations: { ...annotations },
  })

  function* variantsOfLayer(layer: Layer, other: Layer): Generator<Variant<Layer>> {
    yield* inBase64('the content', layer, copy => copy, 'bytes', 40)
    yield* inBase64('the signature', layer, ({ annotations }) => annotations, 'dev.cosignproject.cosign/signature')
    for (const name of Object.keys(layer.annotations)) {
      if (layer.annotations[name] === '') continue
      yield {
        what: `no ${name}`,
        spoil(copy) {
          delete copy.annotations[name]
        },
      }
      if (other.annotations[name] === layer.annotations[name]) continue
      yield {
        what: `another ${name}`,
        spoil(copy) {
          copy.annotations[name] = other.annotations[name]!
        },
      }
    }
    const parts = ['"body":"', '"SignedEntryTimestamp":"', '"logID":"', '"integratedTime":', '"logIndex":']
    for (const part of parts) {
      yield {
        what: `the first digit of ${part}`,
        spoil(copy) {
          const entry = copy.annotations[`${PREFIX}bundle`]!
          const at = entry.indexOf(part) + part.length
          const digit = entry[at] === '1' ? '2' : '1'
          copy.annotations[`${PREFIX}bundle`] = entry.slice(0, at) + digit + entry.slice(at + 1)
        },
      }
    }
  }

  const imageDigest = `sha256:${'4b'.repeat(32)}`
  const options = { now, trustRoots: [trustRoot], thresholds: { timestamp: 2 } }
  const evidence = { timestamp: true } as const

  it('holds as it is, and in no other way: simple signing', async () => {
    const verify = ({ bytes, annotations }: Layer) =>
      verifySimpleSigning({ payload: Buffer.from(bytes, 'base64'), annotations, imageDigest, ...options })
    const layer = layerOf(signer.signImage(imageDigest, evidence))
    const other = layerOf(signer.signImage(`sha256:${'5c'.repeat(32)}`, evidence))
    await verify(layer)
    await expectNone(variantsOfLayer(layer, other), layer, verify)
  })

  it('holds as it is, and in no other way: attestation', async () => {
    const verify = ({ bytes, annotations }: Layer) =>
      verifyEnvelope({ envelope: Buffer.from(bytes, 'base64'), annotations, artifact, ...options })
    const layer = layerOf(signer.attest(statement(), evidence))
    const other = layerOf(signer.attest(statement([{ digest: { sha256: 'ab'.repeat(32) } }]), evidence))
    await verify(layer)
    await expectNone(variantsOfLayer(layer, other), layer, verify)
  })
})
