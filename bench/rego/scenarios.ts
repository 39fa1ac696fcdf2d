import { readFileSync } from 'node:fs'

/** One policy with what it is evaluated on. The answer is `data.bench.result`. */
export interface Scenario {
  readonly name: string
  readonly modules: Record<string, string>
  readonly data: object
  readonly input: object
}

const policy = (name: string) => readFileSync(new URL(`policies/${name}.rego`, import.meta.url), 'utf8')

function scenario(name: string, input: object, data: object = {}): Scenario {
  return { name, modules: { [`${name}.rego`]: policy(name) }, data, input }
}

const range = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

/** `count` rules of which one holds: what an index is for. */
export function constantRules(count: number): Scenario {
  const rules = range(count, index => `result if input.key == "key-${index}"\n`)
  const module = `package bench\n\ndefault result := false\n\n${rules.join('\n')}`
  return { name: `rules-${count}`, modules: { 'rules.rego': module }, data: {}, input: { key: `key-${count - 1}` } }
}

function rbac(): Scenario {
  const roles = range(1_000, role => [
    `role-${role}`,
    range(10, grant => ({
      action: grant % 2 === 0 ? 'read' : 'write',
      resource: `resource-${(role * 7 + grant) % 500}`,
    })),
  ])
  const bindings = range(200, user => [`user-${user}`, range(5, index => `role-${(user * 5 + index) % 1_000}`)])
  const input = { user: 'user-42', action: 'write', resource: `resource-${(214 * 7 + 9) % 500}` }
  return scenario('rbac', input, { roles: Object.fromEntries(roles), bindings: Object.fromEntries(bindings) })
}

function pods(): Scenario {
  const containers = range(50, index => ({
    name: `container-${index}`,
    image: index % 9 === 0 ? `docker.io/library/app:${index}` : `registry.example.com/app:${index}`,
    securityContext: {
      privileged: index % 25 === 0,
      capabilities: { add: index % 10 === 0 ? ['SYS_ADMIN', 'CHOWN'] : ['CHOWN'] },
    },
    resources: index % 8 === 0 ? {} : { limits: { memory: '64Mi' } },
    ports: [{ containerPort: 8080, hostPort: index % 20 === 0 ? 80 : 8000 + index }],
  }))
  return scenario('pods', { spec: { containers: containers.slice(5), initContainers: containers.slice(0, 5) } })
}

const image = {
  ref: 'docker.io/docker/dockerfile:1.21.0',
  host: 'docker.io',
  repo: 'docker/dockerfile',
  fullRepo: 'docker.io/docker/dockerfile',
  tag: '1.21.0',
  platform: 'linux/amd64',
  hasProvenance: true,
  signatures: range(3, index => ({
    kind: index === 2 ? 'docker-github-builder' : 'self-signed',
    type: 'bundle-v0.3',
    timestamps: [{ type: 'Tlog', uri: 'https://rekor.sigstore.dev', timestamp: '2026-01-02T03:04:05Z' }],
    signer: {
      certificateIssuer: 'CN=sigstore-intermediate,O=sigstore.dev',
      issuer: 'https://token.actions.githubusercontent.com',
      sourceRepositoryURI: 'https://github.com/moby/buildkit',
      sourceRepositoryRef: 'refs/tags/dockerfile/1.21.0',
      runnerEnvironment: 'github-hosted',
    },
  })),
}

function deep(depth: number, width: number): object {
  if (depth === 0) return { image: `app-${width}`, note: 'secret:hidden', count: depth }
  return Object.fromEntries(range(width, index => [`child-${index}`, deep(depth - 1, width)]))
}

function largeInput(): Scenario {
  const objects = range(5_000, index => ({
    kind: 'ConfigMap',
    metadata: { name: `object-${index}`, labels: { owner: index === 17 ? 'ada' : `owner-${index}` } },
    data: { text: 'x'.repeat(80), index },
  }))
  return scenario('large-input', { request: { kind: 'Deployment', namespace: 'production', user: 'ada' }, objects })
}

/** The ten policies that are compared; the rules on a constant in three sizes. */
export const scenarios: readonly Scenario[] = [
  rbac(),
  constantRules(10),
  constantRules(100),
  constantRules(1_000),
  scenario('allow-list', { image: { ...image, tag: 'latest', signatures: [] } }),
  scenario('signatures', { image }),
  pods(),
  scenario('strings', {
    urls: range(
      40,
      index => `https://${index % 7 === 0 ? 'bad_host' : `h${index}.Example.COM`}/a/b/tool-v1.${index}.0.tar.gz`,
    ),
  }),
  scenario('comprehensions', {
    items: range(60, index => ({
      name: `n${index}`,
      team: `t${index % 6}`,
      cost: index % 17,
      tier: index % 4 === 0 ? 'gold' : 'tin',
    })),
  }),
  scenario('walk', deep(5, 3)),
  largeInput(),
  scenario('arithmetic', { values: range(100, index => (index * 37) % 101) }),
]
