/** How a registry is reached: the part of BuildKit's `[registry."host"]` that matters here. */
export interface RegistryConfig {
  /** Plain http. Default: only for loopback hosts, as BuildKit has it. */
  readonly http?: boolean
  /** Asked first, in this order: `mirror.example.com`, `mirror.example.com/docker-hub`. */
  readonly mirrors?: readonly string[]
}

/** By the host that references name: `docker.io`, `localhost:5000`. */
export type RegistryConfigs = Readonly<Record<string, RegistryConfig>>

/** A server to ask for the content of a reference's registry. */
export interface Endpoint {
  /** `host` or `host:port`, as `URL.host` prints it. */
  readonly host: string
  /** `https://registry-1.docker.io/v2` */
  readonly base: string
  /** The name that credentials are looked up by. */
  readonly credentialsName: string
  /** The same with the prefix of a mirror: what stands before the repository. */
  readonly name: string
  /** The registry that a mirror stands for; sent along as `ns`. */
  readonly mirrorOf?: string
}

const DOCKER_HUB = 'docker.io'
const DOCKER_HUB_HOST = 'registry-1.docker.io'

/** Whom to ask for what a registry has, in this order: its mirrors, then the registry itself. */
export function endpointsOf(domain: string, configs: RegistryConfigs): Endpoint[] {
  const configOf = (name: string) => (Object.hasOwn(configs, name) ? configs[name] : undefined)
  const mirrors = configOf(domain)?.mirrors ?? []
  return [
    ...mirrors.map(mirror => {
      const slash = mirror.indexOf('/')
      const name = slash < 0 ? mirror : mirror.slice(0, slash)
      const prefix = slash < 0 ? '' : mirror.slice(slash).replace(/\/+$/, '')
      return { ...endpointOf(name, configOf(name), prefix), mirrorOf: domain }
    }),
    endpointOf(domain, configOf(domain), ''),
  ]
}

/** The host that a registry is asked at: `registry-1.docker.io` for `docker.io`, any other by its own name. */
export function hostOf(registry: string): string {
  return registry === DOCKER_HUB ? DOCKER_HUB_HOST : registry
}

function endpointOf(name: string, config: RegistryConfig | undefined, prefix: string): Endpoint {
  const target = hostOf(name)
  const scheme = (config?.http ?? isLoopback(target)) ? 'http' : 'https'
  const url = new URL(`${scheme}://${target}/v2${prefix}`)
  return { host: url.host, base: url.href, credentialsName: name, name: `${name}${prefix}` }
}

/** BuildKit talks plain http to these unless told otherwise. */
function isLoopback(target: string): boolean {
  const { hostname } = new URL(`http://${target}`)
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}
