import { createRun, type Facts, formatPath, type Path, parseField, type Run } from '@source-policy/core'
import { createRegistryClient, parsePlatform, type RegistryClientOptions } from '@source-policy/oci'
import { type Registry, type RegistryOptions, startRegistry } from '@source-policy/testkit'
import { createTransport } from '@source-policy/transport'
import { type ImageResolverOptions, imageResolver } from '../image-resolver.ts'

export interface AskOptions {
  readonly run?: Run
  readonly platform?: string
  readonly attrs?: Readonly<Record<string, string>>
}

/** A registry with a resolver for its images. */
export async function serveImages(
  options: RegistryOptions = {},
  {
    client = {},
    ...resolverOptions
  }: Partial<ImageResolverOptions> & { readonly client?: Partial<RegistryClientOptions> } = {},
) {
  const registry: Registry = await startRegistry(options)
  const transport = createTransport({ allowAddresses: ['127.0.0.1'], insecureHosts: [registry.host], retries: 0 })
  const resolver = imageResolver({ registry: createRegistryClient({ transport, ...client }), ...resolverOptions })
  const sourceOf = (name: string, { platform = 'linux/arm64', attrs = {} }: AskOptions) =>
    resolver.parse(`docker-image://${registry.host}/${name}`, { attrs, platform: parsePlatform(platform) })
  return {
    registry,
    transport,
    resolver,
    /** The facts for fields: `image.labels`, `image.provenance.verified`. */
    ask(name: string, fields: readonly string[], given: AskOptions = {}): Promise<Facts> {
      const run = given.run ?? createRun()
      const paths = fields.map(field => parseField(field) as Path)
      return resolver.resolve(sourceOf(name, given), paths, { run, signal: run.signal, anonymous: false })
    },
    /** What a host function answers that a policy calls with the image. */
    call(
      name: string,
      args: readonly unknown[],
      { files = {}, ...given }: AskOptions & { readonly files?: Readonly<Record<string, string>> } = {},
    ) {
      const run = given.run ?? createRun()
      return resolver.functions!.verify_image!([{}, ...args], {
        source: sourceOf(name, given),
        path: ['image'],
        files: { read: async path => (Object.hasOwn(files, path) ? Buffer.from(files[path]!) : undefined) },
        run,
        signal: run.signal,
        anonymous: false,
      })
    },
    requests: () => registry.contentRequests().map(({ path }) => path),
    async close() {
      await registry.close()
      await transport.close()
    },
  }
}

export type ServedImages = Awaited<ReturnType<typeof serveImages>>

/** The state of each field: its value, `absent`, or the code of why it is unavailable. */
export function statesOf({ known, absent, unavailable }: Facts): Record<string, unknown> {
  const name = (path: Path) => formatPath(path).replace('input.', '')
  return Object.fromEntries([
    ...known.map(({ path, value }) => [name(path), value]),
    ...absent.map(({ path }) => [name(path), 'absent']),
    ...unavailable.map(({ path, error }) => [name(path), `unavailable: ${error.code}`]),
  ])
}
