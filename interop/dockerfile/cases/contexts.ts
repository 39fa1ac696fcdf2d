import type { CaseOptions } from '../case.ts'
import { digest, lines, topic } from './define.ts'

const alpine = lines('FROM alpine', 'COPY x /')
const named = (value: string, key = 'alpine'): CaseOptions => ({ contexts: { [key]: value } })

export const contexts = topic('named contexts', [
  ['image', alpine, named('docker-image://debian')],
  ['image of another registry', alpine, named('docker-image://ghcr.io/a/b:1')],
  ['image without slashes', alpine, named('docker-image:debian:13')],
  ['scratch', alpine, named('docker-image://scratch')],
  ['malformed image', alpine, named('docker-image://Bad')],
  ['local', alpine, named('local:lib')],
  ['git', alpine, named('https://github.com/a/b.git#v1:sub')],
  ['git over ssh', alpine, named('git@127.0.0.1:a/b')],
  ['git with times', alpine, named('https://github.com/a/b.git?mtime=commit')],
  ['git that is none', alpine, named('git:nothing')],
  ['http', alpine, named('https://e.com/ctx.tgz')],
  ['OCI layout', alpine, named(`oci-layout://store@${digest}`)],
  ['OCI layout with a tag', alpine, named(`oci-layout://store:1@${digest}`)],
  ['OCI layout without digest', alpine, named('oci-layout://store:1')],
  ['unknown type', alpine, named('ftp://x')],
  ['no type', alpine, named('nothing')],
  ['malformed but not needed', lines('FROM alpine AS x', 'FROM b'), named('ftp://x')],
  ['name with tag', lines('FROM alpine:3.22'), named('docker-image://x', 'alpine:3.22')],
  ['name without tag is latest only', lines('FROM alpine:3.22'), named('docker-image://x', 'alpine')],
  ['name in full', lines('FROM docker.io/library/alpine:latest'), named('docker-image://x', 'alpine')],
  ['name of another registry', lines('FROM ghcr.io/a/b'), named('docker-image://x', 'ghcr.io/a/b')],
  ['name with digest', lines(`FROM alpine@${digest}`), named('docker-image://x', `alpine@${digest}`)],
  [
    'per platform',
    alpine,
    {
      contexts: { 'alpine::linux/arm64': 'docker-image://arm', alpine: 'docker-image://any' },
      platforms: ['linux/arm64', 'linux/amd64'],
    },
  ],
  [
    'per platform with variant',
    alpine,
    { contexts: { 'alpine::linux/arm/v7': 'docker-image://arm' }, platforms: ['linux/arm'] },
  ],
  [
    'platform of FROM decides',
    lines('FROM --platform=linux/arm64 alpine'),
    { contexts: { 'alpine::linux/arm64': 'docker-image://arm' }, platforms: ['linux/amd64'] },
  ],
  [
    'in place of a stage',
    lines('FROM a AS s', 'ADD https://e.com/no /', 'FROM s', 'ADD https://e.com/yes /'),
    named('docker-image://x', 's'),
  ],
  [
    'dependencies of a replaced stage',
    lines('FROM dep AS d', 'ADD https://e.com/no /', 'FROM a AS s', 'COPY --from=d / /', 'FROM b', 'COPY --from=s / /'),
    named('local:lib', 's'),
  ],
  ['base of a replaced stage', lines('FROM a AS base', 'FROM base AS s', 'FROM s'), named('docker-image://x', 's')],
  ['of COPY --from', lines('FROM a', 'COPY --from=lib / /'), named('local:lib', 'lib')],
  ['of COPY --from in capitals', lines('FROM a', 'COPY --from=Lib / /'), named('local:lib', 'lib')],
  ['of a mount', lines('FROM a', 'RUN --mount=from=lib,target=/m x'), named('https://e.com/ctx', 'lib')],
  ['scratch is never replaced', lines('FROM scratch', 'COPY x /'), named('docker-image://x', 'scratch')],
  ['stage named context', lines('FROM a AS context'), named('docker-image://x', 'context')],
  ['image named context', lines('FROM a', 'COPY --from=context / /'), named('docker-image://x', 'context')],
  [
    'triggers of the image in its place',
    alpine,
    {
      ...named('docker-image://debian'),
      configs: { 'docker.io/library/debian:latest': { onbuild: ['ADD https://e.com/ob /'], env: ['A=1'] } },
    },
  ],
  [
    'variables of an OCI layout',
    lines('FROM alpine', 'ADD https://e.com/$A /'),
    { ...named(`oci-layout://store@${digest}`), configs: { [`docker.io/library/alpine@${digest}`]: { env: ['A=1'] } } },
  ],
])

