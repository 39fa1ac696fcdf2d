// Builds the foreign programs that suites compare with, each once per version, outside the checkout.
// npm run peers [name...]                    builds all of them, or those named, and prints where they are
// node interop/peers.mjs --has SUITE         exits 0 where all that `npm run interop:SUITE` needs is here already
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

/**
 * `folder` is that of the go.mod or Cargo.toml with the pinned versions, `package` what is built of it, `suites` the scripts
 * that need it. Add a peer by adding a row.
 */
export const peers = [
  { name: 'dockerfile', tool: 'go', folder: 'interop/peers', package: './dockerfile', suites: ['interop:dockerfile'] },
  { name: 'opa', tool: 'go', folder: 'interop/peers/opa', package: '.', suites: ['interop:opa'] },
  {
    name: 'zot',
    tool: 'go',
    folder: 'interop/peers/zot',
    package: 'zotregistry.io/zot/cmd/zot',
    tags: 'containers_image_openpgp',
    suites: ['interop:registry', 'interop:images'],
  },
  {
    name: 'buildkitd',
    tool: 'go',
    folder: 'interop/peers/buildkitd',
    package: 'github.com/moby/buildkit/cmd/buildkitd',
    suites: ['interop:images', 'interop:attestation', 'interop:buildx', 'interop:pin'],
  },
  {
    name: 'buildctl',
    tool: 'go',
    folder: 'interop/peers/buildkitd',
    package: 'github.com/moby/buildkit/cmd/buildctl',
    suites: ['interop:images', 'interop:attestation', 'interop:buildx', 'interop:pin'],
  },
  {
    name: 'buildx',
    tool: 'go',
    folder: 'interop/peers/buildx',
    package: 'github.com/docker/buildx/cmd/buildx',
    suites: ['interop:images', 'interop:buildx', 'interop:pin'],
  },
  {
    name: 'cosign',
    tool: 'go',
    folder: 'interop/peers/cosign',
    package: 'github.com/sigstore/cosign/v3/cmd/cosign',
    suites: ['interop:images', 'interop:attestation'],
  },
  { name: 'opa-bench', tool: 'go', folder: 'bench/peers/opa-bench', package: '.', suites: ['bench:rego'] },
  { name: 'regorus-bench', tool: 'cargo', folder: 'bench/peers/regorus-bench', suites: ['bench:rego'] },
]

/** Programs of the system that suites need: Debian's packages have them. */
const programs = {
  'interop:registry': ['docker-registry', 'skopeo', 'umoci', 'buildah', 'htpasswd', 'openssl'],
  'interop:images': ['docker-registry', 'runc', 'busybox'],
  'interop:pin': ['docker-registry', 'runc', 'git', 'tar'],
  'interop:attestation': ['runc', 'busybox', 'tar'],
  'interop:buildx': ['docker-registry', 'runc', 'busybox', 'git'],
  'interop:sources': ['git', 'gpg', 'ssh-keygen', '/usr/sbin/sshd', 'openssl', 'nginx', 'fcgiwrap'],
}

const cache = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'source-policy', 'peers')

/** Where the program of a peer is, or will be. */
function programOf(peer) {
  return path.join(cache, `${peer.name}-${versionOf(peer)}${process.platform === 'win32' ? '.exe' : ''}`)
}

/** The path of a peer's program, built where it is not there yet. Throws where the name is unknown or it does not build. */
export function buildPeer(name) {
  const peer = peers.find(candidate => candidate.name === name)
  if (peer === undefined) throw new Error(`no peer ${name}; there are ${peers.map(({ name }) => name).join(', ')}`)
  const program = programOf(peer)
  if (existsSync(program)) return program
  mkdirSync(cache, { recursive: true })
  // built beside and renamed, so that nobody runs half a program
  const unfinished = `${program}.${process.pid}`
  build[peer.tool](peer, unfinished)
  renameSync(unfinished, program)
  return program
}

const build = {
  go({ folder, package: built, tags = '' }, output) {
    run('go', ['build', '-trimpath', '-tags', tags, '-o', output, built], folder)
  },
  cargo({ name, folder }, output) {
    const target = path.join(cache, 'build', name)
    run('cargo', ['build', '--release', '--locked', '--target-dir', target], folder)
    copyFileSync(path.join(target, 'release', name), output)
  },
}

function run(program, args, folder) {
  execFileSync(program, args, {
    cwd: path.join(root, folder),
    env: { ...process.env, CGO_ENABLED: '0' },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}

/** A hash of what it is built from: the pinned versions and its own source. */
function versionOf({ folder, package: built = '.' }) {
  const files = filesIn(path.join(root, folder), /^(?:go\.mod|go\.sum|Cargo\.toml|Cargo\.lock)$/)
  if (built.startsWith('.')) files.push(...filesIn(path.join(root, folder, built), /\.go$/))
  files.push(...filesIn(path.join(root, folder, 'src'), /\.rs$/))
  const hash = createHash('sha256')
  for (const file of files) {
    hash
      .update(`${path.relative(path.join(root, folder), file).replaceAll(path.sep, '/')}\0`)
      .update(readFileSync(file))
  }
  return hash.digest('hex').slice(0, 12)
}

function filesIn(folder, pattern) {
  const names = existsSync(folder) ? readdirSync(folder) : []
  return names
    .filter(name => pattern.test(name))
    .sort()
    .map(name => path.join(folder, name))
}

function isReady(suite) {
  // `interop:opa:check` needs what `interop:opa` needs
  const isFor = named => suite === named || suite.startsWith(`${named}:`)
  const needed = Object.entries(programs).flatMap(([named, list]) => (isFor(named) ? list : []))
  const built = peers.filter(peer => peer.suites.some(isFor))
  if (needed.length + built.length === 0) return false
  const isInstalled = program => spawnSync(program, ['--help'], { stdio: 'ignore' }).error === undefined
  return needed.every(isInstalled) && built.every(peer => existsSync(programOf(peer)))
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [option, suite] = process.argv.slice(2)
  if (option === '--has') process.exit(isReady(`interop:${suite}`) ? 0 : 1)
  const asked = process.argv.slice(2)
  for (const { name, suites } of peers) {
    if (asked.length > 0 && !asked.includes(name)) continue
    const started = performance.now()
    const program = buildPeer(name)
    console.log(
      `${name}: ${program} (${((performance.now() - started) / 1000).toFixed(1)} s), for npm run ${suites.join(', ')}`,
    )
  }
}
