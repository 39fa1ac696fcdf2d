import { describe, expect, it } from 'vitest'
import { conformanceJSON, hasConformance } from '../../../test/conformance.ts'
import {
  cleanSubdir,
  formatGitFragment,
  type GitRef,
  gitIdentifier,
  gitSource,
  isCommitHash,
  isGitTransport,
  isSCPForm,
  parseGitRef,
  parseGitURL,
} from './git-url.ts'

interface URLRow {
  scheme?: string
  host?: string
  path?: string
  user?: string | null
  ref?: string | null
  subdir?: string | null
  query?: Record<string, string[]> | null
  error?: boolean
}
interface Vectors {
  parseURL: (URLRow & { url: string })[]
  parseGitRef: { ref: string; error?: boolean | string; expect?: Record<string, unknown> }[]
  fragmentFormat: { ref: string; withSubdir: boolean; expect: string; ok: boolean }[]
  gitIdentifier: { url: string; remote: string; ref: string; subdir: string; canonical?: string }[]
  implicitSSH: { url: string; implicitSSH: boolean }[]
  scpURL: { url: string; error?: boolean; user?: string; host?: string; path?: string; fragment?: string }[]
}
interface BuildxVectors {
  git_url_parse: { cases: [string, URLRow][] }
  git_context_detect: {
    not_git: string[]
    git: Record<string, { ref?: string; subdir?: string }>
    error: Record<string, string>
  }
}

const partsOf = (url: string) => {
  const { scheme, host, path, userinfo, ref, subdir, query } = parseGitURL(url)
  return {
    scheme,
    host,
    path,
    user: userinfo ?? null,
    ref: ref ?? '',
    subdir: subdir ?? '',
    query: query ? Object.fromEntries(query) : null,
  }
}
const expectedParts = (row: URLRow) => ({
  scheme: row.scheme,
  host: row.host,
  path: row.path,
  user: row.user ?? null,
  ref: row.ref ?? '',
  subdir: row.subdir ?? '',
  query: row.query ?? null,
})
const nonZero = (named: GitRef) =>
  Object.fromEntries(Object.entries(named).filter(([, value]) => value !== '' && value !== false))
const refused = (text: string): string | undefined => {
  try {
    return parseGitRef(text) === undefined ? '' : undefined
  } catch (error) {
    return (error as Error).message
  }
}

describe.skipIf(!hasConformance)('the git URL rules of BuildKit', () => {
  const vectors: Vectors = hasConformance
    ? conformanceJSON('vectors', 'giturl.json')
    : { parseURL: [], parseGitRef: [], fragmentFormat: [], gitIdentifier: [], implicitSSH: [], scpURL: [] }
  const buildx: BuildxVectors | undefined = hasConformance ? conformanceJSON('vectors', 'buildx.json') : undefined

  it.each([...vectors.parseURL.map(row => [row.url, row] as const), ...(buildx?.git_url_parse.cases ?? [])])(
    'parses %s',
    (url, row) => {
      if (row.error) expect(() => parseGitURL(url)).toThrow(expect.objectContaining({ code: 'invalid_git_url' }))
      else expect(partsOf(url)).toEqual(expectedParts(row))
    },
  )

  it.each(vectors.parseGitRef)('understands $ref as a reference', row => {
    if (row.error === undefined) expect(nonZero(parseGitRef(row.ref)!)).toEqual(row.expect)
    else expect(refused(row.ref)).toContain(row.error === true ? '' : row.error)
  })

  it.each(vectors.fragmentFormat)('formats $ref with its fragment (directory: $withSubdir)', row => {
    expect(formatGitFragment(row.ref, row)).toBe(row.ok ? row.expect : undefined)
  })

  it.each(vectors.gitIdentifier)('identifies $url', row => {
    const { remote, ref = '', subdir = '' } = parseGitURL(row.url)
    expect({ remote, ref, subdir }).toEqual({ remote: row.remote, ref: row.ref, subdir: row.subdir })
    if (row.canonical !== undefined) expect(gitIdentifier(remote, ref, subdir)).toBe(row.canonical)
  })

  it.each(vectors.implicitSSH)('tells whether $url is SSH without saying so', row => {
    expect(isSCPForm(row.url)).toBe(row.implicitSSH)
  })

  it.each(vectors.scpURL)('takes $url apart where it has the scp form', row => {
    expect(isSCPForm(row.url)).toBe(row.error !== true)
    if (row.error) return
    const { userinfo, host, path, ref = '' } = parseGitURL(row.url)
    expect({ user: userinfo, host, path, fragment: ref }).toEqual({
      user: row.user,
      host: row.host,
      path: row.path,
      fragment: row.fragment,
    })
  })

  it.each(buildx?.git_context_detect.not_git ?? [])('does not take %s for git', text => {
    expect(parseGitRef(text)).toBeUndefined()
  })
  it.each(Object.entries(buildx?.git_context_detect.git ?? {}))('takes %s for git', (text, row) => {
    expect(parseGitRef(text)).toMatchObject({ ref: '', subdir: '', ...row })
  })
  it.each(Object.entries(buildx?.git_context_detect.error ?? {}))(
    'refuses %s, which is git but wrong',
    (text, message) => {
      expect(refused(text)).toContain(message)
      expect(refused(text)).not.toBe('')
    },
  )
})

