import { createHash, createPublicKey } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { createSigstore, type Sigstore } from '@source-policy/testkit'
import type { Format } from './cosign.ts'

/** Who signs without a key of its own. */
export const IDENTITY = { issuer: 'https://issuer.example', subject: 'https://ci.example/acme/app@refs/heads/main' }

/** Fulcio and Rekor by their HTTP interfaces, for the real cosign, around a Sigstore instance of ours. */
export interface SigstoreServer {
  readonly sigstore: Sigstore
  /** Flags of cosign that have it use this instance, by format. */
  readonly flags: Readonly<Record<Format, readonly string[]>>
  close(): Promise<void>
}

export async function startSigstoreServer(directory: string): Promise<SigstoreServer> {
  const sigstore = createSigstore()
  const server = createServer(async (request, response) => {
    const route = routes[request.url ?? '']
    const body = await readJSON(request)
    const answer = route?.(sigstore, body) ?? { status: 404, body: {} }
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
    response.end(JSON.stringify(answer.body))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const file = (name: string) => path.join(directory, name)
  const service = { url, majorApiVersion: 1, validFor: { start: '2020-01-01T00:00:00Z' }, operator: 'testkit' }
  await writeFile(file('trusted-root.json'), sigstore.trustedRoot)
  await writeFile(
    file('signing-config.json'),
    JSON.stringify({
      mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
      caUrls: [service],
      oidcUrls: [],
      rekorTlogUrls: [service],
      rekorTlogConfig: { selector: 'ANY' },
      tsaUrls: [],
      tsaConfig: { selector: 'ANY' },
    }),
  )
  await writeFile(file('token.jwt'), tokenOf(IDENTITY))
  const flags = [
    ...['--yes', '--allow-insecure-registry', '--allow-http-registry', '--identity-token', file('token.jwt')],
    ...['--trusted-root', file('trusted-root.json')],
  ]
  return {
    sigstore,
    flags: {
      bundle: [...flags, '--signing-config', file('signing-config.json')],
      legacy: [
        ...[...flags, '--new-bundle-format=false', '--use-signing-config=false'],
        ...['--fulcio-url', url, '--rekor-url', url],
      ],
    },
    close: () => new Promise(resolve => server.close(() => resolve())),
  }
}

interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
}

const routes: Readonly<Record<string, (sigstore: Sigstore, body: never) => Answer>> = {
  '/api/v2/signingCert': certify,
  '/api/v1/log/entries': addEntry,
}

function certify(sigstore: Sigstore, request: { publicKeyRequest: { publicKey: { content: string } } }): Answer {
  const certificates = sigstore.certify(createPublicKey(request.publicKeyRequest.publicKey.content), IDENTITY)
  return { status: 200, body: { signedCertificateEmbeddedSct: { chain: { certificates } } } }
}

function addEntry({ logs }: Sigstore, entry: ProposedEntry): Answer {
  const added = logs.rekor1.add(canonical(entry), new Date())
  const hex = (base64: string) => Buffer.from(base64, 'base64').toString('hex')
  const { inclusionProof, inclusionPromise, logId, canonicalizedBody } = added
  if (inclusionProof === undefined || inclusionPromise === undefined) throw new Error('Rekor 1 promises and proves')
  const uuid = createHash('sha256').update(canonicalizedBody).digest('hex')
  const body = {
    body: canonicalizedBody,
    integratedTime: Number(added.integratedTime),
    logID: hex(logId.keyId),
    logIndex: Number(added.logIndex),
    verification: {
      inclusionProof: {
        checkpoint: inclusionProof.checkpoint.envelope,
        hashes: inclusionProof.hashes.map(hex),
        logIndex: Number(inclusionProof.logIndex),
        rootHash: hex(inclusionProof.rootHash),
        treeSize: Number(inclusionProof.treeSize),
      },
      signedEntryTimestamp: inclusionPromise.signedEntryTimestamp,
    },
  }
  return { status: 201, headers: { etag: uuid, location: `/api/v1/log/entries/${uuid}` }, body: { [uuid]: body } }
}

interface ProposedEntry {
  readonly kind: string
  readonly apiVersion: string
  readonly spec: { readonly proposedContent?: { readonly envelope: string; readonly verifiers: readonly string[] } }
}

/** Rekor keeps hashes of an envelope in place of it. */
function canonical({ kind, apiVersion, spec }: ProposedEntry) {
  if (spec.proposedContent === undefined) return { kind, apiVersion, spec }
  const { envelope, verifiers } = spec.proposedContent
  const { payload, signatures } = JSON.parse(envelope) as { payload: string; signatures: { sig: string }[] }
  const hash = (bytes: Buffer) => ({ algorithm: 'sha256', value: createHash('sha256').update(bytes).digest('hex') })
  return {
    kind,
    apiVersion,
    spec: {
      envelopeHash: hash(Buffer.from(envelope)),
      payloadHash: hash(Buffer.from(payload, 'base64')),
      signatures: signatures.map(({ sig }) => ({ signature: sig, verifier: verifiers[0] })),
    },
  }
}

/** A token that only this instance takes: nobody signed it. */
function tokenOf({ issuer, subject }: typeof IDENTITY): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: issuer, sub: subject, aud: 'sigstore', iat: now, exp: now + 3600 }
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.${Buffer.from('none').toString('base64url')}`
}

async function readJSON(request: IncomingMessage): Promise<never> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return JSON.parse(Buffer.concat(parts).toString() || 'null') as never
}
