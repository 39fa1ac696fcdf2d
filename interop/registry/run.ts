import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { createEvaluator, createRun, isWithin, type Path, type Policy } from '@source-policy/core'
import { createRegistryClient, parsePlatform } from '@source-policy/oci'
import { dockerCredentials } from '@source-policy/oci/docker-config'
import { imageResolver } from '@source-policy/resolver-image'
import { createTransport } from '@source-policy/transport'
import { checkByCommand } from './command.ts'
import { LABELS, type MadeImage, makeImages } from './images.ts'
import { missingPrograms, run } from './programs.ts'
import { PASSWORD, type RunningRegistry, startRegistries, USER, writeLogin } from './registries.ts'

/*
 * Our client, and the command as it is built, against Docker's own registry and zot, in each of their ways of
 * authentication, with images that other tools made and pushed. What we say of an image has to be what skopeo says of it.
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

interface Row {
  readonly registry: string
  readonly image: string
  readonly platform: string
  readonly result: string
  readonly requests: number
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
  const rows: Row[] = []
  for (const registry of registries) {
    for (const image of images) {
      for (const format of image.formats) {
        const repository = `${registry.prefix}/${image.name}-${format}`
        if (!registry.formats.includes(format)) {
          const result = 'skipped: the registry does not take this format'
          rows.push({ registry: registry.mode, image: `${image.name} ${format}`, platform: '', result, requests: 0 })
          continue
        }
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
  for (const registry of registries) rows.push(...(await byCommand(registry, images)))
  console.table(rows)
  const skipped = rows.filter(({ result }) => result.startsWith('skipped: ')).length
  const passed = rows.filter(({ result }) => result === 'same' || result === 'refused').length
  const failed = rows.filter(({ result }) => !/^(?:same$|refused$|skipped: )/.test(result))
  for (const { registry, image, result } of failed) console.error(`${registry}, ${image}: ${result}`)
  console.log(`${passed} passed, ${failed.length} failed, ${skipped} skipped`)
  process.exitCode = failed.length === 0 && rows.length > 0 ? 0 : 1
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
  await writeLogin(directory, registry)
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

/** A build on an image of each kind, by the command in a process of its own: allowed, with skopeo's digest; undecided without login. */
async function byCommand(registry: RunningRegistry, images: readonly MadeImage[]): Promise<Row[]> {
  const platform = 'linux/amd64'
  const names = images.flatMap(({ name, formats }) =>
    formats.filter(format => registry.formats.includes(format)).map(format => `${name}-${format}`),
  )
  const rows: Row[] = []
  for (const name of names) {
    const repository = `${registry.prefix}/${name}`
    const { checksum } = await bySkopeo(registry, repository, platform)
    const found = await checkByCommand({ registry, repository, platform, directory, login: registry.needsLogin })
    const isSame = found.exitCode === 0 && found.outcome === 'allowed' && found.digest === checksum
    const result = isSame ? 'same' : `${JSON.stringify(found)}, skopeo says ${checksum}`
    rows.push({ registry: registry.mode, image: `command: ${name}`, platform, result, requests: found.requests })
  }
  if (!registry.needsLogin) return rows
  const repository = `${registry.prefix}/${names[0]}`
  const found = await checkByCommand({ registry, repository, platform, directory, login: false })
  const isRefused = found.exitCode === 3 && found.outcome === 'undecided' && found.codes.includes('unauthorized')
  const result = isRefused ? 'refused' : JSON.stringify(found)
  return [
    ...rows,
    { registry: registry.mode, image: 'command: without login', platform, result, requests: found.requests },
  ]
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
