import type { Platform } from '@source-policy/core'
import { describe, expect, it } from 'vitest'
import { dockerfileSources, parseDockerfile, type SourcesOptions } from './index.ts'

const amd64: Platform = { os: 'linux', architecture: 'amd64' }
const digest = `sha256:${'a'.repeat(64)}`

function sourcesOf(text: string, options: Partial<SourcesOptions> = {}) {
  const dockerfile = parseDockerfile(text, { file: 'Dockerfile' })
  return dockerfileSources(dockerfile, { buildPlatform: amd64, baseConfig: () => ({}), ...options })
}

/** Identifiers of all but the local sources, with the platform where it is not the build's. */
function identifiers(text: string, options: Partial<SourcesOptions> = {}): string[] {
  return sourcesOf(text, options).sources.flatMap(({ source: { identifier, platform } }) => {
    if (identifier.startsWith('local://')) return []
    return platform === undefined || platform.architecture === 'amd64'
      ? identifier
      : `${identifier} ${platform.architecture}`
  })
}

const refusal = (text: string, options: Partial<SourcesOptions> = {}) => {
  try {
    sourcesOf(text, options)
  } catch (error) {
    const { code, location } = error as { code: string; location?: { line: number } }
    return location === undefined ? code : `${code} ${location.line}`
  }
  return 'accepted'
}

describe('the sources of a Dockerfile', () => {
  it('are its base images, downloads, repositories and the local context, each where it stands', () => {
    const text = [
      'ARG V=3.22',
      'FROM alpine:${V} AS build',
      `ADD --checksum=${digest} https://example.com/app.tgz \\`,
      '    https://github.com/moby/buildkit.git#v1:sub /src/',
    ].join('\n')
    expect(refusal(text)).toBe('syntax_error 3')
    const { sources, needs, undetermined } = sourcesOf(text.replace(/--checksum=\S+ /, ''))
    expect(sources.map(({ source, locations, roles }) => [source.identifier, roles, locations])).toEqual([
      ['local://dockerfile', ['dockerfile'], []],
      ['local://context', ['context'], []],
      ['docker-image://docker.io/library/alpine:3.22', ['base'], [{ file: 'Dockerfile', line: 2, column: 6 }]],
      ['https://example.com/app.tgz', ['add'], [{ file: 'Dockerfile', line: 3, column: 5 }]],
      ['git://github.com/moby/buildkit.git#v1:sub', ['add'], [{ file: 'Dockerfile', line: 4, column: 5 }]],
    ])
    expect([needs, undetermined]).toEqual([[], []])
  })

  it('are only those of stages that the target needs', () => {
    const text = 'FROM a AS one\nFROM b AS two\nFROM c AS three\nCOPY --from=one / /\nRUN --mount=from=d,target=/d true'
    const image = (name: string) => `docker-image://docker.io/library/${name}:latest`
    expect(identifiers(text)).toEqual(['a', 'c', 'd'].map(image))
    expect(identifiers(text, { target: 'TWO' })).toEqual([image('b')])
    expect(refusal(text, { target: 'four' })).toBe('invalid_reference')
  })

  it('are those of every platform', () => {
    const text =
      'FROM --platform=$BUILDPLATFORM tools AS t\nFROM base\nCOPY --from=t / /\nARG TARGETARCH\nADD https://e.com/$TARGETARCH /'
    const platforms = [amd64, { os: 'linux', architecture: 'arm64' }]
    expect(identifiers(text, { platforms }).sort()).toEqual([
      'docker-image://docker.io/library/base:latest',
      'docker-image://docker.io/library/base:latest arm64',
      'docker-image://docker.io/library/tools:latest',
      'https://e.com/amd64',
      'https://e.com/arm64',
    ])
  })

  it('stand in for what named contexts replace', () => {
    const text = 'FROM alpine:latest AS base\nADD https://e.com/never /\nFROM base\nCOPY --from=Lib / /'
    const contexts = { base: 'docker-image://debian:13', lib: 'local:lib' }
    expect(
      sourcesOf('FROM alpine\nCOPY --from=lib / /', { contexts }).sources.map(({ source }) => source.identifier),
    ).toContain('local://lib')
    expect(refusal(text, { contexts })).toBe('invalid_reference 4')
  })
})

