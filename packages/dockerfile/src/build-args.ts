import { formatPlatform, type Platform } from '@source-policy/core'
import type { Environment } from './environment.ts'
import { createEnvironment } from './environment.ts'
import type { ArgInstruction } from './instruction.ts'
import { formatFullPlatform } from './platform.ts'
import type { Place } from './types.ts'

export type BuildArgs = ReadonlyMap<string, string>

/** Expands a word that stands at a place. Throws DockerfileError. */
export type ExpandWord = (text: string, place: Place, environment: Environment) => string

/**
 * What FROM can use: the platform arguments, then each ARG before the first FROM; a build argument wins over both.
 *
 * @see https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope
 */
export function globalArgs(options: {
  readonly declared: readonly ArgInstruction[]
  readonly buildArgs: BuildArgs
  readonly buildPlatform: Platform
  readonly targetPlatform: Platform
  readonly targetStage: string
  readonly expandWord: ExpandWord
}): Environment {
  const { buildPlatform: build, targetPlatform: target, buildArgs } = options
  const environment = createEnvironment(false)
  const predefined: Readonly<Record<string, string | undefined>> = {
    BUILDPLATFORM: formatPlatform(build),
    BUILDOS: build.os,
    BUILDOSVERSION: build.osVersion,
    BUILDARCH: build.architecture,
    BUILDVARIANT: build.variant,
    TARGETPLATFORM: formatFullPlatform(target),
    TARGETOS: target.os,
    TARGETOSVERSION: target.osVersion,
    TARGETARCH: target.architecture,
    TARGETVARIANT: target.variant,
    TARGETSTAGE: options.targetStage === '' ? 'default' : options.targetStage,
  }
  for (const [name, value] of Object.entries(predefined)) environment.set(name, buildArgs.get(name) ?? value ?? '')
  for (const { args } of options.declared) {
    for (const { name, value: written, place } of args) {
      const given = buildArgs.get(name)
      const value = given ?? (written === undefined ? undefined : options.expandWord(written, place, environment))
      if (value !== undefined) environment.set(name, value)
    }
  }
  return environment
}
