import type { Platform } from '@source-policy/core'
import { OciError, quote } from './error.ts'
import type { Mutable } from './mutable.ts'

const osNames = new Set(
  'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos'.split(
    ' ',
  ),
)
const architectures = new Set(
  (
    '386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32 ' +
    'mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm'
  ).split(' '),
)

/** Other spellings of an architecture; a variant here replaces the one that was given. */
const aliases: Readonly<Record<string, { architecture: string; variant?: string }>> = {
  i386: { architecture: '386', variant: '' },
  x86_64: { architecture: 'amd64' },
  'x86-64': { architecture: 'amd64' },
  aarch64: { architecture: 'arm64' },
  armhf: { architecture: 'arm', variant: 'v7' },
  armel: { architecture: 'arm', variant: 'v6' },
}

/** Other spellings of a variant, per architecture. */
const variants: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  amd64: { v1: '' },
  arm64: { '8': '', v8: '', 'v8.0': '', '9': 'v9', '9.0': 'v9', 'v9.0': 'v9' },
  arm: { '': 'v7', '7': 'v7', '5': 'v5', '6': 'v6', '8': 'v8' },
}

const osPart = /^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?$/
const otherPart = /^[A-Za-z0-9_.-]+$/

/** Node's names of this machine's architecture as OCI names them, where they differ. */
const nodeArchitectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' }

/** The platform of a build on this machine: Linux, since builders on macOS and Windows run it too. */
export function hostPlatform(): Platform {
  return normalizePlatform({ os: 'linux', architecture: nodeArchitectures[process.arch] ?? process.arch })
}

/**
 * The platform that a specifier names: `linux/arm64`, `linux/arm/v7`, `arm64`, `windows(10.0.17763)/amd64`.
 * What is left out comes from `host` (default: `hostPlatform()`). Not normalised where containerd does not:
 * `linux/arm64/v8` keeps its variant and `linux/arm` has none. Throws `platform_invalid`.
 *
 * @see https://github.com/containerd/platforms/blob/v1.0.0-rc.5/platforms.go
 */
export function parsePlatform(specifier: string, options: { readonly host?: Platform } = {}): Platform {
  const fail = (problem: string): never => {
    throw new OciError('platform_invalid', `invalid platform ${quote(specifier)}: ${problem}`)
  }
  const parts = specifier.length > 255 ? fail('longer than 255 characters') : specifier.split('/')
  const [first = '', second, third] = parts
  const match = osPart.exec(first) ?? fail(`${quote(first)} is not an operating system`)
  for (const part of parts.slice(1)) {
    if (!otherPart.test(part)) fail(`${quote(part)} is not an architecture or variant`)
  }
  const decode = (text: string): string => {
    try {
      return decodeURIComponent(text)
    } catch {
      return fail(`malformed escape in ${quote(text)}`)
    }
  }
  const os = normalizeOs(match[1] ?? '')
  const osVersion = decode(match[2] ?? '')
  const osFeatures = (match[3] ?? '').split('+').slice(1).map(decode)

  if (second === undefined) {
    const host = options.host ?? hostPlatform()
    if (osNames.has(os)) return platformOf({ ...host, os, osVersion, osFeatures })
    const [architecture, variant] = normalizeArchitecture(first, '')
    if (!architectures.has(architecture)) fail('unknown operating system or architecture')
    return platformOf({ os: host.os, architecture, variant: withoutDefault(architecture, variant) })
  }
  if (parts.length > 3) fail('expected at most os/architecture/variant')
  const [architecture, variant] = normalizeArchitecture(second, third ?? '')
  if (third === undefined) {
    return platformOf({ os, architecture, variant: withoutDefault(architecture, variant), osVersion, osFeatures })
  }
  const explicit = architecture === 'arm64' && variant === '' ? 'v8' : variant
  return platformOf({ os, architecture, variant: explicit, osVersion, osFeatures })
}

/** The canonical form: aliases replaced, `arm` is `arm/v7`, `arm64/v8` is `arm64`, `amd64/v1` is `amd64`. */
export function normalizePlatform(platform: Platform): Platform {
  const [architecture, variant] = normalizeArchitecture(platform.architecture, platform.variant ?? '')
  return platformOf({
    os: normalizeOs(platform.os),
    architecture,
    variant,
    osVersion: platform.osVersion ?? '',
    osFeatures: platform.osFeatures === undefined ? [] : [...new Set(platform.osFeatures)].sort(),
  })
}

function normalizeOs(os: string): string {
  const lower = os.toLowerCase()
  return lower === 'macos' ? 'darwin' : lower
}

/** The normal spelling of an architecture and its variant. */
export function normalizeArchitecture(architecture: string, variant: string): [architecture: string, variant: string] {
  const name = architecture.toLowerCase()
  const alias = Object.hasOwn(aliases, name) ? aliases[name] : undefined
  const canonical = alias?.architecture ?? name
  const given = alias?.variant ?? variant.toLowerCase()
  // an alias with a variant of its own overrides; variants that are not in the table stay as they are
  const spelt = alias?.variant === undefined && Object.hasOwn(variants, canonical) ? variants[canonical] : undefined
  return [canonical, spelt !== undefined && Object.hasOwn(spelt, given) ? (spelt[given] ?? given) : given]
}

/** "The most common arm version, v7, is represented without the variant unless it is explicitly provided." */
function withoutDefault(architecture: string, variant: string): string {
  return architecture === 'arm' && variant === 'v7' ? '' : variant
}

/** Without the members that are empty. */
function platformOf({ os, architecture, variant, osVersion, osFeatures }: Platform): Platform {
  const platform: Mutable<Platform> = { os, architecture }
  if (variant) platform.variant = variant
  if (osVersion) platform.osVersion = osVersion
  if (osFeatures?.length) platform.osFeatures = osFeatures
  return platform
}
