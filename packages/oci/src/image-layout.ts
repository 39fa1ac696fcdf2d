import { constants } from 'node:fs'
import { type FileHandle, lstat, open, stat } from 'node:fs/promises'
import path from 'node:path'
import { decodeJSON } from '@source-policy/core'
import type { RegistryContext } from './authorizer.ts'
import type { Descriptor } from './descriptor.ts'
import { type Digest, digestAlgorithm, digestHex, verifyDigest } from './digest.ts'
import { checkMediaType, decodeDocument, type ImageIndex } from './document.ts'
import { OciError, quote } from './error.ts'
import { MAX_LAYOUT_INDEX_BYTES, MAX_MANIFEST_BYTES } from './limits.ts'
import { documentKind } from './media-type.ts'
import { DEFAULT_TAG, type Reference } from './reference.ts'
import type { ContentSource, FetchedDocument } from './registry-client.ts'
import { listTar, type TarEntry, type TarListing } from './tar.ts'

const REF_NAME = 'org.opencontainers.image.ref.name'
const LAYOUT_VERSION = '1.0.0'
const MAX_LAYOUT_FILE_BYTES = 1024

/** Reads files of a layout by their name in it; undefined where there is none. */
interface LayoutFiles {
  read(name: string, maxBytes: number): Promise<Buffer | undefined>
}