describe('what cannot be known before the build', () => {
  const text = 'FROM tools\nADD https://e.com/$VERSION.tgz /'

  it('is told, with the image whose configuration would tell more', () => {
    const { sources, needs, undetermined } = sourcesOf(text, { baseConfig: () => undefined })
    expect(sources.map(({ source }) => source.identifier)).not.toContain('https://e.com/.tgz')
    expect(needs.map(({ source, why }) => [source.identifier, why])).toEqual([
      ['docker-image://docker.io/library/tools:latest', 'onbuild'],
      ['docker-image://docker.io/library/tools:latest', 'env'],
    ])
    expect(undetermined.map(({ kind, location, text: words }) => [kind, location.line, words])).toEqual([
      ['onbuild', 1, 'docker.io/library/tools:latest'],
      ['env', 2, 'https://e.com/$VERSION.tgz'],
    ])
  })

  it('is known with the configuration, triggers included', () => {
    const config = { env: ['VERSION=7'], onbuild: ['COPY --from=more / /', 'ADD https://e.com/trigger /'] }
    const baseConfig: SourcesOptions['baseConfig'] = ({ identifier }) => (identifier.includes('tools') ? config : {})
    expect(identifiers(text, { baseConfig })).toEqual([
      'docker-image://docker.io/library/tools:latest',
      'docker-image://docker.io/library/more:latest',
      'https://e.com/trigger',
      'https://e.com/7.tgz',
    ])
  })

  it('is what a foreign frontend makes of the file', () => {
    const dockerfile = parseDockerfile('# syntax=example.com/other\nwhatever: this is', { file: 'Dockerfile' })
    const { undetermined } = dockerfileSources(dockerfile, { buildPlatform: amd64 })
    expect(undetermined.map(({ kind }) => kind)).toEqual(['frontend'])
    expect(refusal('# syntax=docker/dockerfile:1\nwhatever: this is')).toBe('syntax_error 2')
  })

  it.each<[string, string, string[]]>([
    ['an image', 'docker-image://evil/frontend', ['docker-image://docker.io/evil/frontend:latest']],
    [
      'a frontend that is known',
      'docker-image://docker/dockerfile:1',
      ['docker-image://docker.io/docker/dockerfile:1'],
    ],
    ['a repository', 'https://github.com/evil/frontend.git', ['git://github.com/evil/frontend.git']],
    ['scratch', 'docker-image://scratch', []],
  ])('is what a named context in the place of the frontend makes of the file: %s', (_, context, expected) => {
    const contexts = { 'docker/dockerfile:1': context }
    const text = '# syntax=docker.io/docker/dockerfile:1\nFROM scratch'
    expect(identifiers(text, { contexts })).toEqual(expected)
    expect(sourcesOf(text, { contexts }).undetermined.map(({ kind }) => kind)).toEqual(['frontend'])
    const buildArgs = { BUILDKIT_SYNTAX: 'docker/dockerfile:1' }
    expect(identifiers('FROM scratch', { contexts, buildArgs })).toEqual(expected)
  })

  it('is what a named context in the place of the frontend makes of the file, whatever the name', () => {
    const contexts = { scratch: 'docker-image://evil/frontend', context: 'docker-image://evil/other::x' }
    expect(identifiers('# syntax=scratch\nFROM scratch', { contexts })).toEqual([
      'docker-image://docker.io/evil/frontend:latest',
    ])
  })

  it.each<[string, string, string[]]>([
    ['docker/dockerfile:1.2', 'FROM good\nRUN x <<"FROM evil"\nFROM evil', ['frontend']],
    ['docker/dockerfile:1.3.1', 'FROM good\nRUN x <<"RUN y"\nADD https://e.com/x /\nRUN y', ['frontend']],
    [`docker/dockerfile:1@${digest}`, 'FROM good\nRUN x <<"FROM evil"\nFROM evil', ['frontend']],
    ['docker/dockerfile:1.4', 'FROM good\nRUN x <<"FROM evil"\nFROM evil', []],
    ['docker/dockerfile:1', 'FROM good\nRUN x <<"FROM evil"\nFROM evil', []],
    [`docker/dockerfile:1@${digest}`, 'FROM good\nRUN <<EOF\nENV x\nEOF', []],
    ['docker/dockerfile:1.5', 'FROM good\nADD https://e.com/x.git /x', ['frontend']],
    ['docker/dockerfile:1.6', 'FROM good\nADD https://e.com/x.git /x', []],
    ['docker/dockerfile:1.2', 'FROM good\nRUN x', []],
  ])('is what %s makes of what it may not know: %j', (frontend, text, expected) => {
    const { undetermined } = sourcesOf(`# syntax=${frontend}\n${text}`)
    expect(undetermined.map(({ kind }) => kind)).toEqual(expected)
    expect(sourcesOf(text, { buildArgs: { BUILDKIT_SYNTAX: frontend } }).undetermined).toHaveLength(expected.length)
  })
})

