import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createRun } from '@source-policy/core'
import {
  buildTUFRepository,
  createSigstore,
  type HTTPOrigin,
  startHTTPOrigin,
  type TUFRepositoryOptions,
} from '@source-policy/testkit'
import { createTransport, type Transport } from '@source-policy/transport'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { operatorTrustRoots, type TrustRootsOptions } from './operator-trust.ts'

const { trustedRoot } = createSigstore()
let directory: string
let origin: HTTPOrigin
let transport: Transport
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'trust-'))
})
afterEach(async () => {
  await transport?.close()
  await origin?.close()
  await rm(directory, { recursive: true })
})

async function serve(options: Partial<TUFRepositoryOptions> = {}) {
  const built = buildTUFRepository({ targets: { 'trusted_root.json': trustedRoot }, ...options })
  await transport?.close()
  await origin?.close()
  origin = await startHTTPOrigin({ files: built.files })
  transport = createTransport({ allowAddresses: [origin.host], retries: 0 })
  return { ...built, repository: { url: origin.url, root: built.root } }
}

async function find(options: Partial<TrustRootsOptions>) {
  const notices: string[] = []
  const onNotice: TrustRootsOptions['onNotice'] = (notice, why) => notices.push(`${why}: ${notice}`)
  const run = createRun()
  const roots = operatorTrustRoots({ io: { cwd: directory }, files: [], onNotice, ...options })
  const found = await roots({ run, signal: run.signal })
  return { found, notices, root: found[0]! }
}

const paths = () => origin.log.map(({ path: asked }) => asked)
const isEmbedded = ({ asOf }: { readonly asOf?: Date }) => asOf?.getUTCFullYear() === 2026 && asOf.getUTCMonth() === 2
const tuf = () => path.join(directory, 'cache', 'sigstore')

