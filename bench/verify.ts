/*
 * What verifying costs: one keyless bundle, its certificate never seen before, against @sigstore/verify alone; and 100 images of
 * one signer, whose certificate, like those of the authorities and the keys of the logs, must be read once. Run by
 * `npm run bench:verify`; the last line is one JSON object; fails beyond the limits.
 */
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseTrustRoot, type TrustRoot, verifyBundle, verifySimpleSigning } from '@source-policy/attestation'
import { createSigstore } from '@source-policy/testkit'

const ROUNDS = 31
const PER_ROUND = 20
const IMAGES = 100
const MAX_RATIO = 1.5

// as the package itself finds them
const require = createRequire(fileURLToPath(new URL('../packages/attestation/src/index.ts', import.meta.url)))
const { bundleFromJSON } = require('@sigstore/bundle') as typeof import('@sigstore/bundle')
const core = require('@sigstore/core') as typeof import('@sigstore/core')
const { TrustedRoot } = require('@sigstore/protobuf-specs') as typeof import('@sigstore/protobuf-specs')
const { toSignedEntity, toTrustMaterial, Verifier } = require('@sigstore/verify') as typeof import('@sigstore/verify')

const sigstore = createSigstore()
const signer = sigstore.issue({
  subject: 'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1',
  issuer: 'https://token.actions.githubusercontent.com',
})
const now = new Date()
const artifact = Buffer.from('an artifact')
const digest = createHash('sha256').update(artifact).digest('hex')
const statement = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'app', digest: { sha256: digest } }],
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: { buildDefinition: { resolvedDependencies: Array(50).fill({ uri: 'pkg:docker/alpine@3.22' }) } },
}
const bundles = {
  artifact: signer.signArtifact(artifact),
  statement: signer.signStatement(statement),
  timestamp: signer.signArtifact(artifact, { log: 'rekor2' }),
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!

async function millisecondsOf(action: () => unknown): Promise<number> {
  const started = performance.now()
  for (let n = 0; n < PER_ROUND; n++) await action()
  return (performance.now() - started) / PER_ROUND
}

/** How often longer than @sigstore/verify alone: in alternating rounds, since the machine is not quiet. */
async function compare(name: string, bundle: string, trustRoot: TrustRoot): Promise<number> {
  const verifier = new Verifier(toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(sigstore.trustedRoot))))
  const theirs = () => verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(bundle)), artifact))
  const ours = () => {
    // a certificate that was seen before costs next to nothing
    trustRoot.material.remembered.clear()
    return verifyBundle(bundle, { artifact, trustRoots: [trustRoot], now })
  }
  const times = { ours: [] as number[], theirs: [] as number[] }
  for (let round = 0; round < ROUNDS; round++) {
    times.theirs.push(await millisecondsOf(theirs))
    times.ours.push(await millisecondsOf(ours))
  }
  const again = await millisecondsOf(() => verifyBundle(bundle, { artifact, trustRoots: [trustRoot], now }))
  const ratio = median(times.ours) / median(times.theirs)
  console.log(
    `${name}: ${median(times.ours).toFixed(2)} ms, @sigstore/verify ${median(times.theirs).toFixed(2)} ms: ${ratio.toFixed(2)} times; ` +
      `the same certificate again: ${again.toFixed(2)} ms`,
  )
  return ratio
}

/** How often each certificate is parsed, and each key read, while `action` runs. */
async function countReads(action: () => Promise<void>): Promise<Map<string, number>> {
  const crypto = process.getBuiltinModule('node:crypto')
  const { syncBuiltinESMExports } = process.getBuiltinModule('node:module')
  const counts = new Map<string, number>()
  const count = (kind: string, bytes: unknown) => {
    const hash = createHash('sha256').update(Buffer.from(bytes as Uint8Array))
    const id = `${kind} ${hash.digest('hex').slice(0, 16)}`
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  const { parse } = core.X509Certificate
  const { createPublicKey } = crypto
  core.X509Certificate.parse = certificate => {
    count('certificate', certificate)
    return parse.call(core.X509Certificate, certificate)
  }
  crypto.createPublicKey = (input => {
    if (typeof input === 'object' && 'key' in input && input.key instanceof Uint8Array) count('key', input.key)
    return createPublicKey(input)
  }) as typeof createPublicKey
  syncBuiltinESMExports()
  try {
    await action()
    return counts
  } finally {
    core.X509Certificate.parse = parse
    crypto.createPublicKey = createPublicKey
    syncBuiltinESMExports()
  }
}

async function verifyImages(): Promise<void> {
  const trustRoot = await parseTrustRoot(sigstore.trustedRoot, { name: 'bench' })
  const options = { trustRoots: [trustRoot], now }
  for (const { imageDigest, bytes, annotations, bundle } of images) {
    await verifySimpleSigning({ payload: bytes, annotations, imageDigest, ...options })
    await verifyBundle(bundle, { artifact: { sha256: imageDigest.slice('sha256:'.length) }, ...options })
  }
}

const images = Array.from({ length: IMAGES }, (_, n) => {
  const hex = createHash('sha256').update(`image ${n}`).digest('hex')
  const subject = [{ digest: { sha256: hex } }]
  return {
    imageDigest: `sha256:${hex}`,
    ...signer.signImage(`sha256:${hex}`),
    bundle: signer.signStatement({ ...statement, subject }, { log: n % 2 === 0 ? 'rekor1' : 'rekor2' }),
  }
})

const failures: string[] = []
const trustRoot = await parseTrustRoot(sigstore.trustedRoot, { name: 'bench' })
console.log(`median of ${ROUNDS} rounds of ${PER_ROUND}, load ${loadavg()[0]!.toFixed(1)}`)
const ratios: Record<string, number> = {}
for (const [name, bundle] of Object.entries(bundles)) {
  const ratio = await compare(name, bundle, trustRoot)
  ratios[name] = Number(ratio.toFixed(3))
  if (ratio > MAX_RATIO)
    failures.push(`${name}: ${ratio.toFixed(2)} times @sigstore/verify, at most ${MAX_RATIO} are allowed`)
}

const reads = await countReads(verifyImages)
const most = Math.max(...reads.values())
const certificates = [...reads.keys()].filter(id => id.startsWith('certificate')).length
console.log(
  `${IMAGES} images of one signer, a signature and an attestation each: ${certificates} certificates and ${reads.size - certificates} keys, read at most ${most} times`,
)
// signer, intermediate, root; timestamps and their root
if (certificates !== 5) failures.push(`${certificates} certificates were read, expected 5`)
if (most !== 1) failures.push(`a certificate or key was read ${most} times, expected once`)

for (const failure of failures) console.error(failure)
process.exitCode = failures.length === 0 ? 0 : 1
console.log(
  JSON.stringify({ ...ratios, maxRatio: MAX_RATIO, certificates, keys: reads.size - certificates, readsOfEach: most }),
)
