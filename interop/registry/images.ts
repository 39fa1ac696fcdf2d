import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { run } from './programs.ts'

/** An image on disk, as `skopeo` names it, and what is to be found in it. */
export interface MadeImage {
  readonly name: string
  /** `oci:/dir:tag` or `dir:/dir` */
  readonly location: string
  /** Whether it is an index of amd64 and arm64. */
  readonly isIndex: boolean
  /** Formats to push it in. */
  readonly formats: readonly ('oci' | 'v2s2')[]
}

/** The labels of all of them, but for `arch`. */
export const LABELS = { 'org.example.tier': 'gold', 'org.example.quote': 'a "b" \\ ü' }

/** Images made by umoci and buildah, in `directory`. */
export async function makeImages(directory: string): Promise<MadeImage[]> {
  const layout = path.join(directory, 'umoci')
  const file = path.join(directory, 'content.txt')
  await writeFile(file, 'content\n')
  const umoci = (...args: string[]) => run('umoci', args)
  await umoci('init', '--layout', layout)
  await umoci('new', '--image', `${layout}:v1`)
  await umoci('insert', '--rootless', '--image', `${layout}:v1`, file, '/content.txt')
  const labels = Object.entries(LABELS).flatMap(([name, value]) => ['--config.label', `${name}=${value}`])
  const settings = [
    '--config.user',
    '1000:1000',
    '--config.workingdir',
    '/srv',
    '--config.env',
    'A=1',
    '--config.volume',
    '/data',
  ]
  await umoci('config', '--image', `${layout}:v1`, '--architecture', 'amd64', '--os', 'linux', ...settings, ...labels)

  const context = path.join(directory, 'context')
  await mkdir(context)
  await writeFile(path.join(context, 'content.txt'), 'content\n')
  const labelLines = Object.entries(LABELS).map(([name, value]) => `LABEL "${name}"=${JSON.stringify(value)}`)
  await writeFile(
    path.join(context, 'Dockerfile'),
    [
      'FROM scratch',
      'COPY content.txt /',
      'USER 1000:1000',
      'WORKDIR /srv',
      'ENV A=1',
      'VOLUME /data',
      ...labelLines,
      '',
    ].join('\n'),
  )
  const store = [
    '--storage-driver',
    'vfs',
    '--root',
    path.join(directory, 'st'),
    '--runroot',
    path.join(directory, 'rr'),
  ]
  const buildah = (...args: string[]) => run('buildah', [...store, ...args])
  const isolation = ['--isolation', 'chroot']
  await buildah('manifest', 'create', 'list')
  for (const arch of ['amd64', 'arm64']) {
    await buildah('bud', ...isolation, '--platform', `linux/${arch}`, '--manifest', 'list', context)
  }
  const oci = path.join(directory, 'buildah-oci')
  const docker = path.join(directory, 'buildah-docker')
  await buildah('manifest', 'push', '--all', 'list', `oci:${oci}:v1`)
  await buildah('manifest', 'push', '--all', '--format', 'v2s2', 'list', `dir:${docker}`)
  return [
    { name: 'umoci', location: `oci:${layout}:v1`, isIndex: false, formats: ['oci', 'v2s2'] },
    { name: 'buildah-index', location: `oci:${oci}:v1`, isIndex: true, formats: ['oci'] },
    { name: 'buildah-list', location: `dir:${docker}`, isIndex: true, formats: ['v2s2'] },
  ]
}
