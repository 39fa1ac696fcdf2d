import path from 'node:path'
import { type PolicyFiles, type Run, redactURL } from '@source-policy/core'
import {
  type ContentSource,
  type Digest,
  isDigest,
  parseDigest,
  parseReference,
  verifyDigest,
} from '@source-policy/oci'
import { CliError } from './error.ts'
import { MAX_POLICY_ARTIFACT_BYTES, MAX_POLICY_ARTIFACT_LAYERS, MAX_POLICY_BYTES } from './limits.ts'
import { decodePolicy } from './policy-text.ts'
import type { Session } from './session.ts'
import { tarFiles } from './tar-files.ts'

/** Where policies are fetched from; the digest in their name says what they must be. */
export interface FetchedPolicy {
  readonly files: readonly { readonly path: string; readonly text: string }[]
  /** What its imports and reads find. */
  readonly root: PolicyFiles
}

/** Whom policies are fetched from. */
export interface PolicyServers {
  readonly run: Run
  readonly registry: ContentSource
  readonly download: Session['download']
}

const OCI_SCHEME = 'oci://'
const TITLE = 'org.opencontainers.image.title'

/** Whether a file of `--policy` is fetched. */
export function isRemotePolicy(file: string): boolean {
  return /^(?:https?|oci):\/\//i.test(file)
}

/** Its name in reports: without its digest and without credentials. */
export function remotePolicyName(file: string): string {
  const name = file.replace(/[#@]sha(?:256|384|512):[0-9a-f]+$/, '')
  return /^https?:/i.test(name) ? redactURL(name) : name
}

/**
 * `https://host/org.rego#sha256:...` (or `@sha256:...`), or `oci://registry/repository@sha256:...`: whatever comes must have the
 * digest. Throws `policy_not_pinned`, `policy_unsupported`, and what fetching it throws.
 */
export async function fetchPolicy(file: string, from: PolicyServers): Promise<FetchedPolicy> {
  return file.toLowerCase().startsWith(OCI_SCHEME) ? fetchArtifact(file, from) : fetchFile(file, from)
}

async function fetchFile(file: string, { download }: PolicyServers): Promise<FetchedPolicy> {
  const [, url = '', digest = ''] = /^(.*)[#@](sha(?:256|384|512):[0-9a-f]+)$/.exec(file) ?? []
  if (!isDigest(digest)) throw notPinned(file, 'https://host/policy.rego#sha256:...')
  const name = remotePolicyName(file)
  const bytes = await download(url, MAX_POLICY_BYTES)
  verifyDigest(bytes, parseDigest(digest), `policy ${name}`)
  return { files: [{ path: name, text: decodePolicy(bytes, name) }], root: { read: async () => undefined } }
}

/** A policy that is an artifact of a registry: its layers are single files, or archives of files. */
async function fetchArtifact(file: string, { registry, run }: PolicyServers): Promise<FetchedPolicy> {
  const reference = parseReference(file.slice(OCI_SCHEME.length))
  const digest: Digest | undefined = reference.digest
  if (digest === undefined) throw notPinned(file, 'oci://registry/repository@sha256:...')
  const name = remotePolicyName(file)
  const context = { run, signal: run.signal, anonymous: false }
  const { document } = await registry.root(reference, context)
  if (document.kind !== 'manifest') throw unsupported(name, 'it is an index')
  if (document.layers.length > MAX_POLICY_ARTIFACT_LAYERS) {
    throw unsupported(name, `more than ${MAX_POLICY_ARTIFACT_LAYERS} layers`)
  }
  const contents = new Map<string, Uint8Array>()
  const add = (title: string, bytes: Uint8Array) => {
    const clean = path.posix.join('/', title).slice(1)
    if (contents.has(clean)) throw unsupported(name, `the file ${clean} stands twice`)
    contents.set(clean, bytes)
  }
  for (const layer of document.layers) {
    const bytes = await registry.blob(reference, layer, { maxBytes: MAX_POLICY_ARTIFACT_BYTES }, context)
    const title = layer.annotations?.[TITLE]
    const archive = /[.+]tar\b/.test(layer.mediaType) ? await tarFiles(bytes, `a layer of ${name}`) : undefined
    if (archive === undefined) {
      if (title !== undefined) add(title, bytes)
      continue
    }
    for (const file of archive.names) {
      const content = await archive.read(file, { maxBytes: MAX_POLICY_ARTIFACT_BYTES })
      if (content !== undefined) add(file, content)
    }
  }
  const files = [...contents]
    .filter(([file]) => file.endsWith('.rego') && !file.endsWith('_test.rego'))
    .map(([file, bytes]) => ({ path: file, text: decodePolicy(bytes, `${file} of ${name}`) }))
  if (files.length === 0) throw unsupported(name, 'it holds no file that ends in .rego')
  return {
    files,
    root: {
      async read(file, { maxBytes }) {
        const bytes = contents.get(path.posix.join('/', file).slice(1))
        if (bytes === undefined || bytes.length <= maxBytes) return bytes
        throw new CliError('unreadable_file', `reading ${file} of ${name}: larger than ${maxBytes} bytes`)
      },
    },
  }
}

function notPinned(file: string, example: string): CliError {
  const name = remotePolicyName(file)
  return new CliError('policy_not_pinned', `policy ${name}: whoever serves it could change it: expected ${example}`)
}

function unsupported(name: string, problem: string): CliError {
  return new CliError('policy_unsupported', `policy ${name}: ${problem}`)
}
