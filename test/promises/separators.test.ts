import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'

/* No shell, and paths with either separator, as far as it can be known on this system. */

const root = fileURLToPath(new URL('../..', import.meta.url))

const sources = ['packages', 'apps'].flatMap(folder =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(file => /^[^/\\]+[/\\]src[/\\].*\.ts$/.test(file) && !/\.test\.ts$|^testkit|conformance|testing/.test(file))
    .map(file => ({ file, text: readFileSync(path.join(root, folder, file), 'utf8') })),
)

it('no shell is spawned', () => {
  expect(sources.length).toBeGreaterThan(100)
  const shells = sources.filter(({ text }) => {
    return /\bshell:\s*(?:true|['"])|\{[^}]*\bexec(?:Sync)?\b[^}]*\} from 'node:child_process'|\/bin\/sh/.test(text)
  })
  expect(shells.map(({ file }) => file)).toEqual([])
})

describe('with the separators of Windows', async () => {
  vi.doMock('node:path', () => ({ ...path.win32, default: path.win32 }))
  const { isWithin } = await import('../../apps/cli/src/confined-files.ts')
  vi.doUnmock('node:path')

  it.each([
    ['C:\\ctx\\a', true],
    ['C:\\ctx', true],
    ['c:\\CTX\\a', true],
    ['C:\\ctx\\..a', true],
    ['C:\\ctx\\..\\a', false],
    ['C:\\ctxa', false],
    ['D:\\ctx\\a', false],
    ['\\\\server\\share\\a', false],
    ['\\\\?\\C:\\other', false],
  ])('%s lies in C:\\ctx: %s', (file, expected) => expect(isWithin(file, 'C:\\ctx')).toBe(expected))
})
