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
