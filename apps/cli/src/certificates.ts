import path from 'node:path'
import { hostOf } from '@source-policy/oci'
import type { BuildkitConfig } from '@source-policy/oci/buildkit-config'
import type { TLSOptions } from '@source-policy/transport'
import { readOperatorFile } from './confined-files.ts'
import { parseCSV } from './csv.ts'
import { CliError } from './error.ts'
import type { IO } from './io.ts'
import { MAX_CERTIFICATE_BYTES } from './limits.ts'

/** The files that say by which certificates hosts are spoken to, from the working directory. */
export interface CertificateOptions {
  /** Authorities. */
  readonly ca: readonly string[]
  /** `host=HOST,cert=FILE,key=FILE` */
  readonly clientCert: readonly string[]
  /** A `buildkitd.toml`. */
  readonly buildkitdConfig?: string
}

/**
 * How hosts are spoken to: authorities of `--ca` hold for all of them, a client certificate is shown to its host alone, and that
 * of a flag counts before that of the builder's configuration. Throws `usage`, `unreadable_file`, `config_invalid`.
 */
export async function readCertificates({ ca, clientCert, buildkitdConfig }: CertificateOptions, io: Pick<IO, 'cwd'>) {
  const authorities = await Promise.all(ca.map(file => readPEM(file, io)))
  const { hosts: configured, ...builder } = await readBuilder(buildkitdConfig, io)
  const own = await Promise.all(clientCert.map(value => readClientCertificate(value, io)))
  const hosts: Record<string, TLSOptions> = { ...configured }
  for (const [host, pair] of own) hosts[host] = { ...hosts[host], ...pair }
  // what is set for a host is in place of what is set for all
  const whole = Object.entries(hosts).map(([host, tls]) => {
    return [host, { ...tls, ca: [...[tls.ca ?? []].flat(), ...authorities] }] as const
  })
  return { ...builder, ...(authorities.length > 0 && { ca: authorities }), hosts: Object.fromEntries(whole) }
}

async function readBuilder(file: string | undefined, io: Pick<IO, 'cwd'>): Promise<Partial<BuildkitConfig>> {
  if (file === undefined) return {}
  const { readBuildkitConfig } = await import('@source-policy/oci/buildkit-config')
  return readBuildkitConfig(path.resolve(io.cwd, file))
}

/** A host and what is shown to it. Without a key of its own, the file of the certificate has to hold it, as for curl. */
async function readClientCertificate(value: string, io: Pick<IO, 'cwd'>) {
  const { host, cert, key = cert } = parseClientCertificate(value)
  const pair = { cert: await readPEM(cert, io), key: await readPEM(key, io) }
  const { createSecureContext } = await import('node:tls')
  try {
    createSecureContext(pair)
  } catch (cause) {
    throw new CliError('unreadable_file', `--client-cert: ${cert} and ${key} are no certificate and its key, in PEM`, {
      cause,
    })
  }
  return [hostOf(host), pair] as const
}

function parseClientCertificate(value: string): { host: string; cert: string; key?: string } {
  const found: { host?: string; cert?: string; key?: string } = {}
  for (const field of parseCSV(value) ?? []) {
    const [, name, text] = /^(host|cert|key)=(.+)$/s.exec(field) ?? []
    const key = name as keyof typeof found | undefined
    if (key === undefined || found[key] !== undefined) throw invalid(value)
    found[key] = text!
  }
  const { host, cert, key } = found
  if (host === undefined || cert === undefined || !URL.canParse(`https://${host}`)) throw invalid(value)
  return { host, cert, ...(key !== undefined && { key }) }
}

function invalid(value: string): CliError {
  const expected = 'expected host=HOST,cert=FILE,key=FILE (without key: the certificate file holds it)'
  return new CliError('usage', `invalid --client-cert ${JSON.stringify(value)}: ${expected}`)
}

async function readPEM(file: string, io: Pick<IO, 'cwd'>): Promise<string> {
  const bytes = await readOperatorFile(path.resolve(io.cwd, file), { maxBytes: MAX_CERTIFICATE_BYTES })
  if (bytes === undefined) throw new CliError('unreadable_file', `reading ${file}: no such file`)
  return new TextDecoder().decode(bytes)
}
