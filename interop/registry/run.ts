import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { createEvaluator, createRun, isWithin, type Path, type Policy } from '@source-policy/core'
import { createRegistryClient, parsePlatform } from '@source-policy/oci'
import { dockerCredentials } from '@source-policy/oci/docker-config'
import { imageResolver } from '@source-policy/resolver-image'
import { createTransport } from '@source-policy/transport'
import { LABELS, type MadeImage, makeImages } from './images.ts'
import { missingPrograms, run } from './programs.ts'
import { PASSWORD, type RunningRegistry, startRegistries, USER } from './registries.ts'

/*
 * Our client against Docker's own registry, in each of its ways of authentication, with images that other tools made and
 * pushed. What we say of an image has to be what skopeo says of it.
 */

const PROGRAMS = ['docker-registry', 'skopeo', 'umoci', 'buildah', 'openssl', 'htpasswd']
const fields = ['checksum', 'labels', 'user', 'volumes', 'workingDir', 'env'].map((field): Path => ['image', field])

const goldOnly: Policy = {
  name: 'gold only',
  evaluate({ input, unknown }) {
    const labels: Path = ['image', 'labels']
    if (unknown.some(hole => isWithin(labels, hole))) return { kind: 'missing', paths: [labels], calls: [] }
    const allow = input.image?.labels?.['org.example.tier'] === 'gold'
    return { kind: 'verdict', verdict: { allow, messages: [], pins: [], caps: {}, warnings: [] } }
  },
}

const missing = missingPrograms(PROGRAMS.filter(program => program !== 'htpasswd' && program !== 'openssl'))
if (missing.length > 0) {
  console.error(
    `cannot run without ${missing.join(', ')} (Debian: apt-get install docker-registry skopeo umoci buildah apache2-utils openssl)`,
  )
  process.exit(2)
}

const directory = await mkdtemp(path.join(tmpdir(), 'interop-registry-'))
let registries: RunningRegistry[] = []
try {
  const images = await makeImages(directory)
  registries = await startRegistries(directory)
  const rows: { registry: string; image: string; platform: string; result: string; requests: number }[] = []
  for (const registry of registries) {
    for (const image of images) {
      for (const format of image.formats) {
        const repository = `${registry.prefix}/${image.name}-${format}`
        await push(registry, image, format, repository)
        for (const platform of image.isIndex ? ['linux/amd64', 'linux/arm64'] : ['linux/amd64']) {
          const { differences, requests } = await compare(registry, repository, platform)
          const result = differences.length === 0 ? 'same' : differences.join('; ')
          rows.push({ registry: registry.mode, image: `${image.name} ${format}`, platform, result, requests })
        }
      }
    }
  }
  rows.push(...(await refusals(registries)))
  console.table(rows)
  const failed = rows.filter(({ result }) => result !== 'same' && result !== 'refused')
  console.log(`${rows.length} cases, ${failed.length} failed`)
  process.exitCode = failed.length === 0 ? 0 : 1
} finally {
  for (const registry of registries) await registry.stop()
  await rm(directory, { recursive: true, force: true })
}

async function push(registry: RunningRegistry, image: MadeImage, format: string, repository: string): Promise<void> {
  const access = registry.certificates ? ['--dest-cert-dir', registry.certificates] : ['--dest-tls-verify=false']
  const login = ['--dest-creds', `${USER}:${PASSWORD}`]
  const whole = image.isIndex ? ['--all'] : ['--format', format]
  const target = `docker://${registry.host}/${repository}:v1`
  await run('skopeo', ['--insecure-policy', 'copy', ...whole, ...access, ...login, image.location, target])
}

