import type { Resolver, Run, Source } from '@source-policy/core'
import type { BaseConfig } from '@source-policy/dockerfile'
import {
  type ContentCache,
  type ContentSource,
  type CredentialsFor,
  chooseManifest,
  createRegistryClient,
  hostPlatform,
  parseReference,
  type Reference,
  type RegistryConfig,
  type RegistryConfigs,
  readImageConfig,
  type Served,
  tagNameOnly,
} from '@source-policy/oci'
import {
  type GitFilesReader,
  gitCredentialHelper,
  gitFiles,
  gitResolver,
  gitSecrets,
} from '@source-policy/resolver-git'
import {
  type HTTPContentBinder,
  type HTTPResolverOptions,
  httpContent,
  httpResolver,
} from '@source-policy/resolver-http'
import { type ImageResolverOptions, imageResolver } from '@source-policy/resolver-image'
import { createTransport, type Transport, type TransportOptions } from '@source-policy/transport'
import { CliError } from './error.ts'
import type { IO } from './io.ts'
import type { GivenSecrets } from './secret-flag.ts'
import type { Secrets } from './secrets.ts'

export interface ResolversOptions extends Omit<TransportOptions, 'insecureHosts'> {
  /** `host` is spoken to over plain http, `https://host` over TLS whose certificate is not verified. */
  readonly insecureRegistries: readonly string[]
  /** Hosts that a builder's configuration calls insecure. */
  readonly insecureHosts?: readonly string[]
  /** Mirrors and plain http, as a builder's configuration has them. */
  readonly registries?: RegistryConfigs
  /** Keeps what digests name between runs. */
  readonly cache?: ContentCache
  /** The cache keeps what tags point to, and with `offline` that counts. */
  readonly rememberTags: boolean
  /** No request is made. */
  readonly offline: boolean
  /** OCI layouts by the name of their store. */
  readonly layouts?: ReadonlyMap<string, ContentSource>
  /** Called for all content of images that a server sent. */
  readonly onServed?: (served: Served) => void
  /** Where `docker login` keeps credentials is read from it: `DOCKER_CONFIG`, `DOCKER_AUTH_CONFIG`, `HOME`. */
  readonly env: IO['env']
  /** Learns what must not be shown: servers may repeat what they were sent. */
  readonly secrets: Secrets
  /** What the operator gave for servers, by the ids that BuildKit has for it. */
  readonly given: GivenSecrets
  /** Host of the build context, where that is a git repository. */
  readonly mainContextHost?: string
  readonly http: Omit<HTTPResolverOptions, 'transport'>
  /** Whom signatures of images are verified by. */
  readonly trustRoots: NonNullable<ImageResolverOptions['trustRoots']>
}

export interface Resolvers {
  readonly resolvers: readonly Resolver[]
  /** Where the content of an image comes from: a registry, or a layout. */
  imagesOf(source: Source): ContentSource
  readonly registry: ContentSource
  readonly gitFiles: GitFilesReader
  readonly httpContent: HTTPContentBinder
  readonly transport: Transport
  close(): Promise<void>
}

/** Resolvers of all sources that the command knows, on one transport. */
export function openResolvers(options: ResolversOptions): Resolvers {
  const { insecureRegistries, env, secrets, cache, rememberTags, offline, layouts = new Map(), ...others } = options
  const { given, mainContextHost, http: httpOptions, trustRoots, onServed, ...more } = others
  const unverified = insecureRegistries.filter(host => host.startsWith('https://'))
  const plain = insecureRegistries
    .filter(host => !host.startsWith('https://'))
    .map(host => host.replace(/^http:\/\//, ''))
  const { registries: configured = {}, insecureHosts: insecure = [], ...transportOptions } = more
  const insecureHosts = [...insecure, ...plain, ...unverified.map(host => host.slice('https://'.length))]
  const transport = offline
    ? offlineTransport
    : watchedTransport(createTransport({ ...transportOptions, insecureHosts }), secrets)
  const registries: RegistryConfigs = {
    ...configured,
    ...Object.fromEntries(plain.map((host): [string, RegistryConfig] => [host, { ...configured[host], http: true }])),
  }
  const registry = createRegistryClient({
    transport,
    registries,
    credentialsFor: credentials(env, secrets),
    offline,
    rememberTags,
    ...(cache && { cache }),
    ...(onServed && { onServed }),
  })
  const layout = (store: string) => layouts.get(store)
  const gitOptions = {
    transport,
    credentialsFor: gitSecrets({
      secrets: { ...env, ...given },
      ...(mainContextHost !== undefined && { mainContextHost }),
    }),
    askCredential: gitCredentialHelper({ env }),
    ...(httpOptions.trustRoots && { trustRoots: httpOptions.trustRoots }),
    git: { env },
  }
  const http = { ...httpOptions, transport }
  const image = imageResolver({ registry, trustRoots, ...(layouts.size > 0 && { layout }) })
  return {
    resolvers: [image, gitResolver(gitOptions), httpResolver(http)],
    imagesOf: ({ attrs }) => layouts.get(attrs['oci.store'] ?? '') ?? registry,
    registry,
    gitFiles: gitFiles(gitOptions),
    httpContent: httpContent(http),
    transport,
    close: () => transport.close(),
  }
}

const unreachable = async (): Promise<never> => {
  throw new CliError('offline', 'with --offline nothing is asked for, and only what a digest names can be in the cache')
}

const offlineTransport: Transport = { request: unreachable, resolveHost: unreachable, close: async () => {} }

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

/** The reference of an image source, with its tag. */
export function referenceOf({ identifier }: Source): Reference {
  return tagNameOnly(parseReference(identifier.replace(/^[a-z-]+:\/\//, '')))
}

/** The configuration of a base image; what a policy asked for in the run is not asked for again. Rejects with a coded error. */
export async function readBaseConfig(images: ContentSource, source: Source, run: Run): Promise<BaseConfig> {
  const context = { run, signal: run.signal, anonymous: false }
  const reference = referenceOf(source)
  const root = await images.root(reference, context)
  const wanted = { reference, root, platform: source.platform ?? hostPlatform() }
  const { descriptor } = await chooseManifest(images, wanted, context)
  const { env, onBuild, workingDir } = await readImageConfig(images, { reference, descriptor }, context)
  return { ...(env && { env }), ...(onBuild && { onbuild: onBuild }), ...(workingDir && { workingDir }) }
}