describe('parseGitURL', () => {
  it.each([
    ['', 'no protocol'],
    ['github.com/moby/buildkit', 'no protocol'],
    ['ftp://github.com/moby/buildkit', 'another protocol'],
    ['ext::sh -c id', 'a helper of git'],
    ['file:///etc', 'a local file'],
    ['https://github.com:port/x.git', 'no number for a port'],
    ['https://exa mple.com/x.git', 'a space in the host'],
    ['https://exa%20mple.com/x.git', 'an encoded space in the host'],
    ['https://[::1/x.git', 'half a bracket'],
    ['https://[:1]/x.git', 'no IPv6 address in brackets'],
    ['https://[1.2.3.4]/x.git', 'an IPv4 address in brackets'],
    ['https://a:1:2/x.git', 'two ports'],
    ['https://us er@host/x.git', 'a space in the user'],
    ['https://host/%zz.git', 'a malformed escape'],
    ['https://host/x.git#%', 'a malformed escape in the fragment'],
    ['https://host/x.git\n', 'a newline'],
    ['https://host/x\0.git', 'a zero byte'],
    ['git@host:x\n.git', 'a newline in the scp form'],
    ['git@host:x?ref=%zz', 'a malformed query in the scp form'],
    ['git@host:x?ref=a;tag=b', 'a semicolon in the query of the scp form'],
  ])('refuses %j: %s', url => {
    expect(() => parseGitURL(url)).toThrow(expect.objectContaining({ code: 'invalid_git_url' }))
  })

  it.each([
    ['https://host/a%2Fb.git', { path: '/a/b.git', remote: 'https://host/a%2Fb.git' }],
    ['https://host/a b.git', { path: '/a b.git', remote: 'https://host/a%20b.git' }],
    ['https://host/é.git', { path: '/é.git', remote: 'https://host/%C3%A9.git' }],
    ['https://host/a/../b.git', { path: '/a/../b.git', remote: 'https://host/a/../b.git' }],
    ['HTTPS://Host:443/x.git', { host: 'Host:443', remote: 'https://Host:443/x.git' }],
    ['https://a/x.git?#main', { ref: 'main', remote: 'https://a/x.git?' }],
    ['https://[::1]:8443/x.git', { host: '[::1]:8443', remote: 'https://[::1]:8443/x.git' }],
    ['https://u:p%40q@host/x.git', { userinfo: 'u:p%40q', remote: 'https://u:p%40q@host/x.git' }],
    ['https://host/x.git#refs%2Fheads%2Fm', { ref: 'refs/heads/m', subdir: '' }],
    ['https://host/x.git#:a:b', { ref: '', subdir: 'a:b' }],
    ['https://host/x.git?', { remote: 'https://host/x.git?' }],
    ['https://host', { host: 'host', path: '', remote: 'https://host' }],
    ['https://[fe80::1%25eth0]/x.git', { host: '[fe80::1%eth0]', remote: 'https://[fe80::1%25eth0]/x.git' }],
    ['https://host/x.git?ref=%zz', { path: '/x.git', remote: 'https://host/x.git' }],
    ['git://', { host: '', path: '', remote: 'git:' }],
  ])('keeps the text of %s', (url, expected) => {
    expect(parseGitURL(url)).toMatchObject(expected)
  })

  it('takes no long time for a parameter that stands many times', () => {
    expect(() => parseGitURL(`https://host/app.git?${'a=1&'.repeat(200_000)}`)).not.toThrow()
  })

  it('never repeats credentials in an error', () => {
    expect(() => parseGitURL('https://user:hunter2@ho st/x.git')).not.toThrow('hunter2')
  })
})