describe('an ADD', () => {
  const remote = (text: string) => {
    const found = sourcesOf(`FROM scratch\n${text}`).sources.find(({ roles }) => roles.includes('add'))
    return found && [found.source.identifier, found.source.attrs]
  }
  const secrets = { 'git.authtokensecret': 'GIT_AUTH_TOKEN', 'git.authheadersecret': 'GIT_AUTH_HEADER' }

  it.each([
    ['ADD https://e.com/d/a%20b?x#y /', ['https://e.com/d/a%20b?x#y', { 'http.filename': 'a b' }]],
    ['ADD https://e.com/. /', ['https://e.com/.', { 'http.filename': '__unnamed__' }]],
    ['ADD https://[:1]/a /', ['https://[:1]/a', { 'http.filename': '__unnamed__' }]],
    [
      `ADD --checksum=${digest} https://e.com/a /`,
      ['https://e.com/a', { 'http.filename': 'a', 'http.checksum': digest }],
    ],
    [
      'ADD https://e.com/r.git?subdir=/a/../b&ref=v1 /',
      ['git://e.com/r.git#v1:/a/../b', { 'git.fullurl': 'https://e.com/r.git', ...secrets }],
    ],
    ['ADD https://e.com/r.git? /', ['git://e.com/r.git', { 'git.fullurl': 'https://e.com/r.git?', ...secrets }]],
    ['ADD HTTPS://e.com/a ftp://e.com/b github.com/a/b /', undefined],
  ])('%s', (text, expected) => {
    expect(remote(text)).toEqual(expected)
  })

  it('hands what a git URL says on to the words after it', () => {
    const { sources } = sourcesOf('FROM scratch\nADD https://e.com/a.git?commit=abc&keep-git-dir git://e.com/b /')
    expect(sources.at(-1)?.source.attrs).toMatchObject({ 'git.checksum': 'abc', 'git.keepgitdir': 'true' })
  })

  it('that cannot be told leaves open what comes after it', () => {
    const text = 'FROM tools\nADD https://e.com/a.git?commit=$C git://e.com/b /'
    const { sources, undetermined } = sourcesOf(text, { baseConfig: () => undefined })
    expect(sources.flatMap(({ roles }) => roles)).not.toContain('add')
    expect(undetermined.filter(({ kind }) => kind === 'env')).toHaveLength(2)
  })

  it('that goes with a checksum which may turn out to be blank is not refused before that is known', () => {
    const add = (checksum: string) => `FROM tools\nADD --checksum=${checksum} git://e.com/a git://e.com/b /`
    const { undetermined } = sourcesOf(add('$C'), { baseConfig: () => undefined })
    expect(undetermined.filter(({ kind }) => kind === 'env')).toHaveLength(2)
    expect(refusal(add('$C'))).toBe('accepted')
    expect(refusal(add('sha256:$C'), { baseConfig: () => undefined })).toBe('syntax_error 2')
  })

  it.each(['./$X', '/$X', 'dir/$X', '*$X', '../$X'])('of %s is a path whatever the variable holds', word => {
    const { undetermined } = sourcesOf(`FROM tools\nADD ${word} /`, { baseConfig: () => undefined })
    expect(undetermined.filter(({ kind }) => kind === 'env')).toEqual([])
  })
})

