import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { GitServer, HTTPOrigin } from '@source-policy/testkit'
import type { BuildKit, Finished } from '../builder/buildkit.ts'

interface Servers {
  readonly buildkit: BuildKit
  readonly registry: string
  readonly git: GitServer
  readonly downloads: HTTPOrigin
  /** `source-policy` in a directory. */
  ours(directory: string, args: readonly string[]): Promise<Finished>
  /** `docker buildx build` of a directory. */
  buildx(context: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Finished>
}

/** What may move between the check and the build. */
interface World {
  setImage(text: string): Promise<void>
  setTag(text: string): Promise<void>
  setBranch(text: string): Promise<void>
  setDownload(text: string): void
}

interface PinCase {
  readonly name: string
  readonly dockerfile: string
  change?(world: World): Promise<void> | void
  /** Another Dockerfile than that which was checked. */
  readonly changedDockerfile?: string
  /** Default: either the checked content is built, or the builder refuses. */
  readonly expected?: 'built' | 'refused'
}

const FROM = 'FROM REGISTRY/pinned:v1\nCOPY Dockerfile /d\n'
const TAG = 'FROM scratch\nADD GIT#v1 /\n'
const BRANCH = 'FROM scratch\nADD GIT#main /\n'
const DOWNLOAD = 'FROM scratch\nADD HTTP/pinned.txt /text\n'
const changed = 'changed\n'

const cases: readonly PinCase[] = [
  { name: 'an image as it was', dockerfile: FROM, expected: 'built' },
  {
    name: 'an image whose tag was moved',
    dockerfile: FROM,
    change: world => world.setImage(changed),
    expected: 'built',
  },
  {
    name: 'an image that is copied from, whose tag was moved',
    dockerfile: 'FROM scratch\nCOPY --from=REGISTRY/pinned:v1 /text /text\n',
    change: world => world.setImage(changed),
    expected: 'built',
  },
  { name: 'another image', dockerfile: FROM, changedDockerfile: FROM.replace('pinned', 'gold'), expected: 'refused' },
  { name: 'another tag', dockerfile: FROM, changedDockerfile: FROM.replace(':v1', ':v2'), expected: 'refused' },
  { name: 'a git tag as it was', dockerfile: TAG, expected: 'built' },
  { name: 'a git tag that was moved', dockerfile: TAG, change: world => world.setTag(changed) },
  { name: 'a branch as it was', dockerfile: BRANCH, expected: 'built' },
  { name: 'a branch that went on', dockerfile: BRANCH, change: world => world.setBranch(changed) },
  { name: 'another branch', dockerfile: BRANCH, changedDockerfile: TAG, expected: 'refused' },
  { name: 'a download as it was', dockerfile: DOWNLOAD, expected: 'built' },
  {
    name: 'a download that was changed',
    dockerfile: DOWNLOAD,
    change: world => world.setDownload(changed),
    expected: 'refused',
  },
  {
    name: 'another download',
    dockerfile: DOWNLOAD,
    changedDockerfile: DOWNLOAD.replace('pinned.txt', 'other.txt'),
    expected: 'refused',
  },
]

/** What a real buildkitd does with pin files of ours. `isRight` where it builds what was checked, or refuses. */
export async function tryPins(directory: string, servers: Servers) {
  const results: { readonly name: string; readonly found: string; readonly isRight: boolean }[] = []
  for (const [index, each] of cases.entries()) {
    const place = path.join(directory, `pin-${index}`)
    const context = path.join(place, 'context')
    await mkdir(context, { recursive: true })
    const { world, git } = await createWorld(place, index, servers)
    const write = (dockerfile: string) => {
      const { registry, downloads } = servers
      const text = dockerfile.replace('REGISTRY', registry).replace('GIT', git).replace('HTTP', downloads.url)
      return writeFile(path.join(context, 'Dockerfile'), text)
    }
    await write(each.dockerfile)
    await writeFile(path.join(context, 'Dockerfile.rego'), 'package docker\n\ndecision := {"allow": true}\n')
    const pins = path.join(place, 'sources.json')
    const checked = await servers.ours(context, ['check', '--pin-file', pins, '.'])
    if (checked.exitCode !== 0) throw new Error(`${each.name}: ${checked.stdout}${checked.stderr}`)

    await each.change?.(world)
    await write(each.changedDockerfile ?? each.dockerfile)
    await servers.buildkit.restart()
    for (const [builder, run] of Object.entries(builders)) {
      const output = path.join(place, builder)
      const { exitCode, stderr } = await run(servers, { context, pins, output: `type=local,dest=${output}` })
      const found = exitCode === 0 ? 'built' : isRefusal(stderr) ? 'refused' : `failed: ${stderr.slice(-500)}`
      const text = found === 'built' ? await readFile(path.join(output, 'text'), 'utf8') : CHECKED
      const isExpected = each.expected === undefined ? exitCode === 0 || isRefusal(stderr) : found === each.expected
      results.push({
        name: `${each.name}, by ${builder}`,
        found: text === CHECKED ? found : `built ${JSON.stringify(text)}`,
        isRight: isExpected && text === CHECKED,
      })
    }
  }
  return results
}

const builders = {
  buildctl: (servers: Servers, { context, pins, output }: PinnedBuild) =>
    build(servers, context, ['--source-policy-file', pins, '--output', output]),
  buildx: ({ buildx }: Servers, { context, pins, output }: PinnedBuild) =>
    buildx(context, ['--output', output, '.'], { EXPERIMENTAL_BUILDKIT_SOURCE_POLICY: pins }),
}

interface PinnedBuild {
  readonly context: string
  readonly pins: string
  readonly output: string
}

const CHECKED = 'checked\n'

function isRefusal(stderr: string): boolean {
  return /denied by policy|digest mismatch|expected checksum/i.test(stderr)
}

function build({ buildkit }: Servers, context: string, flags: readonly string[]): Promise<Finished> {
  const locals = ['--local', `context=${context}`, '--local', `dockerfile=${context}`]
  return buildkit.buildctl(['build', '--frontend', 'dockerfile.v0', ...locals, ...flags])
}

async function createWorld(directory: string, index: number, servers: Servers) {
  const repository = await servers.git.createRepository(`pinned-${index}`)
  const world: World = {
    async setImage(text) {
      const context = path.join(directory, 'image')
      await mkdir(context, { recursive: true })
      await writeFile(path.join(context, 'Dockerfile'), 'FROM scratch\nCOPY text /text\n')
      await writeFile(path.join(context, 'text'), text)
      for (const tag of ['v1', 'v2']) {
        const output = `type=image,name=${servers.registry}/pinned:${tag},push=true`
        const { exitCode, stderr } = await build(servers, context, ['--output', output])
        if (exitCode !== 0) throw new Error(stderr)
      }
    },
    async setTag(text) {
      const target = await repository.commit({ files: { text }, branch: null })
      if ((await repository.git(['tag', '--list', 'v1'])) !== '') await repository.git(['tag', '--delete', 'v1'])
      await repository.tag('v1', { target, message: text })
    },
    setBranch: async text => void (await repository.commit({ files: { text } })),
    setDownload: text => servers.downloads.setFile('/pinned.txt', text),
  }
  await world.setImage(CHECKED)
  await world.setBranch(CHECKED)
  await world.setTag(CHECKED)
  world.setDownload(CHECKED)
  return { world, git: repository.url }
}