/**
 * Images of an OCI layout: a directory, or an uncompressed tar archive of one. A tag is the annotation
 * `org.opencontainers.image.ref.name` of an entry of `index.json`; a layout of one image has it without a tag, too.
 * Throws `layout_invalid`, `not_found`, and what reading from a registry throws.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
export function openImageLayout(location: string): ContentSource {
  const what = `the OCI layout ${quote(location)}`

  const filesOf = ({ run, signal }: RegistryContext) =>
    run.once(`image:layout:${location}`, async () => openFiles(location, what), signal)

  const readIndex = async (context: RegistryContext): Promise<ImageIndex> => {
    const files = await filesOf(context)
    const marker = await files.read('oci-layout', MAX_LAYOUT_FILE_BYTES)
    const version =
      marker && (decodeJSON(marker, { what: `oci-layout of ${what}` }) as { imageLayoutVersion?: unknown } | null)
    if (version?.imageLayoutVersion !== LAYOUT_VERSION) {
      throw new OciError('layout_invalid', `reading ${what}: expected a file oci-layout of version ${LAYOUT_VERSION}`)
    }
    const bytes = await files.read('index.json', MAX_LAYOUT_INDEX_BYTES)
    if (bytes === undefined) throw new OciError('layout_invalid', `reading ${what}: there is no index.json`)
    const document = decodeDocument(bytes, { what: `index.json of ${what}` })
    if (document.kind === 'index') return document
    throw new OciError('layout_invalid', `reading ${what}: index.json is no index`)
  }

  const listIndex = (context: RegistryContext) =>
    context.run.once(`image:layout:${location} index`, signal => readIndex({ ...context, signal }), context.signal)

  const readBlob = async (digest: Digest, maxBytes: number, context: RegistryContext): Promise<Uint8Array> => {
    const files = await filesOf(context)
    const bytes = await files.read(`blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`, maxBytes)
    if (bytes === undefined) throw new OciError('not_found', `reading ${what}: there is no blob ${digest}`)
    context.run.spend('bytes', bytes.byteLength, what)
    verifyDigest(bytes, digest, `blob ${digest} of ${what}`)
    return bytes
  }

  const readDocument = (digest: Digest, context: RegistryContext): Promise<FetchedDocument> =>
    context.run.once(
      `image:layout:${location} manifest ${digest}`,
      async signal => {
        const bytes = await readBlob(digest, MAX_MANIFEST_BYTES, { ...context, signal })
        return { digest, bytes, document: decodeDocument(bytes, { what: `manifest ${digest} of ${what}` }) }
      },
      context.signal,
    )

  const find = ({ tag }: Reference, { manifests }: ImageIndex): Descriptor => {
    const images = manifests.filter(({ mediaType }) => documentKind(mediaType) !== undefined)
    const named = images.filter(({ annotations }) => annotations?.[REF_NAME] === (tag ?? DEFAULT_TAG))
    const [only, ...others] = tag === undefined && named.length === 0 ? images : named
    if (only === undefined)
      throw new OciError('not_found', `reading ${what}: there is no image ${quote(tag ?? DEFAULT_TAG)}`)
    if (others.some(({ digest }) => digest !== only.digest)) {
      throw new OciError('layout_invalid', `reading ${what}: several images are called ${quote(tag ?? DEFAULT_TAG)}`)
    }
    return only
  }

  const source: ContentSource = {
    async root(reference, context) {
      if (reference.digest !== undefined) return readDocument(reference.digest, context)
      return source.document(reference, find(reference, await listIndex(context)), context)
    },
    async document(_repository, descriptor, context) {
      const fetched = await readDocument(descriptor.digest, context)
      checkSize(fetched.bytes, descriptor, what)
      checkMediaType(fetched.document, descriptor.mediaType, `manifest ${descriptor.digest} of ${what}`)
      return fetched
    },
    async blob(_repository, descriptor, { maxBytes }, context) {
      const bytes = await context.run.once(
        `image:layout:${location} blob ${descriptor.digest}, at most ${maxBytes} bytes`,
        signal => readBlob(descriptor.digest, maxBytes, { ...context, signal }),
        context.signal,
      )
      checkSize(bytes, descriptor, what)
      return bytes
    },
    async referrers(_repository, subject, _options, context) {
      const { manifests } = await listIndex(context)
      const documents = manifests.filter(({ mediaType }) => documentKind(mediaType) !== undefined)
      const found = await Promise.all(
        documents.map(async descriptor => {
          const { document } = await readDocument(descriptor.digest, context)
          return document.subject?.digest === subject ? [descriptor] : []
        }),
      )
      return found.flat()
    },
  }
  return source
}

function checkSize(bytes: Uint8Array, { digest, size }: Descriptor, what: string): void {
  if (bytes.byteLength === size) return
  throw new OciError('size_mismatch', `reading ${digest} of ${what}: expected ${size} bytes, got ${bytes.byteLength}`)
}

async function openFiles(location: string, what: string): Promise<LayoutFiles> {
  const status = await stat(location).catch((cause: unknown) => {
    throw new OciError('layout_invalid', `reading ${what}: it is not there`, { cause })
  })
  return status.isDirectory() ? directoryFiles(location, what) : archiveFiles(location, what)
}

function directoryFiles(directory: string, what: string): LayoutFiles {
  return {
    async read(name, maxBytes) {
      const handle = await openRegular(path.join(directory, ...name.split('/')), what)
      if (handle === undefined) return undefined
      try {
        const { size } = await handle.stat()
        return await readPart(handle, { offset: 0, size }, maxBytes, `${name} of ${what}`)
      } finally {
        await handle.close()
      }
    },
  }
}

async function archiveFiles(file: string, what: string): Promise<LayoutFiles> {
  const withArchive = async <T>(use: (handle: FileHandle) => Promise<T>): Promise<T> => {
    const handle = await openRegular(file, what)
    if (handle === undefined) throw new OciError('layout_invalid', `reading ${what}: it is not there`)
    try {
      return await use(handle)
    } finally {
      await handle.close()
    }
  }
  const { files: entries } = await withArchive(handle => listArchive(handle, what))
  return {
    async read(name, maxBytes) {
      const entry = entries.get(name)
      return entry && withArchive(handle => readPart(handle, entry, maxBytes, `${name} of ${what}`))
    },
  }
}

async function listArchive(handle: FileHandle, what: string): Promise<TarListing> {
  const { size } = await handle.stat()
  const read = async (offset: number, length: number) => {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset)
    return buffer.subarray(0, bytesRead)
  }
  return listTar({ size, read }, what)
}

/** A layout may come with a build context: no link in it leads out, and no device is read. */
async function openRegular(file: string, what: string): Promise<FileHandle | undefined> {
  try {
    const status = await lstat(file)
    if (!status.isFile())
      throw new OciError('layout_invalid', `reading ${what}: ${quote(path.basename(file))} is no file`)
    return await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined
    throw error
  }
}

async function readPart(
  handle: FileHandle,
  { offset, size }: TarEntry,
  maxBytes: number,
  what: string,
): Promise<Buffer> {
  if (size > maxBytes)
    throw new OciError('content_too_large', `reading ${what}: ${size} bytes, at most ${maxBytes} are read`)
  const buffer = Buffer.alloc(size)
  const { bytesRead } = size === 0 ? { bytesRead: 0 } : await handle.read(buffer, 0, size, offset)
  if (bytesRead !== size)
    throw new OciError('layout_invalid', `reading ${what}: expected ${size} bytes, got ${bytesRead}`)
  return buffer
}