describe('what BuildKit refuses is refused', () => {
  it.each([
    ['FROM $NOPE', 'invalid_reference 1'],
    ['FROM ${', 'expansion_error 1'],
    ['FROM UPPER', 'invalid_reference 1'],
    ['FROM --platform=a/b/c/d x', 'invalid_reference 1'],
    ['FROM a\nCOPY --from=3 / /', 'invalid_reference 2'],
    ['FROM a\nCOPY --from=9223372036854775807 / /', 'invalid_reference 2'],
    ['FROM a\nCOPY --from=$X / /', 'invalid_source 2'],
    ['FROM a\nCOPY https://e.com/a /', 'invalid_source 2'],
    ['FROM a\nADD --checksum=abc https://e.com/a /', 'invalid_source 2'],
    ['FROM a\nADD https://e.com/a.git?nope=1 /', 'invalid_source 2'],
    ['FROM a\nADD https://e.com/a.git?ref=x#y /', 'invalid_source 2'],
    ['FROM a AS x\nCOPY --from=x / /', 'invalid_reference 1'],
    ['FROM a\nRUN --mount=target=/ x', 'syntax_error 2'],
    ['FROM a\nEXPOSE x', 'syntax_error 2'],
    ['FROM a\nENV A=${B:?needed}', 'expansion_error 2'],
    ['# check=what\nFROM a', 'invalid_option 1'],
    ['# syntax=x/UPPER\nFROM a', 'invalid_reference 1'],
  ])('%j: %s', (text, expected) => {
    expect(refusal(text)).toBe(expected)
  })

  it.each([
    ['COPY x D:\\y', 'syntax_error 3'],
    ['WORKDIR C:', 'syntax_error 3'],
    ['COPY <<D:x C:\\\ny\nD:x', 'syntax_error 3'],
    ['RUN --mount=type=secret,id=x y', 'syntax_error 3'],
    ['RUN --mount=type=secret,id=x,target=C:s y', 'syntax_error 3'],
    ['RUN --mount=type=secret,id=x,env=E y', 'accepted'],
    ['WORKDIR C:\\w\nCOPY C:\\x .\nRUN --mount=target=. x', 'accepted'],
  ])('for Windows %j is %s', (text, expected) => {
    const platforms = [{ os: 'windows', architecture: 'amd64' }]
    expect(refusal(`# escape=\`\nFROM a\n${text}`, { platforms })).toBe(expected)
  })

  it.each([
    ['FROM a\nRUN --mount=type=cache,target=/a/../ x'],
    ['FROM a\nCOPY --link --chown=$A:$B x /'],
    ['FROM a\nARG --what X=1'],
    ['FROM a AS x\nEXPOSE what\nFROM b'],
    ['FROM a\nONBUILD WHAT x'],
    ['FROM a\nCOPY --from=9223372036854775808 / /'],
  ])('and what it takes is taken: %j', text => {
    expect(refusal(text)).toBe('accepted')
  })
})

describe('a base image', () => {
  const config =
    (values: Record<string, object>): NonNullable<SourcesOptions['baseConfig']> =>
    ({ identifier }) =>
      values[identifier.replace('docker-image://docker.io/library/', '').replace(':latest', '')] ?? {}

  it('has its own variables come before ARGs of the stage below', () => {
    const text = 'FROM a AS one\nARG V=arg\nADD https://e.com/$V-1 /\nFROM one\nADD https://e.com/$V-2 /'
    const baseConfig = config({ a: { env: ['V=image'] } })
    expect(identifiers(text, { baseConfig }).slice(1)).toEqual(['https://e.com/image-2', 'https://e.com/arg-1'])
    const { needs } = sourcesOf(text, { baseConfig: () => undefined })
    expect(needs.map(({ why, locations }) => [why, locations.map(({ line }) => line)])).toEqual([
      ['onbuild', [1]],
      ['env', [5]],
    ])
  })

  it('that a trigger reaches late is replaced by its named context all the same', () => {
    const text = 'FROM a AS one\nFROM tools'
    const baseConfig = config({ tools: { onbuild: ['COPY --from=0 / /'] } })
    expect(identifiers(text, { baseConfig, contexts: { one: 'docker-image://scratch' } })).toEqual([
      'docker-image://docker.io/library/tools:latest',
    ])
  })

  it('keeps the files of a stage that nothing is taken from out of the build', () => {
    const text = 'FROM scratch AS x\nADD https://e.com/a /\nFROM scratch\nCOPY --from=x <<EOF /\nEOF'
    expect(identifiers(text)).toEqual([])
  })
})

describe('the build context', () => {
  const found = (text: string, options: Partial<SourcesOptions>) =>
    sourcesOf(text, options).sources.map(({ source: { identifier }, roles }) => [identifier, roles])

  it('is read for its .dockerignore unless the Dockerfile has one of its own', () => {
    expect(found('FROM scratch', {})).toEqual([
      ['local://dockerfile', ['dockerfile']],
      ['local://context', ['context']],
    ])
    expect(found('FROM scratch', { ownDockerignore: true })).toEqual([['local://dockerfile', ['dockerfile']]])
  })

  it('may be remote, and holds the Dockerfile then', () => {
    expect(found('FROM scratch', { context: 'https://github.com/a/b.git#v1' })).toEqual([
      ['git://github.com/a/b.git#v1', ['dockerfile', 'context']],
    ])
    expect(found('FROM scratch', { context: 'https://e.com/c.tgz', localDockerfile: true })).toEqual([
      ['local://dockerfile', ['dockerfile']],
      ['https://e.com/c.tgz', ['context']],
    ])
  })
})
