import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createRun } from '@source-policy/core'
import { type BuiltContent, buildArtifact, buildImage, buildIndex } from '@source-policy/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { chooseManifest, readImageConfig } from './image.ts'
import { openImageLayout } from './image-layout.ts'
import { MEDIA_TYPES } from './media-type.ts'
import { parsePlatform } from './platform.ts'
import { parseReference } from './reference.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'layout-'))
})
afterEach(() => rm(directory, { recursive: true }))

const platform = parsePlatform('linux/arm64')
const image = buildImage({ platform, user: 'app', labels: { a: 'b' } })
const index = buildIndex([buildImage(), image])
const context = () => {
  const run = createRun()
  return { run, signal: run.signal, anonymous: false }
}
const coded = (code: string) => expect.objectContaining({ code })

type Files = Record<string, Uint8Array | string>

/** The files of a layout with images by tag. */
function layoutOf(tags: Record<string, BuiltContent>): Files {
  const files: Files = { 'oci-layout': '{"imageLayoutVersion":"1.0.0"}' }
  const add = (content: BuiltContent) => {
    for (const child of content.children) add(child)
    for (const { digest, bytes } of [content, ...content.blobs]) files[`blobs/${digest.replace(':', '/')}`] = bytes
  }
  const manifests = Object.entries(tags).map(([tag, content]) => {
    add(content)
    const { mediaType, digest, size } = content.descriptor
    return { mediaType, digest, size, annotations: { 'org.opencontainers.image.ref.name': tag } }
  })
  files['index.json'] = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests })
  return files
}

async function writeDirectory(files: Files): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(directory, name)), { recursive: true })
    await writeFile(path.join(directory, name), content)
  }
  return directory
}

/** One entry of an archive; `name` of more than 100 bytes goes into an extension of the kind. */
function tarEntry(name: string, content: Uint8Array | string, extension: 'pax' | 'gnu' = 'pax', type = '0'): Buffer {
  const bytes = Buffer.from(content)
  const header = Buffer.alloc(512)
  header.write(name.slice(0, 100), 0)
  header.write('0000644\0', 100)
  header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124)
  header.write('        ', 148)
  header.write(type, 156)
  header.write('ustar\u000000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  const padding = Buffer.alloc((512 - (bytes.length % 512)) % 512)
  const entry = Buffer.concat([header, bytes, padding])
  if (name.length <= 100) return entry
  if (extension === 'gnu') return Buffer.concat([tarEntry('././@LongLink', `${name}\0`, 'gnu', 'L'), entry])
  const record = ` path=${name}\n`
  const length = record.length + String(record.length + 3).length
  return Buffer.concat([tarEntry('pax', `${length}${record}`, 'pax', 'x'), entry])
}

async function writeArchive(files: Files, extension: 'pax' | 'gnu' = 'pax', prefix = ''): Promise<string> {
  const file = path.join(directory, 'layout.tar')
  const entries = Object.entries(files).map(([name, content]) => tarEntry(`${prefix}${name}`, content, extension))
  await writeFile(file, Buffer.concat([tarEntry('blobs/', '', 'pax', '5'), ...entries, Buffer.alloc(1024)]))
  return file
}

async function readUser(location: string, name = 'layout:v1') {
  const source = openImageLayout(location)
  const about = context()
  const reference = parseReference(name)
  const root = await source.root(reference, about)
  const { descriptor } = await chooseManifest(source, { reference, root, platform }, about)
  return { digest: root.digest, user: (await readImageConfig(source, { reference, descriptor }, about)).user }
}

it('lists what refers to a digest', async () => {
  const signature = buildArtifact({ artifactType: 'x/sig', subject: image })
  const other = buildArtifact({ artifactType: 'x/sig', subject: index })
  const layout = openImageLayout(await writeDirectory(layoutOf({ v1: index, signature, other })))
  const found = await layout.referrers(parseReference('x'), image.digest, {}, context())
  expect(found.map(({ digest }) => digest)).toEqual([signature.digest])
})