/** What skopeo says: the digest of the raw manifest or index, and the config of the platform. */
async function bySkopeo(registry: RunningRegistry, repository: string, platform: string) {
  const access = registry.certificates ? ['--cert-dir', registry.certificates] : ['--tls-verify=false']
  const login = ['--creds', `${USER}:${PASSWORD}`]
  const arch = platform.split('/')[1] ?? ''
  const target = `docker://${registry.host}/${repository}:v1`
  const inspect = (...more: string[]) =>
    run('skopeo', ['--override-arch', arch, 'inspect', ...access, ...login, ...more, target])
  const checksum = `sha256:${createHash('sha256')
    .update(await inspect('--raw'))
    .digest('hex')}`
  const { config } = JSON.parse(await inspect('--config')) as { config: Record<string, unknown> }
  return {
    checksum,
    labels: config.Labels,
    user: config.User,
    volumes: Object.keys((config.Volumes ?? {}) as object),
    workingDir: config.WorkingDir,
    env: config.Env,
  }
}

function openClient(registry: RunningRegistry, env: Record<string, string>) {
  const transport = createTransport({
    allowAddresses: [registry.host, ...registry.helpers],
    ...(registry.http && { insecureHosts: [registry.host, ...registry.helpers] }),
    ...(registry.ca !== undefined && { ca: registry.ca }),
  })
  const client = createRegistryClient({
    transport,
    registries: { [registry.host]: { http: registry.http } },
    credentialsFor: dockerCredentials({ env }),
  })
  return { transport, resolver: imageResolver({ registry: client }) }
}

async function compare(registry: RunningRegistry, repository: string, platform: string) {
  const expected = await bySkopeo(registry, repository, platform)
  const auth = Buffer.from(`${USER}:${PASSWORD}`).toString('base64')
  await writeFile(path.join(directory, 'config.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }))
  const { transport, resolver } = openClient(
    registry,
    registry.needsLogin ? { DOCKER_CONFIG: directory } : { DOCKER_CONFIG: '/nonexistent' },
  )
  try {
    const run = createRun()
    const evaluator = createEvaluator({ policies: [goldOnly], resolvers: [resolver] })
    const identifier = `docker-image://${registry.host}/${repository}:v1`
    const options = { platform: parsePlatform(platform), run }
    const { decision } = await evaluator.evaluate(identifier, options)
    // by now a token of one second is used up
    if (registry.mode.includes('1 s')) await new Promise(resolve => setTimeout(resolve, 1100))
    const source = resolver.parse(identifier, { attrs: {}, platform: options.platform })
    const facts = await resolver.resolve(source, fields, { run: createRun(), signal: run.signal, anonymous: false })
    const found = Object.fromEntries(facts.known.map(({ path: [, name], value }) => [name, value]))
    const differences = Object.entries(expected)
      .filter(([name, value]) => !isDeepStrictEqual(plain(found[name]), plain(value)))
      .map(([name, value]) => `${name}: ${JSON.stringify(found[name])}, skopeo says ${JSON.stringify(value)}`)
    if (decision.kind !== 'allow') differences.push(`decided ${JSON.stringify(decision)}`)
    const labels = (found.labels ?? {}) as Record<string, string>
    for (const [name, value] of Object.entries(LABELS)) {
      if (labels[name] !== value) differences.push(`label ${name} is ${JSON.stringify(labels[name])}`)
    }
    return { differences, requests: run.usage.requests }
  } finally {
    await transport.close()
  }
}

/** The registries that want a login refuse us without one, and so we refuse the image. */
async function refusals(all: readonly RunningRegistry[]) {
  return Promise.all(
    all
      .filter(({ needsLogin }) => needsLogin)
      .map(async registry => {
        const { transport, resolver } = openClient(registry, { DOCKER_CONFIG: '/nonexistent' })
        const evaluator = createEvaluator({ policies: [goldOnly], resolvers: [resolver] })
        const run = createRun()
        const identifier = `docker-image://${registry.host}/${registry.prefix}/umoci-oci:v1`
        const { decision } = await evaluator.evaluate(identifier, { platform: parsePlatform('linux/amd64'), run })
        await transport.close()
        const refused = decision.kind === 'undecided' && decision.errors.every(({ code }) => code === 'unauthorized')
        const result = refused ? 'refused' : JSON.stringify(decision)
        return { registry: registry.mode, image: 'without login', platform: '', result, requests: run.usage.requests }
      }),
  )
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}
