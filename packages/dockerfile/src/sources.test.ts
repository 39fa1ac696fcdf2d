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
})
