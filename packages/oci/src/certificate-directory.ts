import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { OciError, quote } from './error.ts'
import { MAX_CERTIFICATE_FILES } from './limits.ts'

/** Files of certificates for TLS. */
export interface CertificateFiles {
  /** Authorities. */
  readonly ca: readonly string[]
  /** Client certificates with their keys. */
  readonly keypairs: readonly { readonly cert: string; readonly key: string }[]
}

/**
 * What a builder takes from a directory of `tlsconfigdir`, in the order of names: `*.crt` are authorities, `x.cert` and `x.key` are a
 * client certificate and its key. A directory that is not there has none, as for BuildKit. Throws `config_invalid`.
 */
export async function readCertificateDirectory(directory: string): Promise<CertificateFiles> {
  const names: string[] = await readdir(directory).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return []
    throw new OciError('config_invalid', `reading ${quote(directory)} failed`, { cause })
  })
  if (names.length > MAX_CERTIFICATE_FILES) {
    throw new OciError('config_invalid', `reading ${quote(directory)}: more than ${MAX_CERTIFICATE_FILES} files`)
  }
  const files = names.sort().map(name => path.join(directory, name))
  return {
    ca: files.filter(file => file.endsWith('.crt')),
    keypairs: files
      .filter(file => file.endsWith('.cert'))
      .map(cert => ({ cert, key: cert.replace(/\.cert$/, '.key') })),
  }
}
