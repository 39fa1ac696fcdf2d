import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { createRun, type Run } from '@source-policy/core'
import { buildImage, buildIndex, type Registry, startRegistry } from '@source-policy/testkit'
import { createTransport, type Transport } from '@source-policy/transport'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { digestOf, parseDigest } from './digest.ts'
import { type CacheProblem, createDiskCache, type DiskCacheOptions } from './disk-cache.ts'
import { chooseManifest, readImageConfig } from './image.ts'
import { parsePlatform } from './platform.ts'
import { parseReference } from './reference.ts'
import { createRegistryClient, type RegistryClientOptions } from './registry-client.ts'

let directory: string
let problems: CacheProblem[]
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'disk-cache-'))
  problems = []
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const open = (options: Partial<DiskCacheOptions> = {}) =>
  createDiskCache({ directory, onProblem: problem => problems.push(problem), ...options })
const limit = { maxBytes: 1_000_000 }
const content = (text: string) => ({ bytes: Buffer.from(text), digest: digestOf(Buffer.from(text)) })

async function files(): Promise<string[]> {
  const names = await readdir(directory, { recursive: true, withFileTypes: true })
  return names.filter(name => name.isFile()).map(name => path.join(name.parentPath, name.name))
}

async function flip(file: string, offset: number): Promise<void> {
  const bytes = await readFile(file)
  bytes[offset] = bytes[offset]! ^ 1
  await writeFile(file, bytes)
}

describe('content', () => {
  it('is found again, also by another process', async () => {
    const { digest, bytes } = content('hello')
    await open().write(digest, bytes)
    expect(await open().read(digest, limit)).toEqual(bytes)
    expect(await open().read(content('other').digest, limit)).toBeUndefined()
    expect(problems).toEqual([])
  })

  it('is kept from others', async () => {
    const { digest, bytes } = content('hello')
    await open().write(digest, bytes)
    if (process.platform !== 'win32') expect((await stat((await files())[0]!)).mode & 0o077).toBe(0)
  })

  it('is never written under a digest that it does not have', async () => {
    await open().write(content('a').digest, Buffer.from('b'))
    expect(problems).toMatchObject([{ kind: 'unwritable', error: { code: 'digest_mismatch' } }])
    expect(await files()).toEqual([])
  })

  it('is not read where it is larger than asked for', async () => {
    const { digest, bytes } = content('hello')
    await open().write(digest, bytes)
    expect(await open().read(digest, { maxBytes: 4 })).toBeUndefined()
    expect(await open().read(digest, { maxBytes: 5 })).toEqual(bytes)
  })

  it('is noticed and removed wherever a byte of it was altered', async () => {
    const { digest, bytes } = content('hello')
    for (let offset = 0; offset < bytes.length; offset++) {
      await open().write(digest, bytes)
      await flip((await files())[0]!, offset)
      expect(await open().read(digest, limit)).toBeUndefined()
      expect(await files()).toEqual([])
    }
    expect(problems.map(({ kind }) => kind)).toEqual(Array(bytes.length).fill('altered'))
  })

  it('is noticed where it was cut, or put in the place of other content', async () => {
    const [a, b] = [content('aaaa'), content('bbbb')]
    await open().write(a.digest, a.bytes)
    const [file] = await files()
    await writeFile(file!, a.bytes.subarray(0, 2))
    expect(await open().read(a.digest, limit)).toBeUndefined()
    await open().write(a.digest, a.bytes)
    await writeFile(file!, b.bytes)
    expect(await open().read(a.digest, limit)).toBeUndefined()
  })
})

describe('what is not on the disk yet', () => {
  it('is found, and checked as well', async () => {
    const cache = open()
    const { digest, bytes } = content('hello')
    const written = cache.write(digest, bytes)
    const wrong = cache.write(content('a').digest, Buffer.from('b'))
    expect(await cache.read(digest, limit)).toEqual(bytes)
    expect(await cache.read(digest, { maxBytes: 4 })).toBeUndefined()
    expect(await cache.read(content('a').digest, limit)).toBeUndefined()
    expect(await files()).toEqual([])
    await Promise.all([written, wrong])
    expect(await files()).toHaveLength(1)
  })

  it('is there once the cache has settled', async () => {
    const cache = open()
    const entries = [...Array(50).keys()].map(n => content(String(n)))
    const written = entries.map(({ digest, bytes }) => cache.write(digest, bytes))
    void cache.writeRecord('tag a', 'x')
    await cache.settled()
    expect(await files()).toHaveLength(51)
    await Promise.all(written)
    await cache.settled()
    void cache.writeRecord('tag b', 'x')
    await cache.settled()
    expect(await files()).toHaveLength(52)
  })
})

