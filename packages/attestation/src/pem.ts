/** A block of a PEM file. */
export interface PEMBlock {
  /** `CERTIFICATE`, `PUBLIC KEY` */
  readonly label: string
  readonly der: Buffer
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,64})-----([A-Za-z0-9+/=\s]*)-----END \1-----/g

/** The blocks of a text; whatever stands between them is left out. */
export function decodePEM(text: string): PEMBlock[] {
  return Array.from(text.matchAll(BLOCK), ([, label = '', body = '']) => ({ label, der: Buffer.from(body, 'base64') }))
}

/** The block with lines of 64 characters, as others write it. */
export function toPEM(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.map(line => `${line}\n`).join('')}-----END ${label}-----\n`
}
