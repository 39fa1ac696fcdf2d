import type { EnvInput, Source } from '@source-policy/core'
import { contextSource, type Dockerfile, parseDockerfile, type SourcesOptions } from '@source-policy/dockerfile'
import { hostPlatform } from '@source-policy/oci'
import { type BuildFiles, dockerfileName, isRemote, readBuildFiles } from './build-files.ts'
import type { BuildRequest } from './build-request.ts'
import type { IO } from './io.ts'
import type { GivenContexts } from './named-contexts.ts'
import type { RemoteContext } from './remote-context.ts'
import type { Session } from './session.ts'

/** A build as it was read. */
export interface Build {
  readonly request: BuildRequest
  readonly files: BuildFiles
  readonly dockerfile: Dockerfile
  readonly sources: Omit<SourcesOptions, 'baseConfig'>
  readonly env: Partial<EnvInput>
  /** Named contexts that other targets build. */
  readonly links: ReadonlyMap<string, string>
}

/** The remote source that the context of a build is; undefined where it is local. Throws DockerfileError. */
export function remoteContextOf({ context, args }: BuildRequest): Source | undefined {
  if (!isRemote(context)) return undefined
  const source = contextSource({ context, buildArgs: args })
  // of another scheme: the error of a directory that is not there says it
  return source.kind === 'local' ? undefined : source
}

/** What policies see of a build. */
export function envOf(request: BuildRequest): Partial<EnvInput> {
  const { args, labels, target } = request
  return {
    filename: dockerfileName(request),
    ...(Object.keys(args).length > 0 && { args }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(target !== undefined && target !== '' && { target }),
  }
}

/** Reads and parses the Dockerfile of a build. Throws what reading it throws, and DockerfileError. */
export async function readBuild(
  request: BuildRequest,
  remote: RemoteContext | undefined,
  named: GivenContexts,
  io: IO,
  download: Session['download'],
): Promise<Build> {
  const { args, platforms, target, sbomGenerator } = request
  const files = await readBuildFiles(request, remote, { ...io, download })
  const syntax = Object.hasOwn(args, 'BUILDKIT_SYNTAX') ? args.BUILDKIT_SYNTAX : undefined
  return {
    request,
    files,
    links: named.links,
    dockerfile: parseDockerfile(files.text, { file: files.file, ...(syntax !== undefined && { syntax }) }),
    sources: {
      buildPlatform: hostPlatform(),
      buildArgs: args,
      contexts: named.contexts,
      ownDockerignore: files.ownDockerignore,
      ...(platforms.length > 0 && { platforms }),
      ...(target !== undefined && { target }),
      ...(sbomGenerator !== undefined && { sbomGenerator }),
      ...(remote !== undefined && { context: request.context, localDockerfile: files.localDockerfile }),
    },
    env: envOf(request),
  }
}
