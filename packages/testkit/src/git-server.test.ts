import { access } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gitEnv, runGit } from './git-repository.ts'
import { type GitServer, type ServedRepository, startGitServer } from './git-server.ts'

describe('startGitServer', () => {
  let server: GitServer
  let repository: ServedRepository
  let commit: string
  const git = (...args: string[]) => runGit(args, { env: gitEnv(server.home) })

  beforeAll(async () => {
    server = await startGitServer()
    repository = await server.createRepository('app')
    commit = await repository.commit({ files: { 'a/b.txt': 'b', 'c.txt': 'c' } })
  })
  afterAll(() => server.close())

  it('makes the same commits each time', async () => {
    const again = await server.createRepository('again')
    expect(await again.commit({ files: { 'a/b.txt': 'b', 'c.txt': 'c' } })).toBe(commit)
  })

  it('serves branches, light tags, annotated tags and tags of tags to git', async () => {
    await repository.tag('light', { target: commit })
    const annotated = await repository.tag('v1', { target: commit, message: 'one' })
    const nested = await repository.tag('v2', { target: annotated, message: 'two' })
    const lines = (await git('ls-remote', repository.url)).split('\n')
    expect(lines).toEqual([
      `${commit}\tHEAD`,
      `${commit}\trefs/heads/main`,
      `${commit}\trefs/tags/light`,
      `${annotated}\trefs/tags/v1`,
      `${commit}\trefs/tags/v1^{}`,
      `${nested}\trefs/tags/v2`,
      `${commit}\trefs/tags/v2^{}`,
    ])
    expect(server.log.at(-1)).toMatchObject({ method: 'POST', path: '/app.git/git-upload-pack', status: 200 })
  })

  it('serves repositories that hash by SHA-256', async () => {
    const modern = await server.createRepository('modern', { objectFormat: 'sha256' })
    const hash = await modern.commit()
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(await git('ls-remote', modern.url, 'HEAD')).toBe(`${hash}\tHEAD`)
  })

  it('spoils an answer as it is told', async () => {
    server.faults.add({ match: /info\/refs/, fault: { kind: 'status', status: 503 }, times: 1 })
    await expect(git('ls-remote', repository.url)).rejects.toThrow('503')
    await expect(git('ls-remote', repository.url)).resolves.toContain('HEAD')
  })

  it('removes its files when it closes', async () => {
    const other = await startGitServer()
    await other.createRepository('x')
    await other.close()
    await expect(access(path.join(other.root, 'x.git'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

it('speaks version 0 without filters, to whom knows the password', async () => {
  const server = await startGitServer({ protocol: 0, filter: false, auth: { username: 'u', password: 'p' } })
  try {
    const { url } = await server.createRepository('app')
    const ask = (headers: Record<string, string>) => fetch(`${url}/info/refs?service=git-upload-pack`, { headers })
    expect((await ask({})).status).toBe(401)
    const authorization = `Basic ${btoa('u:p')}`
    const text = await (await ask({ authorization, 'git-protocol': 'version=2' })).text()
    expect(text).toContain('# service=git-upload-pack')
    expect(text).not.toContain(' filter')
  } finally {
    await server.close()
  }
})
