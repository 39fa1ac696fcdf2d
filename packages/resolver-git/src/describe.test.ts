import { formatPath, type Input, type Path, withValueAt } from '@source-policy/core'
import { describe, expect, it } from 'vitest'
import { conformanceJSON, hasConformance } from '../../../test/conformance.ts'
import { describeGit } from './describe.ts'
import { readGitSource } from './git-source.ts'
import { bindingFacts } from './resolve.ts'

interface Row {
  name: string
  identifier: string | null
  attrs?: Record<string, string>
  gitMeta?: { ref?: string; checksum: string; commitChecksum?: string }
  input: Input
  unknowns: string[]
}

const rows = hasConformance
  ? conformanceJSON<{ source_to_input: { cases: Row[] } }>('vectors', 'buildx.json').source_to_input.cases.flatMap(
      row => (row.identifier?.startsWith('git://') ? [{ ...row, identifier: row.identifier }] : []),
    )
  : []
const hash = 'a'.repeat(40)
const describeIdentifier = (identifier: string, attrs: Record<string, string> = {}) =>
  describeGit(readGitSource({ identifier, attrs }))

describe.skipIf(!hasConformance)('the input of git sources in buildx', () => {
  it.each(rows)('$name', ({ identifier, attrs = {}, gitMeta, input, unknowns }) => {
    const source = readGitSource({ identifier, attrs })
    const description = describeGit(source)
    let actual: unknown = description.input
    let unknown: Path[] = [...description.unknown]
    if (gitMeta !== undefined) {
      const { ref = '', checksum, commitChecksum = checksum } = gitMeta
      const { known, absent } = bindingFacts(source, { ref, checksum, commitChecksum })
      for (const { path, value } of known) actual = withValueAt(actual, path, value)
      const settled = [...known, ...absent].map(({ path }) => formatPath(path))
      unknown = unknown.filter(path => !settled.includes(formatPath(path)))
    }
    expect(actual).toEqual(input)
    const names = unknown.map(formatPath)
    // after the first answer the order of what is left says nothing
    if (gitMeta === undefined) expect(names).toEqual(unknowns)
    else expect(names.sort()).toEqual([...unknowns].sort())
  })
})

describe('describing a git source', () => {
  it('tells all but the objects of a commit ref', () => {
    expect(describeIdentifier(`git://github.com/a/b.git#${hash}:x/../y`)).toEqual({
      input: {
        git: {
          schema: 'https',
          host: 'github.com',
          remote: 'https://github.com/a/b.git',
          subDir: 'y',
          ref: hash,
          isCommitRef: true,
          checksum: hash,
          commitChecksum: hash,
        },
      },
      unknown: [
        ['git', 'tag'],
        ['git', 'commit'],
      ],
    })
  })

  it.each([
    [`git://h/x.git#${'b'.repeat(64)}`, { isSHA256: true, isCommitRef: true }],
    ['git://h/x.git#refs/tags/v1', { ref: 'refs/tags/v1', tagName: 'v1' }],
    ['git://h/x.git#refs/heads/a/b', { ref: 'refs/heads/a/b', branch: 'a/b' }],
    ['git://https://u:p@h:8443/x.git#:d', { host: 'h:8443', remote: 'https://u:p@h:8443/x.git', subDir: 'd' }],
    [
      'git://file:///srv/x.git#refs/heads/m:d',
      { schema: 'file', remote: 'file:///srv/x.git', branch: 'm', subDir: 'd' },
    ],
    ['git://git@h:x.git', { schema: 'ssh', host: 'h', remote: 'git@h:x.git' }],
    ['git://git://h/x.git', { schema: 'git', remote: 'git://h/x.git' }],
  ])('tells what %s says', (identifier, expected) => {
    expect(describeIdentifier(identifier).input.git).toMatchObject(expected)
  })

  it('does not tell what a short ref or another kind of ref is', () => {
    for (const ref of ['v1', 'refs/pull/1/head', 'A'.repeat(40)]) {
      const { input, unknown } = describeIdentifier(`git://h/x.git#${ref}`)
      expect(input.git).not.toHaveProperty('ref')
      expect(unknown).toContainEqual(['git', 'ref'])
    }
  })

  it('takes the remote from git.fullurl and the ref from the identifier', () => {
    const attrs = { 'git.fullurl': 'github.com/a/b.git#other' }
    expect(describeIdentifier('git://h/x.git#refs/heads/main', attrs).input.git).toEqual({
      schema: 'https',
      host: 'github.com',
      remote: 'https://github.com/a/b.git',
      fullURL: 'https://github.com/a/b.git#other',
      ref: 'refs/heads/main',
      branch: 'main',
    })
  })

  it.each([
    ['git://h/x.git#-upload-pack=evil', {}],
    ['git://h/x.git#a\nb', {}],
    ['git://h/x.git#a%00b', {}],
    [`git://h/x.git#${'a'.repeat(5000)}`, {}],
    ['git://ext::sh -c id', {}],
    ['git://-oProxyCommand=id/x.git', {}],
    ['git://git@-oProxyCommand=id:x.git', {}],
    ['git://git@h:-x', {}],
    ['git://', {}],
    ['git:///x.git', {}],
    ['git://h/x.git', { 'git.fullurl': 'ext::sh -c id' }],
    ['git://h/x.git', { 'git.fullurl': 'file://host/etc' }],
    ['git://file://', {}],
    ['git://h/x.git', { 'git.fullurl': 'ssh://-oProxyCommand=id/x' }],
    ['git://h/x.git', { 'git.checksum': '--help' }],
    ['https://h/x.git', {}],
  ])('refuses %j with %j', (identifier, attrs) => {
    expect(() => readGitSource({ identifier, attrs })).toThrow(expect.objectContaining({ code: 'invalid_identifier' }))
  })
})
