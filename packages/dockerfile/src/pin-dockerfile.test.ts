import { describe, expect, it } from 'vitest'
import { dockerfileSources, parseDockerfile, pinDockerfile, type SourcePin } from './index.ts'

const digest = `sha256:${'a'.repeat(64)}`
const commit = 'c'.repeat(40)
const buildPlatform = { os: 'linux', architecture: 'amd64' }

type Options = Partial<Parameters<typeof dockerfileSources>[1]>

/** Every source of the text pinned, and the text with these pins. */
function pin(text: string, options: Options = {}, digests: (pin: Omit<SourcePin, 'digest'>) => string = digestFor) {
  const dockerfile = parseDockerfile(text, { file: 'Dockerfile' })
  const { sources } = dockerfileSources(dockerfile, { buildPlatform, baseConfig: () => ({}), ...options })
  return pinDockerfile(
    text,
    dockerfile,
    sources.map(found => ({ ...found, digest: digests(found) })),
  )
}

const digestFor = ({ source }: Pick<SourcePin, 'source'>) => (source.kind === 'git' ? commit : digest)

describe('a Dockerfile with pins', () => {
  it.each([
    ['FROM alpine:3.22', `FROM alpine:3.22@${digest}`],
    ['FROM alpine', `FROM alpine:latest@${digest}`],
    [
      'from   --platform=linux/arm64\talpine:3.22   as x',
      `from   --platform=linux/arm64\talpine:3.22@${digest}   as x`,
    ],
    ['FROM docker.io/library/alpine:3.22', `FROM docker.io/library/alpine:3.22@${digest}`],
    ['FROM localhost:5000/a/b:1', `FROM localhost:5000/a/b:1@${digest}`],
    [`FROM alpine:3.22@${digest}`, undefined],
    [`FROM alpine@sha256:${'b'.repeat(64)}`, `FROM alpine@${digest}`],
    [
      '# syntax=docker/dockerfile:1 # words\nFROM scratch',
      `# syntax=docker/dockerfile:1@${digest} # words\nFROM scratch`,
    ],
    ['#SYNTAX = docker/dockerfile\nFROM scratch', `#SYNTAX = docker/dockerfile:latest@${digest}\nFROM scratch`],
    [
      'FROM scratch\nCOPY --link --from=alpine:3.22 /a /b',
      `FROM scratch\nCOPY --link --from=alpine:3.22@${digest} /a /b`,
    ],
    ['FROM scratch AS a\nFROM scratch\nCOPY --from=a / /\nCOPY --from=0 / /', undefined],
    [
      'FROM scratch\nRUN --mount=type=bind,from=alpine:3.22,target=/x --mount=from=busybox:1,target=/y true',
      `FROM scratch\nRUN --mount=type=bind,from=alpine:3.22@${digest},target=/x --mount=from=busybox:1@${digest},target=/y true`,
    ],
    ['FROM scratch\nADD https://a.example/x /', `FROM scratch\nADD --checksum=${digest} https://a.example/x /`],
    [
      'FROM scratch\nadd --link \\\n  # why\n  https://a.example/x \\\n  /',
      `FROM scratch\nadd --checksum=${digest} --link \\\n  # why\n  https://a.example/x \\\n  /`,
    ],
    [
      'FROM scratch\nADD ["https://a.example/x", "/"]',
      `FROM scratch\nADD --checksum=${digest} ["https://a.example/x", "/"]`,
    ],
    [`FROM scratch\nADD --checksum=${digest} https://a.example/x /`, undefined],
    [
      'FROM scratch\nARG V=1\nADD https://a.example/$V /',
      `FROM scratch\nARG V=1\nADD --checksum=${digest} https://a.example/$V /`,
    ],
    ['FROM scratch\nADD https://h.example/r.git#v1 /', `FROM scratch\nADD https://h.example/r.git#${commit} /`],
    ['FROM scratch\nADD https://h.example/r.git#v1:sub /', `FROM scratch\nADD https://h.example/r.git#${commit}:sub /`],
    ['FROM scratch\nADD https://h.example/r.git /', `FROM scratch\nADD https://h.example/r.git#${commit} /`],
    ['FROM scratch\nADD git@h.example:r.git#main /', `FROM scratch\nADD git@h.example:r.git#${commit} /`],
    [
      'FROM scratch\nADD https://h.example/r.git?tag=v1&subdir=s /',
      `FROM scratch\nADD https://h.example/r.git?tag=v1&subdir=s&checksum=${commit} /`,
    ],
    [`FROM scratch\nADD https://h.example/r.git#${commit} /`, undefined],
    [
      'FROM scratch\nADD https://h.example/a.git#v1 https://h.example/b.git#v2 /',
      `FROM scratch\nADD https://h.example/a.git#${commit} https://h.example/b.git#${commit} /`,
    ],
  ])('%j', (text, expected) => {
    for (const [written, wanted] of [
      [text, expected ?? text],
      [`${text}\n# end\n`, `${expected ?? text}\n# end\n`],
    ] as const) {
      const { problems, edits, ...pinned } = pin(written)
      expect(problems).toEqual([])
      expect(pinned.text).toBe(wanted)
      expect(edits.length > 0).toBe(expected !== undefined)
      // what is pinned stays as it is
      expect(pin(pinned.text)).toEqual({ text: wanted, edits: [], problems: [] })
    }
  })

  it('keeps line ends, marks and odd spacing as they were', () => {
    const text = '\ufeff# syntax=docker/dockerfile:1\r\n\r\nFROM alpine:3.22 \\\r\n  AS x\r\n\r\nRUN true\r\n'
    const { text: pinned } = pin(text)
    expect(pinned.replaceAll(`@${digest}`, '')).toBe(text)
    expect(pinned.split(digest)).toHaveLength(3)
  })

  it('keeps what follows a comment and a heredoc', () => {
    const text = 'FROM alpine:3.22\nRUN <<EOF\nFROM alpine:3.22\nEOF\nCOPY --from=alpine:3.22 / / # alpine:3.22\n'
    const { text: pinned, edits } = pin(text)
    expect(edits.map(({ location }) => [location.line, location.column])).toEqual([
      [1, 6],
      [5, 13],
    ])
    expect(pinned.replaceAll(`@${digest}`, '')).toBe(text)
  })

  it('has an edit for each place of a source', () => {
    const { text } = pin('FROM alpine:3.22 AS a\nFROM alpine:3.22\nCOPY --from=a / /\n')
    expect(text.split(digest)).toHaveLength(3)
  })
})