describe('records', () => {
  it('are found again', async () => {
    await open().writeRecord('tag a', 'x')
    await open().writeRecord('tag a', 'line\nline')
    expect(await open().readRecord('tag a')).toBe('line\nline')
    expect(await open().readRecord('tag b')).toBeUndefined()
  })

  it('are noticed wherever a byte was altered, and where they were moved', async () => {
    await open().writeRecord('a', 'value')
    const [file] = await files()
    const { size } = await stat(file!)
    for (let offset = 0; offset < size; offset++) {
      await open().writeRecord('a', 'value')
      await flip(file!, offset)
      expect(await open().readRecord('a')).toBeUndefined()
    }
    await open().writeRecord('a', 'value')
    const bytes = await readFile(file!)
    await open().writeRecord('b', 'other')
    const other = (await files()).find(name => name !== file)
    await writeFile(other!, bytes)
    expect(await open().readRecord('b')).toBeUndefined()
  })
})

describe('the directory', () => {
  it('holds no more than its limit; what was used longest ago goes first', async () => {
    const cache = open({ maxBytes: 1000 })
    const entries = [...Array(20).keys()].map(n => content(`${n} ${'x'.repeat(97)}`))
    for (const [n, { digest, bytes }] of entries.entries()) {
      await cache.write(digest, bytes)
      const file = path.join(directory, 'sha256', digest.slice(7))
      await utimes(file, n, n).catch(() => undefined)
    }
    await cache.prune()
    const sizes = await Promise.all((await files()).map(async file => (await stat(file)).size))
    expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(1000)
    expect(await cache.read(entries[0]!.digest, limit)).toBeUndefined()
    expect(await cache.read(entries[19]!.digest, limit)).toEqual(entries[19]!.bytes)
  })

  it('keeps what is still read', async () => {
    const { digest, bytes } = content('x'.repeat(600))
    const other = content('y'.repeat(600))
    const cache = open()
    for (const entry of [{ digest, bytes }, other]) {
      await cache.write(entry.digest, entry.bytes)
      await utimes(path.join(directory, 'sha256', entry.digest.slice(7)), 1, 1)
    }
    await cache.read(digest, limit)
    await open({ maxBytes: 1000 }).prune()
    expect(await cache.read(digest, limit)).toEqual(bytes)
    expect(await cache.read(other.digest, limit)).toBeUndefined()
  })

  it('is cleared of what dead processes left', async () => {
    const left = path.join(directory, 'tmp', 'left')
    await mkdir(path.dirname(left))
    await writeFile(left, 'x')
    await utimes(left, 1, 1)
    await writeFile(path.join(directory, 'tmp', 'current'), 'x')
    await open().prune()
    expect((await files()).map(file => path.basename(file))).toEqual(['current'])
  })

  it('keeps what else lies in it', async () => {
    await writeFile(path.join(directory, 'letter.txt'), 'x'.repeat(2000))
    await mkdir(path.join(directory, 'photos'))
    await writeFile(path.join(directory, 'photos', 'a.jpg'), 'x'.repeat(2000))
    const cache = open({ maxBytes: 100 })
    const { digest, bytes } = content('y'.repeat(80))
    await cache.write(digest, bytes)
    await cache.prune()
    expect((await files()).map(file => path.basename(file)).sort()).toEqual(
      [digest.slice(7), 'a.jpg', 'letter.txt'].sort(),
    )
  })

  it.skipIf(process.getuid?.() === 0 || process.platform === 'win32')('may be read-only', async () => {
    await chmod(directory, 0o500)
    const { digest, bytes } = content('hello')
    await open().write(digest, bytes)
    expect(problems[0]?.kind).toBe('unwritable')
  })

  it('is made again where somebody removes it', async () => {
    const cache = open()
    const { digest, bytes } = content('hello')
    await cache.write(digest, bytes)
    await rm(directory, { recursive: true })
    const other = content('other')
    await cache.write(other.digest, other.bytes)
    expect(await open().read(other.digest, limit)).toEqual(other.bytes)
    expect(await cache.read(digest, limit)).toBeUndefined()
    expect(problems).toEqual([])
  })

  it('that was empty is read as soon as something was written', async () => {
    const cache = open()
    const { digest, bytes } = content('hello')
    expect(await cache.read(digest, limit)).toBeUndefined()
    await open().write(digest, bytes)
    const other = content('other')
    await cache.write(other.digest, other.bytes)
    expect(await cache.read(digest, limit)).toEqual(bytes)
  })

  it('that was empty is read before long where another process wrote something', async () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(5000)
    try {
      const cache = open()
      const { digest, bytes } = content('hello')
      expect(await cache.read(digest, limit)).toBeUndefined()
      await open().write(digest, bytes)
      now.mockReturnValue(6000)
      expect(await cache.read(digest, limit)).toEqual(bytes)
    } finally {
      now.mockRestore()
    }
  })

  it('that is a file only costs the cache', async () => {
    const file = path.join(directory, 'file')
    await writeFile(file, '')
    const { digest, bytes } = content('hello')
    await open({ directory: file }).write(digest, bytes)
    expect(await open({ directory: file }).read(digest, limit)).toBeUndefined()
    expect(problems.map(({ kind }) => kind)).toEqual(['unwritable', 'unreadable'])
  })

  it('is shared by processes that write, read and prune at the same time', async () => {
    const script = `
      import { createDiskCache } from ${JSON.stringify(new URL('./disk-cache.ts', import.meta.url).href)}
      import { digestOf } from ${JSON.stringify(new URL('./digest.ts', import.meta.url).href)}
      const bad = []
      const cache = createDiskCache({ directory: ${JSON.stringify(directory)}, maxBytes: 40_000, onProblem: p => bad.push(p) })
      let hits = 0
      for (let round = 0; round < 200; round++) {
        const bytes = Buffer.from(String(round % 40).repeat(1000))
        const digest = digestOf(bytes)
        const found = await cache.read(digest, { maxBytes: 10_000 })
        if (found) { if (!bytes.equals(found)) throw new Error('wrong bytes'); hits++ }
        else {
          void cache.write(digest, bytes)
          await cache.settled()
        }
      }
      console.log(JSON.stringify({ bad, hits }))
    `
    const file = path.join(directory, 'worker.mts')
    await writeFile(file, script)
    const run = promisify(execFile)
    const args = ['--conditions=@source-policy/source', '--import', import.meta.resolve('tsx'), file]
    const outputs = await Promise.all([0, 1, 2].map(() => run(process.execPath, args)))
    for (const { stdout } of outputs) expect(JSON.parse(stdout)).toMatchObject({ bad: [] })
  })
})

