import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { TLSOptions } from '@source-policy/transport'
import { parse } from 'smol-toml'
import { type CertificateFiles, readCertificateDirectory } from './certificate-directory.ts'
import { MemberReader } from './descriptor.ts'
import { OciError, quote } from './error.ts'
import { MAX_BUILDKIT_CONFIG_BYTES, MAX_CERTIFICATE_BYTES } from './limits.ts'
import { hostOf, type RegistryConfig, type RegistryConfigs } from './registry-endpoint.ts'

/** How a builder reaches registries: what to give to the registry client, and what to the transport beneath it. */
export interface BuildkitConfig {
  readonly registries: RegistryConfigs
  /** Hosts with `insecure` or `http`: for `insecureHosts` of the transport. */
  readonly insecureHosts: readonly string[]
  /** Certificates by host: for `hosts` of the transport. */
  readonly hosts: Readonly<Record<string, TLSOptions>>
}

/** One `[registry."host"]` as it stands in the file. */
interface RegistrySection {
  readonly config: RegistryConfig
  readonly insecure: boolean
  readonly certificates: CertificateFiles
  /** Directories with more of these. */
  readonly directories: readonly string[]
}

/**
 * The registries of a `buildkitd.toml`, so that we ask whom the build will ask; certificates are read, their paths relative
 * to the file. Everything else in it is not looked at. Throws `config_invalid`.
 *
 * @see https://github.com/moby/buildkit/blob/v0.26.0/docs/buildkitd.toml.md
 */
export async function readBuildkitConfig(file: string): Promise<BuildkitConfig> {
  const sections = parseBuildkitConfig(await readText(file, MAX_BUILDKIT_CONFIG_BYTES))
  const inPlace = (name: string) => path.resolve(path.dirname(file), name)
  const resolve = (name: string) => readText(inPlace(name), MAX_CERTIFICATE_BYTES)
  const hosts: Record<string, TLSOptions> = {}
  for (const [host, { certificates, directories }] of Object.entries(sections)) {
    const listed = await Promise.all(directories.map(name => readCertificateDirectory(inPlace(name))))
    const all = [certificates, ...listed]
    const ca = all.flatMap(found => found.ca)
    const [pair, ...others] = all.flatMap(found => found.keypairs)
    // Go shows the one that the server's authorities signed; Node takes one for each type of key, whatever the server asks for
    if (others.length > 0) fail(host, 'more than one client certificate: expected one in keypair and tlsconfigdir')
    if (ca.length === 0 && pair === undefined) continue
    hosts[hostOf(host)] = {
      ...(ca.length > 0 && { ca: await Promise.all(ca.map(resolve)) }),
      ...(pair && { cert: await resolve(pair.cert), key: await resolve(pair.key) }),
    }
  }
  const entries = Object.entries(sections)
  return {
    registries: Object.fromEntries(entries.map(([host, { config }]) => [host, config])),
    insecureHosts: entries
      .filter(([, { config, insecure }]) => insecure || config.http === true)
      .map(([host]) => hostOf(host)),
    hosts,
  }
}

/** The registry sections by host. Throws `config_invalid`. */
function parseBuildkitConfig(text: string): Readonly<Record<string, RegistrySection>> {
  let document: unknown
  try {
    document = parse(text)
  } catch (cause) {
    throw new OciError('config_invalid', 'reading buildkitd.toml: it is no TOML', { cause })
  }
  const reader = new MemberReader('buildkitd.toml')
  try {
    const registries = reader.optional(reader.object(document, 'the document').registry, 'object', 'registry') ?? {}
    const sections: Record<string, RegistrySection> = Object.create(null)
    for (const [host, value] of Object.entries(registries)) {
      const name = `registry.${quote(host)}`
      if (!isHost(host)) fail(host, 'it is no host')
      const section = reader.object(value, name)
      const flag = (key: string) => {
        const given = section[key]
        return given === undefined || typeof given === 'boolean'
          ? given
          : reader.fail(`${name}.${key} is not a boolean`)
      }
      const mirrors = reader.optional(section.mirrors, 'strings', `${name}.mirrors`) ?? []
      for (const mirror of mirrors)
        if (!isHost(mirror.split('/', 1)[0] ?? '')) fail(host, `mirror ${quote(mirror)} is no host`)
      const pairs = section.keypair ?? []
      const keypairs = (Array.isArray(pairs) ? pairs : [pairs]).map(pair => {
        const members = reader.object(pair, `${name}.keypair`)
        return {
          key: reader.string(members.key, `${name}.keypair.key`),
          cert: reader.string(members.cert, `${name}.keypair.cert`),
        }
      })
      const http = flag('http')
      sections[host] = {
        config: { ...(http !== undefined && { http }), ...(mirrors.length > 0 && { mirrors }) },
        insecure: flag('insecure') ?? false,
        certificates: { ca: reader.optional(section.ca, 'strings', `${name}.ca`) ?? [], keypairs },
        directories: reader.optional(section.tlsconfigdir, 'strings', `${name}.tlsconfigdir`) ?? [],
      }
    }
    return sections
  } catch (cause) {
    if (!(cause instanceof OciError) || cause.code === 'config_invalid') throw cause
    throw new OciError('config_invalid', cause.message, { cause })
  }
}

function isHost(text: string): boolean {
  return /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?$/.test(text)
}

function fail(host: string, problem: string): never {
  throw new OciError('config_invalid', `reading buildkitd.toml: registry ${quote(host)}: ${problem}`)
}

async function readText(file: string, maxBytes: number): Promise<string> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new OciError('config_invalid', `reading ${quote(file)} failed`, { cause })
  })
  if (bytes.byteLength > maxBytes)
    throw new OciError('config_invalid', `reading ${quote(file)}: more than ${maxBytes} bytes`)
  return bytes.toString()
}