describe('the trust root of the public instance', () => {
  it('is the embedded one where no other is asked for, and its age is told', async () => {
    const { found, notices } = await find({})
    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({ name: 'public-good', publicGood: true })
    expect(notices).toEqual([expect.stringMatching(/^chosen: Sigstore's trust root is of 2026-03-24, \d+ days old/)])
  })

  it.each([1, 3])('is what the repository has now, with %s versions of its root', async roots => {
    const { repository } = await serve({ roots })
    const { root, notices } = await find({ transport, repository })
    expect(root).toMatchObject({ name: 'public-good', publicGood: true })
    expect(Date.now() - root.asOf!.getTime()).toBeLessThan(60_000)
    expect(notices).toEqual([])
    expect(paths()).toContain('/timestamp.json')
  })

  it('is asked for once, and not again within a day where it is kept', async () => {
    const { repository } = await serve({ roots: 2 })
    await find({ transport, repository, directory: tuf() })
    const asked = paths().length
    const { root, notices } = await find({ transport, repository, directory: tuf() })
    expect(isEmbedded(root)).toBe(false)
    expect(notices).toEqual([])
    expect(paths()).toHaveLength(asked)
    const offline = await find({ repository, directory: tuf() })
    expect(isEmbedded(offline.root)).toBe(false)
    expect(offline.notices).toEqual([expect.stringContaining('chosen')])
    await writeFile(path.join(tuf(), 'checked'), new Date(Date.now() - 48 * 3_600_000).toISOString())
    await find({ transport, repository, directory: tuf() })
    // roots that are known, and the target, are not fetched again
    expect(paths().slice(asked)).toEqual(['/3.root.json', '/timestamp.json'])
  })

  it('is fetched anew where it changed', async () => {
    const first = await serve()
    await find({ transport, repository: first.repository, directory: tuf() })
    await rm(path.join(tuf(), 'checked'))
    const other = createSigstore({ organization: 'newer' }).trustedRoot
    const second = await serve({ keys: first.keys, version: 2, targets: { 'trusted_root.json': other } })
    const repository = { ...second.repository, root: first.root }
    await find({ transport, repository, directory: tuf() })
    expect(await readFile(path.join(tuf(), 'target'), 'utf8')).toBe(other)
  })

  it('may have members that are newer than this program', async () => {
    const newer = trustedRoot.replace('{', '{"witnesses":[],')
    const { repository } = await serve({ targets: { 'trusted_root.json': newer } })
    const { root, notices } = await find({ transport, repository })
    expect({ isEmbedded: isEmbedded(root), notices }).toEqual({ isEmbedded: false, notices: [] })
  })

  it.each<[string, (serving: Awaited<ReturnType<typeof serve>>) => void]>([
    ['the repository is down', () => origin.faults.add({ fault: { kind: 'refuse' } })],
    ['it answers with errors', () => origin.faults.add({ fault: { kind: 'status', status: 500 } })],
    ['its target was altered', () => origin.faults.add({ match: /targets\//, fault: { kind: 'corrupt' } })],
    [
      'its timestamp was altered',
      () => origin.faults.add({ match: /timestamp/, fault: { kind: 'corrupt', offset: 40 } }),
    ],
  ])('is the embedded one, with a warning, where %s', async (_name, spoil) => {
    const serving = await serve()
    spoil(serving)
    const { root, notices } = await find({ transport, repository: serving.repository })
    expect(isEmbedded(root)).toBe(true)
    expect(notices).toEqual([
      expect.stringMatching(/^failed: Sigstore's trust root is of 2026-03-24, .*refreshing it failed/),
    ])
  })

  it.each<[string, Partial<TUFRepositoryOptions>]>([
    ['expired', { expires: new Date('2021-01-01T00:00:00Z') }],
    ['without a trust root', { targets: { other: '{}' } }],
    ['of a trust root that is none', { targets: { 'trusted_root.json': '{"tlogs": [{}]}' } }],
  ])('is the embedded one where the repository is %s', async (_name, options) => {
    const { repository } = await serve(options)
    const { root, notices } = await find({ transport, repository })
    expect(isEmbedded(root)).toBe(true)
    expect(notices).toHaveLength(1)
  })

  it('is not taken from a repository of other keys', async () => {
    const { repository } = await serve()
    const { root } = buildTUFRepository({ targets: {} })
    expect(isEmbedded((await find({ transport, repository: { ...repository, root } })).root)).toBe(true)
  })

  it('is the kept one where the repository is down, but not where that was altered', async () => {
    const { repository } = await serve()
    await find({ transport, repository, directory: tuf() })
    await writeFile(path.join(tuf(), 'checked'), new Date(Date.now() - 48 * 3_600_000).toISOString())
    origin.faults.add({ fault: { kind: 'refuse' } })
    const kept = await find({ transport, repository, directory: tuf() })
    expect(isEmbedded(kept.root)).toBe(false)
    expect(kept.notices).toEqual([expect.stringMatching(/^failed: .*, 2 days old/)])
    for (const file of ['target', 'targets.json', 'timestamp.json']) {
      const text = await readFile(path.join(tuf(), file), 'utf8')
      await writeFile(
        path.join(tuf(), file),
        file === 'target' ? `${text} ` : text.replace(/"sig":"..../, '"sig":"0000'),
      )
      expect(isEmbedded((await find({ transport, repository, directory: tuf() })).root)).toBe(true)
      await writeFile(path.join(tuf(), file), text)
    }
  })

  it('does not begin from a root that somebody put into the cache', async () => {
    const evil = await serve()
    await find({ transport, repository: evil.repository, directory: tuf() })
    const { root } = buildTUFRepository({ targets: {} })
    const offline = await find({ repository: { url: evil.repository.url, root }, directory: tuf() })
    expect(isEmbedded(offline.root)).toBe(true)
  })

  it('waits for another process that asks', async () => {
    const { repository } = await serve()
    const all = await Promise.all([0, 1, 2].map(() => find({ transport, repository, directory: tuf() })))
    expect(all.flatMap(({ notices }) => notices)).toEqual([])
    expect(paths().filter(asked => asked === '/timestamp.json')).toHaveLength(1)
    expect(await readdir(tuf())).not.toContain('lock')
  })

  it('must not be older than allowed', async () => {
    const old = find({ maxAgeMs: 3_600_000 })
    await expect(old).rejects.toMatchObject({ code: 'trust_root_too_old' })
    const { repository } = await serve()
    expect((await find({ maxAgeMs: 3_600_000, transport, repository })).found).toHaveLength(1)
  })
})

describe('own trust roots', () => {
  it('hold beside it, one a file or one a line', async () => {
    await writeFile(path.join(directory, 'one.json'), trustedRoot)
    const line = JSON.stringify(JSON.parse(trustedRoot))
    await writeFile(path.join(directory, 'two.jsonl'), `${line}\n${line}\n`)
    const { found } = await find({ files: ['one.json', 'two.jsonl'] })
    expect(found.map(({ name }) => name)).toEqual(['public-good', 'one.json:1', 'two.jsonl:1', 'two.jsonl:2'])
    expect(found.map(({ publicGood }) => publicGood)).toEqual([true, false, false, false])
  })

  it.each([
    ['missing.json', 'unreadable_file'],
    ['bad.json', 'invalid_trust_root'],
  ])('%s is refused', async (file, code) => {
    await writeFile(path.join(directory, 'bad.json'), '{"tlogs": [{}]}')
    await expect(find({ files: [file] })).rejects.toMatchObject({ code })
  })
})