describe('openImageLayout', () => {
  it.each([
    ['a directory', () => writeDirectory(layoutOf({ v1: index, v2: buildImage() }))],
    ['an archive', () => writeArchive(layoutOf({ v1: index, v2: buildImage() }))],
    ['an archive with ./ before its names', () => writeArchive(layoutOf({ v1: index }), 'pax', './')],
    ['an archive with long names, pax', () => writeArchive(layoutOf({ v1: index }), 'pax', './'.repeat(60))],
    ['an archive with long names, GNU', () => writeArchive(layoutOf({ v1: index }), 'gnu', './'.repeat(60))],
  ])('reads %s', async (_name, write) => {
    expect(await readUser(await write())).toEqual({ digest: index.digest, user: 'app' })
  })

  it('finds images by tag, by digest, and the only one without either', async () => {
    await writeDirectory(layoutOf({ v1: index, latest: image }))
    expect(await readUser(directory, 'layout')).toMatchObject({ digest: image.digest })
    expect(await readUser(directory, `layout@${index.digest}`)).toMatchObject({ digest: index.digest })
    await expect(readUser(directory, 'layout:v3')).rejects.toThrow(coded('not_found'))
    await expect(readUser(directory, `layout@sha256:${'0'.repeat(64)}`)).rejects.toThrow(coded('not_found'))
    await writeDirectory(layoutOf({ other: index }))
    expect(await readUser(directory, 'layout')).toMatchObject({ digest: index.digest })
  })

  it('does not guess between several images', async () => {
    await writeDirectory(layoutOf({ v1: index, v2: image }))
    await expect(readUser(directory, 'layout')).rejects.toThrow(coded('layout_invalid'))
  })

  it.each<[string, (files: Files) => void, string]>([
    ['no oci-layout', files => delete files['oci-layout'], 'layout_invalid'],
    [
      'another version',
      files => Object.assign(files, { 'oci-layout': '{"imageLayoutVersion":"2"}' }),
      'layout_invalid',
    ],
    ['no index.json', files => delete files['index.json'], 'layout_invalid'],
    [
      'an index.json that is a manifest',
      files => Object.assign(files, { 'index.json': image.bytes }),
      'layout_invalid',
    ],
    ['an index.json that is no JSON', files => Object.assign(files, { 'index.json': 'secret' }), 'invalid_json'],
    ['an altered blob', files => alter(files, index), 'digest_mismatch'],
    ['an altered config', files => alter(files, image.blobs[0]!), 'digest_mismatch'],
    ['a missing config', files => delete files[fileOf(image.blobs[0]!)], 'not_found'],
    [
      'a huge index.json',
      files => Object.assign(files, { 'index.json': ' '.repeat(5 * 1024 ** 2) }),
      'content_too_large',
    ],
  ])('refuses a layout with %s', async (_name, spoil, code) => {
    const files = layoutOf({ v1: index })
    spoil(files)
    await expect(readUser(await writeArchive(files))).rejects.toThrow(coded(code))
    await expect(readUser(await writeDirectory(files))).rejects.toThrow(coded(code))
  })

  it.skipIf(process.platform === 'win32')('follows no links out of a layout', async () => {
    await writeDirectory(layoutOf({ v1: index }))
    await rm(path.join(directory, 'index.json'))
    await symlink('/etc/passwd', path.join(directory, 'index.json'))
    await expect(readUser(directory)).rejects.toThrow(coded('layout_invalid'))
  })

  it('refuses what is not there', async () => {
    await expect(readUser(path.join(directory, 'none'))).rejects.toThrow(coded('layout_invalid'))
  })
})

describe('a tar archive', () => {
  const archive = async (...parts: Uint8Array[]) => {
    const file = path.join(directory, 'x.tar')
    await writeFile(file, Buffer.concat(parts))
    return file
  }

  it.each<[string, () => Uint8Array[]]>([
    ['a file twice', () => [tarEntry('index.json', 'a'), tarEntry('./index.json', 'b')]],
    ['a wrong checksum', () => [Buffer.concat([Buffer.from('x'), tarEntry('a', 'a').subarray(1)])]],
    ['an end too soon', () => [tarEntry('a', 'x'.repeat(1000)).subarray(0, 600)]],
    ['a size that is no number', () => [reheader(tarEntry('a', 'a'), header => header.write('z', 124))]],
    ['a size beyond its end', () => [reheader(tarEntry('a', 'a'), header => header.write('77777777777', 124))]],
    ['a malformed extension', () => [tarEntry('pax', 'x path=a\n', 'pax', 'x'), tarEntry('a', 'a')]],
    ['an extension too large', () => [tarEntry('pax', 'x'.repeat(70_000), 'pax', 'x')]],
    ['random bytes', () => [Buffer.alloc(2048, 'random')]],
    ['gzip', () => [Buffer.from([0x1f, 0x8b, 8, 0, ...Array(600).fill(1)])]],
  ])('with %s is refused', async (_name, parts) => {
    await expect(readUser(await archive(...parts()))).rejects.toThrow(coded('layout_invalid'))
  })

  it('is refused wherever it is cut', async () => {
    const whole = await readFile(await writeArchive(layoutOf({ v1: image })))
    for (let length = 100; length < whole.length - 1024; length += 997) {
      await expect(readUser(await archive(whole.subarray(0, length)))).rejects.toThrow()
    }
  })
})

function fileOf({ digest }: { digest: string }): string {
  return `blobs/${digest.replace(':', '/')}`
}

function alter(files: Files, content: { digest: string; bytes: Uint8Array }): void {
  const bytes = Buffer.from(content.bytes)
  bytes[bytes.length >> 1]! ^= 1
  files[fileOf(content)] = bytes
}

/** The entry with a changed header, its checksum made right again. */
function reheader(entry: Buffer, change: (header: Buffer) => void): Buffer {
  const copy = Buffer.from(entry)
  change(copy)
  copy.write('        ', 148)
  const sum = copy.subarray(0, 512).reduce((total, byte) => total + byte, 0)
  copy.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return copy
}