describe('what is not pinned in the text', () => {
  it.each<[string, string, Options, [number, number] | undefined]>([
    ['a variable', 'ARG V=3.22\nFROM alpine:$V\n', {}, [2, 6]],
    ['a variable that is the whole', 'ARG B=alpine:3.22\nFROM ${B}\n', {}, [2, 6]],
    ['a name in quotes', 'FROM "alpine:3.22"\n', {}, [1, 6]],
    ['a name that is cut in two', 'FROM alp\\\nine:3.22\n', {}, [1, 6]],
    ['a flag in quotes', 'FROM scratch\nCOPY --from="alpine:3.22" / /\n', {}, [2, 6]],
    ['a mount in quotes', 'FROM scratch\nRUN --mount="from=alpine:3.22,target=/x" true\n', {}, [2, 5]],
    ['several downloads of one ADD', 'FROM scratch\nADD https://a.example/x https://a.example/y /\n', {}, [2, 5]],
    ['a variable in a git URL', 'FROM scratch\nARG R=v1\nADD https://h.example/r.git#$R /\n', {}, [3, 5]],
    ['a named context', 'FROM alpine:3.22\n', { contexts: { 'alpine:3.22': 'docker-image://busybox:1' } }, [1, 6]],
    ['a remote build context', 'FROM scratch\nCOPY / /\n', { context: 'https://h.example/r.git' }, undefined],
    ['the generator of an SBOM', 'FROM scratch\n', { sbomGenerator: 'sbom:1' }, undefined],
    ['a trigger', 'FROM alpine:3.22\n', { baseConfig: () => ({ onbuild: ['ADD https://a.example/x /'] }) }, [1, 6]],
    ['syntax in JSON', '{"syntax": "docker/dockerfile:1"}\nFROM scratch\n', {}, [1, 1]],
  ])('%s', (_, text, options, place) => {
    let problems: ReturnType<typeof pin>['problems']
    try {
      problems = pin(text, options).problems
    } catch (error) {
      // not a Dockerfile at all: nothing to pin
      expect(error).toMatchObject({ code: 'syntax_error' })
      return
    }
    expect(problems.length).toBeGreaterThan(0)
    const { location } = problems[0] ?? {}
    expect(location && [location.line, location.column]).toEqual(place)
  })

  it('is a download whose one line leads to several files', () => {
    const text = 'FROM scratch\nARG TARGETARCH\nADD https://a.example/$TARGETARCH /\n'
    const platforms = [buildPlatform, { os: 'linux', architecture: 'arm64' }]
    const { problems } = pin(text, { platforms }, ({ source }) =>
      source.identifier.endsWith('arm64') ? `sha256:${'b'.repeat(64)}` : digest,
    )
    expect(problems.map(({ why }) => why)).toEqual(['the same words name several sources'])
  })

  it('is a download with another checksum', () => {
    const { problems } = pin(`FROM scratch\nARG C=${digest}\nADD --checksum=$C https://a.example/x /\n`)
    expect(problems).toHaveLength(1)
  })
})
