import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { confinedFiles } from './confined-files.ts'

const home = mkdtempSync(path.join(tmpdir(), 'confined-'))
const root = path.join(home, 'root')
mkdirSync(path.join(root, 'sub'), { recursive: true })
mkdirSync(path.join(home, 'root-sibling'))
writeFileSync(path.join(root, 'sub/a.rego'), 'inside')
writeFileSync(path.join(home, 'secret'), 'outside')
writeFileSync(path.join(home, 'root-sibling/secret'), 'outside')
symlinkSync('sub/a.rego', path.join(root, 'link'))
symlinkSync('../secret', path.join(root, 'escape'))
symlinkSync('..', path.join(root, 'up'))
symlinkSync('nowhere', path.join(root, 'dangling'))
symlinkSync('loop', path.join(root, 'loop'))
execFileSync('mkfifo', [path.join(root, 'pipe')])
afterAll(() => rmSync(home, { recursive: true }))

const read = async (file: string, maxBytes = 100) => {
  const bytes = await confinedFiles(root).read(file, { maxBytes })
  return bytes && Buffer.from(bytes).toString()
}

describe('files of a directory', () => {
  it.each(['sub/a.rego', 'link', './sub/../sub/a.rego', path.join(root, 'sub/a.rego')])('reads %s', async file => {
    expect(await read(file)).toBe('inside')
  })

  it.each(['missing', 'sub/missing', 'sub/a.rego/x', 'dangling'])('has no %s', async file => {
    expect(await read(file)).toBeUndefined()
  })

  it.each([
    ['outside_root', '../secret'],
    ['outside_root', '../missing'],
    ['outside_root', 'escape'],
    ['outside_root', 'up/secret'],
    ['outside_root', '../root-sibling/secret'],
    ['outside_root', '/etc/passwd'],
    ['unreadable_file', 'loop'],
    ['unreadable_file', 'sub'],
    ['unreadable_file', 'pipe'],
  ])('%s: %s', async (code, file) => {
    await expect(read(file)).rejects.toMatchObject({ code })
  })

  it('stops at its limit', async () => {
    await expect(read('link', 5)).rejects.toMatchObject({ code: 'unreadable_file' })
    expect(await read('link', 6)).toBe('inside')
  })

  it('follows links into the other directories that are given', async () => {
    const files = confinedFiles(root, [path.join(home, 'root-sibling')])
    expect(await files.read('../root-sibling/secret', { maxBytes: 100 })).toBeDefined()
    await expect(files.read('../secret', { maxBytes: 100 })).rejects.toMatchObject({ code: 'outside_root' })
  })
})