export const mainContexts = topic('main context', [
  ['local, not copied', lines('FROM a')],
  ['local with its own .dockerignore, not copied', lines('FROM a'), { ownDockerignore: true }],
  ['local with its own .dockerignore, copied', lines('FROM a', 'COPY x /'), { ownDockerignore: true }],
  ['copied in a stage that is not needed', lines('FROM a AS x', 'COPY x /', 'FROM b'), { ownDockerignore: true }],
  ['git', lines('FROM a', 'COPY x /'), { context: 'https://github.com/a/b.git#main:sub' }],
  ['git, not copied', lines('FROM a'), { context: 'https://github.com/a/b.git?tag=v1&submodules=false' }],
  ['git in the deprecated form', lines('FROM a'), { context: 'github.com/a/b' }],
  [
    'git with the directory kept',
    lines('FROM a'),
    { context: 'https://github.com/a/b.git', buildArgs: { BUILDKIT_CONTEXT_KEEP_GIT_DIR: '1' } },
  ],
  [
    'git with a time',
    lines('FROM a'),
    { context: 'https://github.com/a/b.git', buildArgs: { SOURCE_DATE_EPOCH: '5' } },
  ],
  ['git with a bad query', lines('FROM a'), { context: 'https://github.com/a/b.git?nope=1' }],
  [
    'git, Dockerfile from the client',
    lines('FROM a'),
    { context: 'https://github.com/a/b.git', localDockerfile: true },
  ],
  [
    'git, Dockerfile from the client, copied',
    lines('FROM a', 'COPY x /'),
    { context: 'https://github.com/a/b.git', localDockerfile: true },
  ],
  ['http', lines('FROM a', 'COPY x /'), { context: 'https://e.com/ctx.tar.gz' }],
  ['http, Dockerfile from the client', lines('FROM a'), { context: 'https://e.com/ctx.tar.gz', localDockerfile: true }],
  [
    'SBOM generator',
    lines('FROM a'),
    { sbomGenerator: 'docker/buildkit-syft-scanner:stable-1', platforms: ['linux/arm64'] },
  ],
  ['SBOM generator that is none', lines('FROM a'), { sbomGenerator: 'Bad' }],
  [
    'time of the context',
    lines('FROM a'),
    { context: 'https://github.com/a/b.git', buildArgs: { SOURCE_DATE_EPOCH: 'context' } },
  ],
  [
    'time of a stage',
    lines('FROM scratch AS t', 'ADD https://e.com/t /', 'FROM a'),
    { buildArgs: { SOURCE_DATE_EPOCH: 'T' } },
  ],
  [
    'time of a stage with more',
    lines('FROM scratch AS t', 'ADD https://e.com/t /', 'RUN x', 'FROM a'),
    { buildArgs: { SOURCE_DATE_EPOCH: 't' } },
  ],
  ['time of nothing', lines('FROM a'), { buildArgs: { SOURCE_DATE_EPOCH: 'nothing' } }],
  ['checks that are none', lines('# check=what', 'FROM a')],
  ['checks by argument', lines('# check=what', 'FROM a'), { buildArgs: { BUILDKIT_DOCKERFILE_CHECK: 'skip=all' } }],
])
