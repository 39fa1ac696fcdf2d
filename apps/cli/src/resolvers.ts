import type { Resolver, Run, Source } from '@source-policy/core'
import type { BaseConfig } from '@source-policy/dockerfile'
import {
  type ContentSource,
  type CredentialsFor,
  chooseManifest,
  createRegistryClient,
  hostPlatform,
  parseReference,
  type RegistryConfig,
  readImageConfig,
  tagNameOnly,
} from '@source-policy/oci'
import { gitCredentialHelper, gitResolver, gitSecrets } from '@source-policy/resolver-git'
import { httpResolver } from '@source-policy/resolver-http'
import { imageResolver } from '@source-policy/resolver-image'
import { createTransport, type Transport, type TransportOptions } from '@source-policy/transport'
import type { IO } from './io.ts'
import type { Secrets } from './secrets.ts'

export interface ResolversOptions extends Omit<TransportOptions, 'insecureHosts'> {
  /** `host` is spoken to over plain http, `https://host` over TLS whose certificate is not verified. */
  readonly insecureRegistries: readonly string[]
  /** Where `docker login` keeps credentials is read from it: `DOCKER_CONFIG`, `DOCKER_AUTH_CONFIG`, `HOME`. */
  readonly env: IO['env']
  /** Learns what must not be shown: servers may repeat what they were sent. */
  readonly secrets: Secrets
}

export interface Resolvers {
  readonly resolvers: readonly Resolver[]
  readonly images: ContentSource
  close(): Promise<void>
}

/** Resolvers of all sources that the command knows, on one transport. */
export function openResolvers({ insecureRegistries, env, secrets, ...options }: ResolversOptions): Resolvers {
  const unverified = insecureRegistries.filter(host => host.startsWith('https://'))
  const plain = insecureRegistries
    .filter(host => !host.startsWith('https://'))
    .map(host => host.replace(/^http:\/\//, ''))
  const insecureHosts = [...plain, ...unverified.map(host => host.slice('https://'.length))]
  const transport = watchedTransport(createTransport({ ...options, insecureHosts }), secrets)
  const registries = Object.fromEntries(plain.map((host): [string, RegistryConfig] => [host, { http: true }]))
  const images = createRegistryClient({ transport, registries, credentialsFor: credentials(env, secrets) })
  const git = gitResolver({
    transport,
    // a secret for no host in particular is for the host of a git context, and here there is none
    credentialsFor: gitSecrets({ secrets: env }),
    askCredential: gitCredentialHelper({ env }),
    git: { env },
  })
  const resolvers = [imageResolver({ registry: images }), git, httpResolver({ transport })]
  return { resolvers, images, close: () => transport.close() }
}

function watchedTransport(transport: Transport, secrets: Secrets): Transport {
  return {
    ...transport,
    request(request) {
      if (request.authorization !== undefined) secrets.addAuthorization(request.authorization.value)
      return transport.request(request)
    },
  }
}

/** Loaded when the first registry asks for credentials. */
function credentials(env: IO['env'], secrets: Secrets): CredentialsFor {
  let loaded: Promise<CredentialsFor> | undefined
  return async (...asked) => {
    loaded ??= import('@source-policy/oci/docker-config').then(({ dockerCredentials }) =>
      dockerCredentials({ env, ...(env.HOME !== undefined && { homeDirectory: env.HOME }) }),
    )
    const found = await (await loaded)(...asked)
    // goes into a form, not into a header
    if (found !== undefined && 'identityToken' in found) secrets.add(found.identityToken)
    return found
  }
}

/** The configuration of a base image; what a policy asked for in the run is not asked for again. Rejects with a coded error. */
export async function readBaseConfig(images: ContentSource, source: Source, run: Run): Promise<BaseConfig> {
  const context = { run, signal: run.signal, anonymous: false }
  const reference = tagNameOnly(parseReference(source.identifier.slice('docker-image://'.length)))
  const root = await images.root(reference, context)
  const wanted = { reference, root, platform: source.platform ?? hostPlatform() }
  const { descriptor } = await chooseManifest(images, wanted, context)
  const { env, onBuild, workingDir } = await readImageConfig(images, { reference, descriptor }, context)
  return { ...(env && { env }), ...(onBuild && { onbuild: onBuild }), ...(workingDir && { workingDir }) }
}
