import type { CaseOptions, ImageConfig } from '../case.ts'
import type { Random } from './random.ts'
import { digest, images, names, oddValues, platforms, values } from './words.ts'

export function generateOptions(r: Random): CaseOptions {
  const buildArgs: Record<string, string> = {}
  for (let count = r.chance(0.5) ? r.int(4) : 0; count > 0; count--) {
    buildArgs[r.pick(names.slice(0, 6))] = r.mostly(values.slice(0, 6), [...oddValues, ...images, ...platforms])
  }
  if (r.chance(0.06)) {
    buildArgs.SOURCE_DATE_EPOCH = r.pick([
      '1700000000',
      '',
      'context',
      's0',
      'S1',
      'alpine',
      '-5',
      '+07',
      'nope',
      'epoch',
    ])
  }
  if (r.chance(0.03)) buildArgs.BUILDKIT_SYNTAX = r.pick(['docker/dockerfile:1 x', ' other/f', '', 'BAD'])
  if (r.chance(0.03)) buildArgs.BUILDKIT_GIT_ADVICE = r.mostly(['1', 'true', '0'], ['x'])
  if (r.chance(0.03)) buildArgs.BUILDKIT_CONTEXT_KEEP_GIT_DIR = r.pick(['1', 'x', 'false'])
  if (r.chance(0.02))
    buildArgs.BUILDKIT_DOCKERFILE_CHECK = r.mostly(['skip=all', 'skip=A,B;error=false'], ['x', 'error=2'])
  const contexts: Record<string, string> = {}
  for (let count = r.chance(0.25) ? 1 + r.int(2) : 0; count > 0; count--) {
    const name = r.pick([
      'alpine',
      'alpine:3.22',
      's0',
      's1',
      'build',
      'tools',
      'ghcr.io/org/app:v1',
      's0::linux/amd64',
      'alpine::linux/arm64',
      'localhost:5000/x/y',
    ])
    const usual = [
      'docker-image://debian:13',
      'docker-image://scratch',
      'local:lib',
      'https://e.com/ctx.tgz',
      'https://github.com/a/b.git#main',
      'git@127.0.0.1:a/b',
      'git://e.com/r.git#x',
      `oci-layout://store@${digest}`,
    ]
    contexts[name] = r.mostly(usual, ['docker-image://BAD', 'oci-layout://store:tag', 'ftp://x', 'nope'])
  }
  const configs: Record<string, ImageConfig> = {}
  if (r.chance(0.4)) configs['docker.io/library/alpine:latest'] = config(r)
  if (r.chance(0.4)) configs['docker.io/library/tools:latest'] = config(r)
  if (r.chance(0.2)) configs['docker.io/library/alpine:3.22'] = config(r)
  if (r.chance(0.2)) configs['docker.io/library/debian:13'] = config(r)
  return {
    buildArgs,
    contexts,
    configs,
    ...(r.chance(0.2) ? { target: r.mostly(['s0', 'S0'], ['s1', 'build', '0', 'nope']) } : {}),
    ...(r.chance(0.4)
      ? { platforms: Array.from({ length: 1 + r.int(2) }, () => r.pick([...platforms, ...platforms, 'windows/amd64'])) }
      : {}),
    ...(r.chance(0.1)
      ? {
          context: r.pick([
            'https://github.com/a/b.git#main:sub',
            'https://e.com/ctx.tgz',
            'github.com/a/b',
            'git@127.0.0.1:a/b',
          ]),
        }
      : {}),
    ...(r.chance(0.1) ? { ownDockerignore: true } : {}),
    ...(r.chance(0.03) ? { sbomGenerator: r.mostly(['scanner', 'ghcr.io/o/s:1'], ['BAD']) } : {}),
    // without a platform asked for, BuildKit takes that of the machine in places: this one's
    ...(r.chance(0.05) ? { buildPlatform: r.pick(['linux/arm64', 'linux/arm/v7']), platforms: ['linux/amd64'] } : {}),
    ...(r.chance(0.05) ? { localDockerfile: true } : {}),
  }
}

function config(r: Random): ImageConfig {
  const onbuild: string[] = [
    'COPY . /app',
    'ADD https://e.com/onbuild.tgz /',
    'COPY --from=s0 / /',
    'COPY --from=other / /',
    'RUN --mount=from=mounted,target=/m x',
    'ARG A=ob',
    'ENV B=ob',
    'COPY --from=0 / /',
  ]
  const odd = ['FROM x', 'COPY --from=7 / /', 'ONBUILD RUN x', 'BOGUS', 'RUN a\nRUN b', '']
  return {
    ...(r.chance(0.7) ? { env: [`${r.pick(names)}=${r.mostly(values, oddValues)}`, 'PATH=/bin'] } : {}),
    ...(r.chance(0.4) ? { onbuild: Array.from({ length: 1 + r.int(2) }, () => r.mostly(onbuild, odd)) } : {}),
    ...(r.chance(0.3) ? { workingDir: r.pick(['/w', '/', '']) } : {}),
  }
}