describe('a registry client with a cache', () => {
  let registry: Registry
  let transport: Transport
  beforeEach(async () => {
    registry = await startRegistry()
    transport = createTransport({ allowAddresses: [registry.host], retries: 0 })
    const image = buildImage({ platform: parsePlatform('linux/arm64'), user: 'app' })
    registry.push('app', buildIndex([buildImage(), image]), 'v1')
  })
  afterEach(async () => {
    await registry.close()
    await transport.close()
  })

  async function readUser(options: Partial<RegistryClientOptions> = {}, run: Run = createRun()) {
    const cache = open()
    const source = createRegistryClient({ transport, cache, rememberTags: true, ...options })
    const context = { run, signal: run.signal, anonymous: false }
    const reference = parseReference(`${registry.host}/app:v1`)
    const root = await source.root(reference, context)
    const wanted = { reference, root, platform: parsePlatform('linux/arm64') }
    const { descriptor } = await chooseManifest(source, wanted, context)
    const { user } = await readImageConfig(source, { reference, descriptor }, context)
    await cache.settled()
    return user
  }

  it('asks for tags alone the second time, and for nothing offline', async () => {
    expect(await readUser()).toBe('app')
    expect(registry.log).toHaveLength(3)
    registry.clearLog()
    expect(await readUser()).toBe('app')
    expect(registry.log.map(({ path: asked }) => asked)).toEqual(['/v2/app/manifests/v1'])
    registry.clearLog()
    expect(await readUser({ offline: true })).toBe('app')
    expect(registry.log).toEqual([])
  })

  it('writes nothing anew that is there', async () => {
    await readUser()
    const before = await Promise.all((await files()).map(async file => (await stat(file)).ino))
    await readUser()
    expect(await Promise.all((await files()).map(async file => (await stat(file)).ino))).toEqual(before)
  })

  it('sees a tag that moved, unless it is offline', async () => {
    await readUser()
    registry.push('app', buildImage({ user: 'moved' }), 'v1')
    expect(await readUser({ offline: true })).toBe('app')
    expect(await readUser()).toBe('moved')
  })

  it('remembers no tag unless told to', async () => {
    await readUser({ rememberTags: false })
    expect(await files()).toHaveLength(3)
    await readUser()
    await expect(readUser({ rememberTags: false, offline: true })).rejects.toThrow(
      expect.objectContaining({ code: 'offline' }),
    )
  })

  it('has nothing offline that it never saw', async () => {
    await expect(readUser({ offline: true })).rejects.toThrow(expect.objectContaining({ code: 'offline' }))
    expect(registry.log).toEqual([])
  })

  it('never uses an entry of any kind in which one byte was altered', async () => {
    await readUser()
    const entries = await files()
    expect(entries).toHaveLength(4)
    for (const file of entries) {
      const kept = await readFile(file)
      for (const offset of [0, kept.length >> 1, kept.length - 1]) {
        await flip(file, offset)
        await expect(readUser({ offline: true })).rejects.toThrow(expect.objectContaining({ code: 'offline' }))
        expect(problems.at(-1)?.kind).toBe('altered')
        expect(await readUser()).toBe('app')
        expect(await readFile(file)).toEqual(kept)
      }
    }
  })

  it('does not believe what was put into the cache under another digest', async () => {
    const digest = parseDigest(registry.store.manifest('app', 'v1')!.digest)
    const file = path.join(directory, 'sha256', digest.slice(7))
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, buildImage({ user: 'evil' }).bytes)
    await open().writeRecord(`tag ${registry.host}/app:v1`, digest)
    await expect(readUser({ offline: true })).rejects.toThrow(expect.objectContaining({ code: 'offline' }))
  })
})
