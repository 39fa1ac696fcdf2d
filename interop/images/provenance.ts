import { type Finished, finish } from '../builder/buildkit.ts'
import { buildPeer } from '../peers.mjs'
import type { BuiltImage } from './builds.ts'

/** What of a provenance and an SBOM is compared. */
export interface Attested {
  readonly predicateType?: string | undefined
  readonly buildType?: string | undefined
  readonly rawArgs?: Readonly<Record<string, string>> | undefined
  readonly materials?: number | undefined
  readonly packages?: readonly string[] | undefined
}

/** What `buildx imagetools inspect` shows of the image. */
export async function attestedByBuildx(
  host: string,
  { name, slsa, hasSBOM }: BuiltImage,
  env: NodeJS.ProcessEnv,
): Promise<Attested> {
  const inspect = async (format: string) => {
    const args = ['imagetools', 'inspect', `${host}/${name}:v1`, '--format', format]
    const { exitCode, stdout, stderr } = await finish(buildPeer('buildx'), args, { env })
    if (exitCode !== 0) throw new Error(`buildx ${args.join(' ')}: ${stderr}`)
    return JSON.parse(stdout)
  }
  if (slsa === undefined) return {}
  const { SLSA } = await inspect('{{json .Provenance}}')
  const packages = hasSBOM
    ? ((await inspect('{{json .SBOM}}')).SPDX.packages as { name: string; versionInfo: string }[]).map(
        found => `${found.name} ${found.versionInfo}`,
      )
    : undefined
  const v1 = SLSA.buildDefinition
  return v1 === undefined
    ? {
        predicateType: 'https://slsa.dev/provenance/v0.2',
        buildType: SLSA.buildType,
        rawArgs: SLSA.invocation.parameters.args,
        materials: SLSA.materials?.length ?? 0,
        packages,
      }
    : {
        predicateType: 'https://slsa.dev/provenance/v1',
        buildType: v1.buildType,
        rawArgs: v1.externalParameters.request.args,
        materials: v1.resolvedDependencies?.length ?? 0,
        packages,
      }
}

/** What `source-policy eval --print` shows of it. */
export function attestedByUs({ exitCode, stdout, stderr }: Finished): Attested {
  if (exitCode !== 0) throw new Error(`source-policy eval --print: ${stderr}`)
  const { provenance, sbom, hasProvenance } = JSON.parse(stdout).image
  if (hasProvenance !== true) return {}
  return {
    predicateType: provenance?.predicateType,
    buildType: provenance?.buildType,
    rawArgs: provenance?.rawArgs,
    materials: provenance?.materials?.length ?? 0,
    packages: (sbom?.packages as { name: string; version: string }[] | undefined)?.map(
      found => `${found.name} ${found.version}`,
    ),
  }
}
