import fs from 'node:fs'
import { createRun } from '@source-policy/core'
import { type GitServer, type ServedRepository, startGitServer } from '@source-policy/testkit'
import { createTransport, type Transport } from '@source-policy/transport'
import { readCommit, readTag } from 'isomorphic-git'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { gitResolver } from './git-resolver.ts'

/* What is read off the wire has to be what another implementation reads off the disk. */

let server: GitServer
let transport: Transport
let repository: ServedRepository
let commits: string[]
let tags: string[]

beforeAll(async () => {
  server = await startGitServer()
  transport = createTransport({ allowAddresses: [server.host], retries: 0 })
  repository = await server.createRepository('app')
  const first = await repository.commit({ files: { a: 'a', 'b/c': 'c' }, message: 'first\n' })
  const side = await repository.commit({ branch: 'side', parents: [first], date: '1700000000 -0930' })
  const merge = await repository.commit({ parents: [first, side], message: 'merge\n\nbody ü\n\n\n' })
  const odd = await repository.commit({
    parents: [merge],
    author: { name: 'Åda "A" O\'Example', email: 'a+b@example.test' },
    committer: { name: 'C', email: 'c@example.test' },
    message: 'subject only',
    date: '@1 +1400',
  })
  commits = [first, side, merge, odd]
  const inner = await repository.tag('inner', { target: odd, message: 'inner\n' })
  tags = [inner, await repository.tag('outer', { target: inner, message: 'outer\n\nbody\n' })]
})
afterAll(() => Promise.all([server.close(), transport.close()]))

async function field(hash: string, name: 'commit' | 'tag'): Promise<unknown> {
  const resolver = gitResolver({ transport })
  const run = createRun()
  const source = resolver.parse(`git://${repository.url}#${hash}`, { attrs: {} })
  const context = { run, signal: run.signal, anonymous: false }
  const { known } = await resolver.resolve(source, [['git', name]], context)
  return known.find(({ path }) => path[1] === name)?.value
}
const actor = ({ name, email }: { name: string; email: string }) => ({ name, email })
/** RFC 3339 of what isomorphic-git gives: minutes that are to be added to local time. */
function when({ timestamp, timezoneOffset }: { timestamp: number; timezoneOffset: number }): string {
  const local = new Date((timestamp - timezoneOffset * 60) * 1000).toISOString().slice(0, 19)
  const minutes = Math.abs(timezoneOffset)
  const pad = (value: number) => String(value).padStart(2, '0')
  return `${local}${timezoneOffset > 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`
}

it('commits are read as isomorphic-git reads them', async () => {
  for (const oid of commits) {
    const { commit } = await readCommit({ fs, gitdir: repository.dir, oid })
    expect(await field(oid, 'commit')).toEqual({
      tree: commit.tree,
      ...(commit.parent.length > 0 ? { parents: commit.parent } : {}),
      author: { ...actor(commit.author), when: when(commit.author) },
      committer: { ...actor(commit.committer), when: when(commit.committer) },
      // it trims and ends each message, buildx takes one newline off
      message: expect.stringMatching(new RegExp(`^${commit.message.trim()}\\n*$`)),
    })
  }
})

it('tags are read as isomorphic-git reads them', async () => {
  for (const oid of tags) {
    const { tag } = await readTag({ fs, gitdir: repository.dir, oid })
    expect(await field(oid, 'tag')).toMatchObject({
      object: tag.object,
      type: tag.type,
      tag: tag.tag,
      tagger: { ...actor(tag.tagger), when: when(tag.tagger) },
      message: tag.message.trim(),
    })
  }
})
