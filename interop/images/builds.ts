import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { BuildKit } from '../builder/buildkit.ts'

/** An image as a real buildkitd builds and attests it. */
export interface BuiltImage {
  /** Repository, below the registry. */
  readonly name: string
  /** Of its index. */
  readonly digest: string
  readonly slsa?: 'v0.2' | 'v1'
  readonly mode?: 'min' | 'max'
  readonly hasSBOM: boolean
}

const SBOM = {
  _type: 'https://in-toto.io/Statement/v0.1',
  predicateType: 'https://spdx.dev/Document',
  predicate: {
    spdxVersion: 'SPDX-2.3',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: 'scan',
    packages: [
      {
        SPDXID: 'SPDXRef-busybox',
        name: 'busybox',
        versionInfo: '1.35.0',
        licenseConcluded: 'GPL-2.0-only',
        externalRefs: [
          {
            referenceCategory: 'PACKAGE-MANAGER',
            referenceType: 'purl',
            referenceLocator: 'pkg:deb/debian/busybox@1.35.0',
          },
        ],
      },
    ],
  },
}

/** What BuildKit starts for `attest:sbom`: it writes a statement about the file system that it is shown. */
const GENERATOR = {
  Dockerfile: `FROM scratch
COPY busybox /bin/busybox
COPY scan.json /scan.json
ENTRYPOINT ["/bin/busybox", "sh", "-c", "/bin/busybox cp /scan.json $BUILDKIT_SCAN_DESTINATION/scan.spdx.json"]
`,
  'scan.json': JSON.stringify(SBOM),
}

const APP = { Dockerfile: 'ARG FLAVOUR\nFROM scratch\nCOPY busybox /bin/busybox\nLABEL org.example.team=platform\n' }

/** Builds and pushes an image for each version, mode and form of manifest, one with an SBOM, and one without attestations. */
export async function buildImages(
  directory: string,
  { buildkit, registry }: { readonly buildkit: BuildKit; readonly registry: string },
): Promise<BuiltImage[]> {
  const images: BuiltImage[] = []

  async function build(name: string, files: Readonly<Record<string, string>>, options: readonly string[], output = '') {
    const context = path.join(directory, registry.replace(':', '-'), name)
    await mkdir(context, { recursive: true })
    await copyFile('/bin/busybox', path.join(context, 'busybox'))
    for (const [file, text] of Object.entries(files)) await writeFile(path.join(context, file), text)
    const metadata = path.join(context, 'metadata.json')
    const { exitCode, stderr } = await buildkit.buildctl([
      ...['build', '--frontend', 'dockerfile.v0', '--local', `context=${context}`, '--local', `dockerfile=${context}`],
      ...options.flatMap(option => ['--opt', option]),
      ...['--output', `type=image,name=${registry}/${name}:v1,push=true${output}`, '--metadata-file', metadata],
    ])
    if (exitCode !== 0) throw new Error(`building ${name}: ${stderr}`)
    return JSON.parse(await readFile(metadata, 'utf8'))['containerimage.digest'] as string
  }

  await build('generator', GENERATOR, [])
  images.push({ name: 'bare', digest: await build('bare', APP, []), hasSBOM: false })
  for (const slsa of ['v0.2', 'v1'] as const) {
    for (const mode of ['min', 'max'] as const) {
      for (const isArtifact of [false, true]) {
        const name = `slsa-${slsa}-${mode}${isArtifact ? '-artifact' : ''}`
        const attest = [`attest:provenance=mode=${mode},version=${slsa}`, 'build-arg:FLAVOUR=plain']
        const digest = await build(name, APP, attest, `,oci-artifact=${isArtifact}`)
        images.push({ name, digest, slsa, mode, hasSBOM: false })
      }
    }
  }
  const sbom = [`attest:sbom=generator=${registry}/generator:v1`, 'attest:provenance=mode=max,version=v1']
  images.push({ name: 'sbom', digest: await build('sbom', APP, sbom), slsa: 'v1', mode: 'max', hasSBOM: true })
  return images
}
