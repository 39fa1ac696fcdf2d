import type { Source } from '@source-policy/core'
import { gitSource, parseGitRef } from '@source-policy/core/git-url'
import type { SourcePin } from '@source-policy/dockerfile'
import { describe, expect, it } from 'vitest'
import { closedPolicy } from './closed-policy.ts'
import { applyStatically } from './testing/static-policy.ts'

const digest = `sha256:${'a'.repeat(64)}`
const other = `sha256:${'b'.repeat(64)}`
const commit = 'c'.repeat(40)

const image = (name: string): Source => ({ kind: 'image', identifier: `docker-image://${name}`, attrs: {} })
const http = (identifier: string, attrs = {}): Source => ({ kind: 'http', identifier, attrs })
const local = (name: string): Source => ({ kind: 'local', identifier: `local://${name}`, attrs: {} })
const git = (url: string, more = {}): Source => {
  const { identifier, attrs } = gitSource(parseGitRef(url)!)
  return { kind: 'git', identifier, attrs: { ...attrs, ...more } }
}
const pin = (source: Source, to: string): SourcePin => ({ source, locations: [], roles: [], digest: to })
const under = (pins: readonly SourcePin[], source: Source) => applyStatically(closedPolicy(pins), source)

describe('a closed policy', () => {
  it.each<[string, Source, string, string, Record<string, string>]>([
    [
      'an image by its tag',
      image('docker.io/library/alpine:3.22'),
      digest,
      `docker-image://docker.io/library/alpine:3.22@${digest}`,
      {},
    ],
    [
      'an image by its digest',
      image(`docker.io/library/alpine@${digest}`),
      digest,
      `docker-image://docker.io/library/alpine@${digest}`,
      {},
    ],
    [
      'an image that a policy pinned to another digest',
      image(`r:5000/a:1@${other}`),
      digest,
      `docker-image://r:5000/a:1@${digest}`,
      {},
    ],
    [
      'a branch',
      git('https://h.example/r.git#main'),
      commit,
      `git://h.example/r.git#${commit}`,
      { 'git.checksum': commit },
    ],
    [
      'a directory of a tag',
      git('https://h.example/r.git#v1:sub'),
      commit,
      `git://h.example/r.git#${commit}:sub`,
      { 'git.checksum': commit },
    ],
    [
      'the default branch',
      git('https://h.example/r.git'),
      commit,
      `git://h.example/r.git#${commit}`,
      { 'git.checksum': commit },
    ],
    [
      'git over SSH',
      git('git@h.example:r.git#v1'),
      commit,
      `git://h.example/r.git#${commit}`,
      { 'git.checksum': commit },
    ],
    [
      'a commit',
      git(`https://h.example/r.git#${commit}`),
      commit,
      `git://h.example/r.git#${commit}`,
      { 'git.checksum': commit },
    ],
    ['a download', http('https://a.example/x?y=1'), digest, 'https://a.example/x?y=1', { 'http.checksum': digest }],
    ['a directory', local('context'), '', 'local://context', {}],
  ])('makes of %s what was checked', (_, source, to, identifier, attrs) => {
    const pins = [pin(local('dockerfile'), ''), pin(source, to)]
    expect(under(pins, source)).toEqual({ identifier, attrs: { ...source.attrs, ...attrs } })
    // BuildKit looks at it again under its new name
    const again = { ...source, identifier, attrs: { ...source.attrs, ...attrs } }
    expect(under(pins, again)).toEqual({ identifier, attrs: again.attrs })
  })

  it.each<[string, Source]>([
    ['another image', image('docker.io/library/busybox:1')],
    ['another tag', image('docker.io/library/alpine:3.23')],
    ['another digest of it', image(`docker.io/library/alpine:3.22@${other}`)],
    ['the same digest elsewhere', image(`evil.example/library/alpine:3.22@${digest}`)],
    ['a name that begins alike', image('docker.io/library/alpine:3.22.1')],
    ['another repository', git('https://h.example/other.git#main')],
    ['another commit of it', git(`https://h.example/r.git#${'d'.repeat(40)}`)],
    ['another directory of it', git('https://h.example/r.git#main:sub')],
    ['another download', http('https://a.example/y')],
    ['the same download by http', http('http://a.example/x')],
    ['a directory', local('other')],
    ['what a name with a line break hides', http('https://a.example/x\nhttps://b.example/')],
    ['a scheme of later', { kind: 'oci', identifier: 'oci-layout://a@sha256:0', attrs: {} }],
    ['nothing', { kind: '', identifier: '', attrs: {} }],
  ])('denies %s', (_, source) => {
    const pins = [
      pin(image('docker.io/library/alpine:3.22'), digest),
      pin(git('https://h.example/r.git#main'), commit),
      pin(http('https://a.example/x'), digest),
      pin(local('context'), ''),
    ]
    expect(under(pins, source)).toBeUndefined()
  })

  it('puts right what a changed Dockerfile says of a checksum', () => {
    const pins = [pin(http('https://a.example/x'), digest)]
    expect(under(pins, http('https://a.example/x', { 'http.checksum': other }))?.attrs['http.checksum']).toBe(digest)
  })

  it('knows git sources as BuildKit spells them', () => {
    const written: Source = {
      ...git('https://h.example/r.git#v1'),
      identifier: 'git://h.example/r.git#v1:/sub/../sub/',
    }
    const spelled = { ...written, identifier: 'git://h.example/r.git#v1:sub' }
    for (const source of [written, spelled]) {
      expect(under([pin(written, commit)], source)?.identifier).toBe(`git://h.example/r.git#${commit}:sub`)
    }
  })

  it('takes one checksum of a file that has several', () => {
    const sha512 = `sha512:${'d'.repeat(128)}`
    const [plain, checked] = [http('https://a.example/x'), http('https://a.example/x', { 'http.checksum': sha512 })]
    for (const pins of [
      [pin(plain, digest), pin(checked, sha512)],
      [pin(checked, sha512), pin(plain, digest)],
    ]) {
      for (const source of [plain, checked]) expect(under(pins, source)?.attrs['http.checksum']).toBe(digest)
    }
  })

  it.each<[string, SourcePin[]]>([
    ['two digests of one name', [pin(image('a:1'), digest), pin(image('a:1'), other)]],
    ['two commits of one name', [pin(git('https://h/r.git#v'), commit), pin(git('git@h:r.git#v'), 'd'.repeat(40))]],
    ['a password in a URL', [pin(http('https://u:p@a.example/x'), digest)]],
    ['a token in a URL', [pin(http('https://a.example/x?token=secret'), digest)]],
  ])('is not made of %s', (_, pins) => {
    expect(() => closedPolicy(pins)).toThrow(expect.objectContaining({ code: 'not_pinnable' }))
    expect(() => closedPolicy(pins)).not.toThrow(/u:p|secret[^ ]/)
  })

  it('is written as BuildKit reads it', () => {
    const policy = closedPolicy([
      pin(image('docker.io/library/alpine:3.22'), digest),
      pin(http('https://a.example/x'), digest),
    ])
    const alpine = 'docker-image://docker.io/library/alpine:3.22'
    expect(policy).toEqual({
      version: 1,
      rules: [
        { action: 'DENY', selector: { identifier: '.*', match_type: 'REGEX' } },
        {
          action: 'CONVERT',
          selector: { identifier: alpine, match_type: 'EXACT' },
          updates: { identifier: `${alpine}@${digest}` },
        },
        {
          action: 'CONVERT',
          selector: { identifier: 'https://a.example/x', match_type: 'EXACT' },
          updates: { identifier: 'https://a.example/x', attrs: { 'http.checksum': digest } },
        },
        { action: 'ALLOW', selector: { identifier: `${alpine}@${digest}`, match_type: 'EXACT' } },
        {
          action: 'ALLOW',
          selector: {
            identifier: 'https://a.example/x',
            match_type: 'EXACT',
            constraints: [{ key: 'http.checksum', value: digest, condition: 'EQUAL' }],
          },
        },
      ],
    })
  })
})
