import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { BuildKit } from '../builder/buildkit.ts'

/** An image that a real buildkitd builds and pushes. */
interface ImageRecipe {
  readonly name: string
  readonly dockerfile: string
  readonly options?: readonly string[]
  readonly output?: string
  readonly tags?: readonly string[]
}

const GOLD = `FROM scratch
COPY busybox /bin/busybox
LABEL org.example.tier=gold
ENV MODE=production
USER app
WORKDIR /srv/app
VOLUME /srv/data
`

/** In the order in which they are built: later ones are made of earlier ones. */
export const RECIPES: readonly ImageRecipe[] = [
  { name: 'gold', dockerfile: GOLD, tags: ['v1', 'latest'] },
  { name: 'plain', dockerfile: 'FROM scratch\nCOPY busybox /bin/busybox\n' },
  { name: 'blocked', dockerfile: 'FROM scratch\nCOPY busybox /b\nLABEL org.example.blocked=yes\n' },
  {
    name: 'multi',
    dockerfile: 'FROM scratch\nARG TARGETARCH\nCOPY busybox /b\nLABEL arch=${TARGETARCH}\n',
    options: ['--opt', 'platform=linux/amd64,linux/arm64'],
  },
  {
    name: 'trigger',
    dockerfile: 'FROM scratch\nCOPY busybox /b\nONBUILD COPY --from=REGISTRY/plain:v1 /bin/busybox /c\n',
  },
  {
    name: 'attested',
    dockerfile: 'ARG FLAVOUR\nFROM REGISTRY/gold:v1\nCOPY busybox /b\n',
    options: ['--opt', 'attest:provenance=mode=max,version=v1', '--opt', 'build-arg:FLAVOUR=plain'],
  },
  {
    name: 'attested02',
    dockerfile: 'FROM REGISTRY/gold:v1\nCOPY busybox /b\n',
    options: ['--opt', 'attest:provenance=mode=max,version=v0.2'],
  },
]

/** Builds and pushes all of them; answers the digest of each. */
export async function makeImages(
  directory: string,
  { buildkit, registry }: { readonly buildkit: BuildKit; readonly registry: string },
): Promise<Map<string, string>> {
  const digests = new Map<string, string>()
  for (const { name, dockerfile, options = [], tags = ['v1'] } of RECIPES) {
    const context = path.join(directory, 'images', name)
    await mkdir(context, { recursive: true })
    await copyFile('/bin/busybox', path.join(context, 'busybox'))
    await writeFile(path.join(context, 'Dockerfile'), dockerfile.replaceAll('REGISTRY', registry))
    const metadata = path.join(context, 'metadata.json')
    const names = tags.map(tag => `${registry}/${name}:${tag}`).join(',')
    const build = ['build', '--frontend', 'dockerfile.v0', '--local', `context=${context}`]
    const output = ['--output', `type=image,"name=${names}",push=true`, '--metadata-file', metadata]
    const locals = ['--local', `dockerfile=${context}`]
    const { exitCode, stderr } = await buildkit.buildctl([...build, ...locals, ...options, ...output])
    if (exitCode !== 0) throw new Error(`building ${name}: ${stderr}`)
    const { default: made } = await import(metadata, { with: { type: 'json' } })
    digests.set(name, made['containerimage.digest'])
  }
  return digests
}
