import { type Cosign, type CosignKey, FORMATS, type Format, KEY_KINDS, keyFlags } from './cosign.ts'
import { type Document, digestOf, type RegistryContent } from './registry-content.ts'
import { IDENTITY, type SigstoreServer } from './sigstore-server.ts'

export const PREDICATE_TYPE = 'https://acme.example/tested/v1'

/** What cosign has done to an image of its own, and how a policy has to ask for it. */
export interface SignedImage {
  readonly name: string
  readonly repository: string
  readonly digest: string
  readonly format: Format
  readonly isAttestation: boolean
  /** Argument of `verify_image`. */
  readonly options: Readonly<Record<string, unknown>>
  /** Options that ask for another key or identity, and must not be met. */
  readonly otherOptions: Readonly<Record<string, unknown>>
  /** Files that the policy names. */
  readonly files: Readonly<Record<string, string>>
}

/** Signs and attests copies of an image with each kind of key and without one, in each format. */
export async function signImages(options: {
  readonly host: string
  readonly from: string
  readonly content: RegistryContent
  readonly cosign: Cosign
  readonly server: SigstoreServer
  /** A file with a predicate. */
  readonly predicate: string
}): Promise<SignedImage[]> {
  const { host, from, content, cosign, server, predicate } = options
  const signed: SignedImage[] = []

  async function sign(who: string, format: Format, isAttestation: boolean, flags: readonly string[]) {
    const repository = `signed/${who}-${format}-${isAttestation ? 'attested' : 'signed'}`.toLowerCase()
    const digest = await content.copy(from, repository, 'v1')
    const command = isAttestation ? ['attest', '--type', PREDICATE_TYPE, '--predicate', predicate] : ['sign']
    await cosign.run([...command, ...flags, `${host}/${repository}@${digest}`])
    const name = `${who}, ${format}, ${isAttestation ? 'attestation' : 'signature'}`
    return { name, repository, digest, format, isAttestation }
  }

  for (const format of FORMATS) {
    for (const isAttestation of [false, true]) {
      const attestation = isAttestation ? { attestation: PREDICATE_TYPE } : {}
      for (const kind of KEY_KINDS) {
        const [key, other] = [await cosign.newKey(kind), await cosign.newKey(kind)] as [CosignKey, CosignKey]
        signed.push({
          ...(await sign(kind, format, isAttestation, keyFlags(key, format))),
          options: { key: 'cosign.pub', ...attestation },
          otherOptions: { key: 'other.pub', ...attestation },
          files: { 'cosign.pub': key.publicKey, 'other.pub': other.publicKey },
        })
      }
      signed.push({
        ...(await sign('keyless', format, isAttestation, server.flags[format])),
        options: { identity: IDENTITY, trustRoot: 'root.json', ...attestation },
        otherOptions: {
          identity: { ...IDENTITY, subject: `${IDENTITY.subject}x` },
          trustRoot: 'root.json',
          ...attestation,
        },
        files: { 'root.json': server.sigstore.trustedRoot },
      })
    }
  }
  return signed
}

/** The image and its signature in another repository, a byte of the signature another one. */
export async function tamper(content: RegistryContent, image: SignedImage): Promise<SignedImage> {
  const { repository: from, digest, format, isAttestation } = image
  const repository = `tampered/${from}`
  await content.copy(from, repository, digest)
  if (format === 'legacy') {
    const tag = `${digest.replace(':', '-')}.${isAttestation ? 'att' : 'sig'}`
    const document = await content.document(from, tag)
    await putTampered(content, { from, repository, tag, document })
  } else {
    for (const referrer of await content.referrers(from, digest)) {
      const document = await content.document(from, referrer.digest)
      await putTampered(content, { from, repository, document })
    }
  }
  return { ...image, name: `${image.name}, tampered`, repository }
}

async function putTampered(
  content: RegistryContent,
  what: { readonly from: string; readonly repository: string; readonly tag?: string; readonly document: Document },
): Promise<void> {
  const { from, repository, tag, document } = what
  const { config, layers = [] } = document
  if (config !== undefined) await content.putBlob(repository, await content.blob(from, config.digest))
  for (const layer of layers) {
    const changed = changeSignature(await content.blob(from, layer.digest))
    await content.putBlob(repository, changed)
    Object.assign(layer, { digest: digestOf(changed), size: changed.length })
    const { annotations } = layer
    const key = 'dev.cosignproject.cosign/signature'
    if (annotations?.[key]) annotations[key] = flip(annotations[key])
  }
  const bytes = Buffer.from(JSON.stringify(document))
  if (tag === undefined) await content.refer(repository, bytes, document)
  else await content.putManifest(repository, tag, bytes, document.mediaType ?? '')
}

/** An envelope or bundle with another signature; simple signing payloads are left as they are: theirs is an annotation. */
function changeSignature(blob: Buffer): Buffer {
  return Buffer.from(
    blob
      .toString()
      .replace(/"(sig|signature)":\s*"([^"]{20,})"/g, (_, name, value) => `"${name}":${JSON.stringify(flip(value))}`),
  )
}

/** Base64 with a byte in the middle changed. */
function flip(base64: string): string {
  const bytes = Buffer.from(base64, 'base64')
  const middle = bytes.length >> 1
  bytes[middle] = (bytes[middle] ?? 0) ^ 1
  return bytes.toString('base64')
}
