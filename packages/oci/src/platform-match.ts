import type { Platform } from '@source-policy/core'
import { normalizeArchitecture, normalizePlatform } from './platform.ts'

/**
 * How well an offered platform serves a wanted one: 0 is exact, more is worse, undefined does not run it.
 * As containerd's `Only`: arm/v7 also runs arm/v6 and v5, amd64 also 386, arm64 also arm/v8 and below,
 * arm64/v9.x also v9.0 to x and v8.0 to x+5.
 *
 * @see https://github.com/containerd/platforms/blob/v1.0.0-rc.5/compare.go
 */
export function matchPlatform(wanted: Platform, offered: Platform): number | undefined {
  return platformMatcher(wanted)(offered)
}

/** `matchPlatform` for one wanted platform and many offered ones. */
export function platformMatcher(wanted: Platform): (offered: Platform) => number | undefined {
  const target = normalizePlatform(wanted)
  const machines = machinesOf(target)
  return offered => {
    // containerd takes an empty name for the operating system that it runs on
    const candidate = normalizePlatform({ ...offered, os: offered.os || target.os })
    if (target.os !== candidate.os || !runsOsVersion(target, candidate) || !hasFeatures(target, candidate))
      return undefined
    const rank = machines.findIndex(
      machine => machine.architecture === candidate.architecture && machine.variant === (candidate.variant ?? ''),
    )
    return rank < 0 ? undefined : rank
  }
}

/** Sources of one build are for one platform, or a few one after the other. */
let latest = { platform: '', machines: [] as readonly Machine[] }

function machinesOf({ architecture, variant = '' }: Platform): readonly Machine[] {
  const platform = `${architecture}/${variant}`
  if (latest.platform !== platform) latest = { platform, machines: compatible(architecture, variant) }
  return latest.machines
}

interface Machine {
  readonly architecture: string
  readonly variant: string
}

/** Major 8 ends at v8.9 and major 9 at v9.7; other variants of arm64 run nothing, as in containerd. */
const ARM64_MINORS: Readonly<Record<string, number>> = { '8': 9, '9': 7 }

/** What a machine runs, best first, in normalised spelling. */
function compatible(architecture: string, variant: string): Machine[] {
  switch (architecture) {
    case 'amd64':
      return [...versions('amd64', variant, 1), { architecture: '386', variant: '' }]
    case 'arm':
      return versions('arm', variant, 5)
    case 'arm64':
      return compatibleArm64(variant)
    default:
      return [{ architecture, variant }]
  }
}

/** `v3` itself, then `v2` and `v1`, down to `lowest`. */
function versions(architecture: string, variant: string, lowest: number): Machine[] {
  const list: Machine[] = [{ architecture, variant }]
  const version = /^v?([+-]?\d{1,2})$/.exec(variant)?.[1]
  for (let next = Number(version ?? 0) - 1; next >= lowest; next--) list.push(machine(architecture, `v${next}`))
  return list
}

function compatibleArm64(variant: string): Machine[] {
  const match = /^v([89])(?:\.(\d))?$/.exec(variant === '' ? 'v8' : variant)
  const major = match?.[1] ?? ''
  const minor = Number(match?.[2] ?? 0)
  if (match === null || minor > (ARM64_MINORS[major] ?? 0)) return []
  const list = minors(Number(major), minor)
  // "v9.0 diverged from v8.5, meaning that v9.x is compatible with v8.{x+5}"
  if (major === '9') list.push(...minors(8, Math.min(minor + 5, ARM64_MINORS['8'] ?? 0)))
  return [...list, ...versions('arm', 'v8', 5)]
}

function minors(major: number, highest: number): Machine[] {
  const list: Machine[] = []
  for (let minor = highest; minor >= 0; minor--)
    list.push(machine('arm64', minor === 0 ? `v${major}` : `v${major}.${minor}`))
  return list
}

function machine(given: string, version: string): Machine {
  const [architecture, variant] = normalizeArchitecture(given, version)
  return { architecture, variant }
}

/** Features that an image needs must all be there; `win32k` is not looked at on Windows. */
function hasFeatures(target: Platform, candidate: Platform): boolean {
  return (candidate.osFeatures ?? []).every(
    feature => (target.os === 'windows' && feature === 'win32k') || target.osFeatures?.includes(feature),
  )
}

const WINDOWS_SERVER_2022 = 20348

/**
 * Before Windows Server 2022 a container needs a host of its own build; since then a host runs what was built
 * from the release before it up to itself. Without a version on either side, everything runs.
 *
 * @see https://learn.microsoft.com/en-us/virtualization/windowscontainers/deploy-containers/version-compatibility
 */
function runsOsVersion(target: Platform, candidate: Platform): boolean {
  if (target.os !== 'windows' || candidate.osVersion === undefined) return true
  const host = windowsBuild(target.osVersion ?? '')
  if (host === undefined) return true
  const container = windowsBuild(candidate.osVersion)
  if (container?.release !== host.release) return false
  if (host.build < WINDOWS_SERVER_2022) return container.build === host.build
  return container.build >= WINDOWS_SERVER_2022 && container.build <= host.build
}

/** `10.0.20348.1` is build 20348 of release 10.0. */
function windowsBuild(version: string): { release: string; build: number } | undefined {
  const match = /^(\d{1,3}\.\d{1,3})\.(\d{1,5})(?:\.|$)/.exec(version)
  return match === null ? undefined : { release: match[1] ?? '', build: Number(match[2]) }
}
