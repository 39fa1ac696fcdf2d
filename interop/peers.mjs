// Builds the foreign programs that interop suites compare with, each once per version, outside the checkout.
// npm run peers [name...]       builds all of them, or those named, and prints where they are
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))

/**
 * `module` is the folder of the go.mod (relative to this file), `package` what is built of it, `usage` how it is run.
 * Add a peer by adding a row.
 */
export const peers = [
  {
    name: 'dockerfile',
    module: 'peers',
    package: './dockerfile',
    usage: 'JSON lines on stdin: { dockerfile, opts, buildPlatform, configs }; answers on stdout',
    needs: 'npm run interop:dockerfile',
  },
  {
    name: 'opa',
    module: 'peers/opa',
    package: '.',
    usage: 'JSON lines on stdin: { op, modules, query, input }; answers on stdout',
    needs: 'npm run interop:rego',
  },
]

const cache = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'source-policy', 'peers')

/** The path of a peer's program, built where it is not there yet. Throws where the name is unknown or it does not build. */
export function buildPeer(name) {
  const peer = peers.find(candidate => candidate.name === name)
  if (peer === undefined) throw new Error(`no peer ${name}; there are ${peers.map(({ name }) => name).join(', ')}`)
  const program = path.join(cache, `${name}-${versionOf(peer)}${process.platform === 'win32' ? '.exe' : ''}`)
  if (existsSync(program)) return program
  mkdirSync(cache, { recursive: true })
  // built beside and renamed, so that nobody runs half a program
  const unfinished = `${program}.${process.pid}`
  execFileSync('go', ['build', '-trimpath', '-o', unfinished, peer.package], {
    cwd: path.join(here, peer.module),
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  renameSync(unfinished, program)
  return program
}

/** A hash of what it is built from: the pinned versions and its own source. */
function versionOf({ module, package: folder }) {
  const hash = createHash('sha256')
  const root = path.join(here, module)
  const files = ['go.mod', 'go.sum', ...sourcesIn(path.join(root, folder)).map(file => path.relative(root, file))]
  for (const file of files)
    hash.update(`${file.replaceAll(path.sep, '/')}\0`).update(readFileSync(path.join(root, file)))
  return hash.digest('hex').slice(0, 12)
}

function sourcesIn(folder) {
  return readdirSync(folder)
    .filter(file => file.endsWith('.go'))
    .sort()
    .map(file => path.join(folder, file))
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const asked = process.argv.slice(2)
  for (const { name, module, usage, needs } of peers) {
    if (asked.length > 0 && !asked.includes(name)) continue
    if (!existsSync(path.join(here, module, 'go.mod'))) {
      console.log(`${name}: not here`)
      continue
    }
    const started = performance.now()
    const program = buildPeer(name)
    console.log(
      `${name}: ${program} (${((performance.now() - started) / 1000).toFixed(1)} s)\n  ${usage}\n  for ${needs}`,
    )
  }
}