describe('parseGitRef', () => {
  it.each([
    ['https://h/x.git?submodules=maybe', 'submodules'],
    ['https://h/x.git?ref=', 'no value'],
    ['https://h/x.git?ref=a&ref=a', 'multiple values'],
    ['https://h/x.git?checksum=aa&commit=bb', 'checksum conflicts'],
    ['https://h/x.git?subdir=a#m:b', 'subdir conflicts'],
    ['https://h/x.git?constructor=1', 'unexpected query'],
    ['github.com/a/b?what=1', 'unexpected query'],
  ])('refuses %s rather than taking it for a download', (text, message) => {
    expect(refused(text)).toContain(message)
  })

  it.each([
    ['https://h/x.git?keep-git-dir', { keepGitDir: true }],
    ['https://h/x.git?keep-git-dir=0&submodules=F', { keepGitDir: false, submodules: false }],
    ['https://h/x.git?tag=refs/tags/v1', { ref: 'refs/tags/v1' }],
    ['https://h/x.git?branch=m#refs/heads/m', { ref: 'refs/heads/m' }],
    ['https://h/x.git?commit=abc', { ref: '', checksum: 'abc' }],
    ['ssh://git@h/x', { remote: 'ssh://git@h/x', unencryptedTCP: false }],
    ['github.com/a/b.git:c', { remote: 'github.com/a/b.git:c', indistinguishableFromLocal: true }],
  ])('reads %s', (text, expected) => {
    expect(parseGitRef(text)).toMatchObject(expected)
  })
})

describe('gitSource', () => {
  it.each([
    [
      'https://user:secret@github.com/a/b.git?subdir=/x/../y&keep-git-dir&checksum=abc#v1',
      'git://github.com/a/b.git#v1:/x/../y',
      {
        'git.fullurl': 'https://user:secret@github.com/a/b.git',
        'git.authtokensecret': 'GIT_AUTH_TOKEN',
        'git.authheadersecret': 'GIT_AUTH_HEADER',
        'git.keepgitdir': 'true',
        'git.checksum': 'abc',
      },
    ],
    [
      'git@github.com:a/b.git?submodules=false',
      'git://github.com/a/b.git',
      {
        'git.fullurl': 'git@github.com:a/b.git',
        'git.authtokensecret': 'GIT_AUTH_TOKEN',
        'git.authheadersecret': 'GIT_AUTH_HEADER',
        'git.mountsshsock': 'default',
        'git.skipsubmodules': 'true',
      },
    ],
    [
      'github.com/a/b',
      'git://github.com/a/b',
      {
        'git.fullurl': 'https://github.com/a/b',
        'git.authtokensecret': 'GIT_AUTH_TOKEN',
        'git.authheadersecret': 'GIT_AUTH_HEADER',
      },
    ],
  ])('makes the source operation of %s', (text, identifier, attrs) => {
    expect(gitSource(parseGitRef(text)!)).toEqual({ identifier, attrs })
  })
})

it.each([
  ['../../x', 'x'],
  ['a/../../../b/./c//', 'b/c'],
  ['/', ''],
  ['', ''],
])('a directory %j cannot leave the repository', (subdir, cleaned) => {
  expect(cleanSubdir(subdir)).toBe(cleaned)
})

it.each([
  ['a'.repeat(40), true],
  ['0'.repeat(64), true],
  ['A'.repeat(40), false],
  ['a'.repeat(39), false],
  ['a'.repeat(41), false],
])('a commit is named in full: %s', (ref, expected) => {
  expect(isCommitHash(ref)).toBe(expected)
})

it.each([
  ['HTTPS://x', true],
  ['git@host:x', true],
  ['file:///x', false],
  ['github.com/x', false],
])('%s begins as a git URL: %s', (text, expected) => {
  expect(isGitTransport(text)).toBe(expected)
})
