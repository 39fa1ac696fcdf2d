import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { type Finished, finish, startBuildKit } from '../builder/buildkit.ts'
import { startLoggedRegistry } from '../builder/registry.ts'
import { buildPeer } from '../peers.mjs'
import { buildImages } from './builds.ts'
import { openCosign } from './cosign.ts'
import { attestedByBuildx, attestedByUs } from './provenance.ts'
import { registryContent } from './registry-content.ts'
import { type SignedImage, signImages, tamper } from './signatures.ts'
import { IDENTITY, startSigstoreServer } from './sigstore-server.ts'

/*
 * Images built and attested by the real buildkitd, signed by the real cosign, in Docker's own registry (which lists referrers by
 * tags) and in zot (which has the API for them), read by the command as it is built. Provenance and SBOM have to be what
 * buildx shows; each signature has to be accepted, for another key or identity refused, and with a byte changed refused.
 */

const COMMAND = fileURLToPath(new URL('../../apps/cli/dist/source-policy.js', import.meta.url))

const base = await mkdtemp(path.join(tmpdir(), 'interop-images-'))
const env = { PATH: process.env.PATH, HOME: base, BUILDX_CONFIG: path.join(base, 'buildx') }
const registries = [
  { name: 'docker-registry', ...(await startLoggedRegistry(base)) },
  { name: 'zot', ...(await startZot(base)) },
]
const buildkit = await startBuildKit(
  base,
  registries.map(({ host }) => host),
)
const server = await startSigstoreServer(base)
const cosign = openCosign(base)
const tally = { passed: 0, failed: 0 }
try {
  for (const { name: registry, host } of registries) {
    const report = (what: string, isRight: boolean, found: string) => {
      tally[isRight ? 'passed' : 'failed']++
      if (!isRight) console.error(`${registry}, ${what}: ${found}`)
    }
    const network = ['--insecure-registry', host, '--allow-address', host, '--no-trust-root-refresh']
    const images = await buildImages(base, { buildkit, registry: host })

    for (const image of images) {
      const fields = 'image.hasProvenance,image.provenance,image.sbom'
      const args = ['eval', ...network, '--print', '--fields', fields, `docker-image://${host}/${image.name}:v1`]
      const [theirs, ours] = [await attestedByBuildx(host, image, env), attestedByUs(await run(args, base))]
      report(image.name, isDeepStrictEqual(theirs, ours), JSON.stringify({ buildx: theirs, ours }))
    }

    const decide = async (image: SignedImage, options: object) => {
      const directory = await mkdtemp(path.join(base, 'policy-'))
      for (const [file, text] of Object.entries(image.files)) await writeFile(path.join(directory, file), text)
      await writeFile(
        path.join(directory, 'Dockerfile.rego'),
        `package docker\n\ndecision := {"allow": true} if verify_image(input.image, ${JSON.stringify(options)})\n\nelse := {"allow": false}\n`,
      )
      return run(['eval', ...network, `docker-image://${host}/${image.repository}@${image.digest}`], directory)
    }
    const content = registryContent(host)
    const predicate = path.join(base, 'predicate.json')
    await writeFile(predicate, JSON.stringify({ tests: 'passed' }))
    for (const image of await signImages({ host, from: 'bare', content, cosign, server, predicate })) {
      const accepted = await decide(image, image.options)
      report(image.name, accepted.exitCode === 0, told(accepted))
      const refused = await decide(image, image.otherOptions)
      report(`${image.name}, of another`, refused.exitCode === 1, told(refused))
      const tampered = await decide(await tamper(content, image), image.options)
      report(`${image.name}, tampered`, tampered.exitCode === 1, told(tampered))
    }

    // the classic chain: the attestation manifest is signed, and the signature shows in the input
    const classic = images.find(({ slsa, mode }) => slsa === 'v1' && mode === 'max')
    if (classic === undefined) throw new Error('no image with a provenance was built')
    for (const name of [`${classic.name}-artifact`, classic.name]) {
      const { manifests = [] } = await content.document(name, 'v1')
      const attestation = manifests.find(
        ({ annotations }) => annotations?.['vnd.docker.reference.type'] === 'attestation-manifest',
      )
      await cosign.run(['sign', ...server.flags.bundle, `${host}/${name}@${attestation?.digest}`])
      const args = ['--trust-root', path.join(base, 'trusted-root.json'), '--print', '--fields', 'image.signatures']
      const found = await run(['eval', ...network, ...args, `docker-image://${host}/${name}:v1`], base)
      const signer = found.exitCode === 0 ? JSON.parse(found.stdout).image.signatures?.[0]?.signer : undefined
      const isRight = signer?.issuer === IDENTITY.issuer && signer?.subjectAlternativeName === IDENTITY.subject
      // without a subject in the attestation manifest nobody but a frontend may have said for which image it is: refused, as by buildx
      const isRefused = signer === undefined && found.stdout.includes('subject_mismatch')
      report(
        `signatures of ${name}`,
        found.exitCode === 0 && (name.endsWith('-artifact') ? isRight : isRefused),
        told(found),
      )
    }
  }
  console.log(`${tally.passed} passed, ${tally.failed} failed, 0 skipped`)
  process.exitCode = tally.failed === 0 && tally.passed > 0 ? 0 : 1
} finally {
  await buildkit.stop()
  for (const registry of registries) registry.stop()
  await server.close()
  await rm(base, { recursive: true, force: true })
}

function run(args: readonly string[], cwd: string): Promise<Finished> {
  return finish(process.execPath, [COMMAND, ...args], { cwd, env })
}

function told({ exitCode, stdout, stderr }: Finished): string {
  return `exit ${exitCode}: ${stdout.slice(0, 2000)}${stderr.slice(0, 2000)}`
}

async function startZot(directory: string) {
  const reserved = createServer().listen(0, '127.0.0.1')
  await once(reserved, 'listening')
  const { port } = reserved.address() as { port: number }
  await new Promise(resolve => reserved.close(resolve))
  const config = path.join(directory, 'zot.json')
  await mkdir(path.join(directory, 'zot'))
  const http = { address: '127.0.0.1', port: String(port) }
  // it would collect what is about to be listed in an index
  const storage = { rootDirectory: path.join(directory, 'zot'), gc: false, dedupe: false }
  await writeFile(config, JSON.stringify({ distSpecVersion: '1.1.0', storage, http, log: { level: 'error' } }))
  const child = spawn(buildPeer('zot'), ['serve', config], { stdio: 'ignore' })
  const host = `127.0.0.1:${port}`
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) break
    if (
      await fetch(`http://${host}/v2/`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return { host, stop: () => void child.kill() }
    await setTimeout(50)
  }
  throw new Error('zot did not start')
}
