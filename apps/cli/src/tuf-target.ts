import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'

/** A TUF repository and the root that all its metadata have to lead back to. */
export interface TUFRepository {
  /** `https://tuf-repo-cdn.sigstore.dev` */
  readonly url: string
  /** JSON of a root that is trusted as it stands. It may be expired: newer ones are found from it. */
  readonly root: string
}

export interface TUFTargetOptions {
  /** Keeps what was fetched; everything in it is verified again, from the root on. */
  readonly directory: string
  /** The content of a URL, at most `maxBytes`; undefined where the server has none. Without it nothing is asked for. */
  readonly get?: (url: string, maxBytes: number) => Promise<Uint8Array | undefined>
}

const TIMESTAMP = 'timestamp.json'
const isRoot = (name: string) => /^\d+\.root\.json$/.test(name)

/**
 * The current content of a target, verified by the keys of the repository. Rejects where the repository cannot be reached, or what it
 * says does not hold or is expired.
 *
 * @see https://theupdateframework.github.io/specification/v1.0.33/#detailed-client-workflow
 */
export async function readTUFTarget(
  { url, root }: TUFRepository,
  target: string,
  { directory, get }: TUFTargetOptions,
): Promise<Uint8Array> {
  const [{ Updater }, { DownloadHTTPError }] = await Promise.all([import('tuf-js'), import('tuf-js/dist/error.js')])
  await mkdir(directory, { recursive: true })
  // hostile: whoever can write there must not choose the root
  await writeFile(path.join(directory, 'root.json'), root)

  const read = async (from: string, maxBytes: number): Promise<Uint8Array> => {
    const name = path.posix.basename(new URL(from).pathname)
    const kept = path.join(directory, name)
    // roots never change once they are published; which one is the last, only the repository knows
    if (isRoot(name) || (get === undefined && name === TIMESTAMP)) {
      const bytes = await readFile(kept).catch(() => undefined)
      if (bytes !== undefined && bytes.length <= maxBytes) return bytes
    }
    const bytes = await get?.(from, maxBytes)
    if (bytes === undefined) throw new DownloadHTTPError(`no ${name}`, 404)
    if (isRoot(name)) await writeFile(kept, bytes)
    return bytes
  }
  const downloads = {
    downloadBytes: async (from: string, maxBytes: number) => Buffer.from(await read(from, maxBytes)),
    async downloadFile<T>(from: string, maxBytes: number, handler: (file: string) => Promise<T>): Promise<T> {
      const file = path.join(directory, 'download')
      await writeFile(file, await read(from, maxBytes))
      return handler(file).finally(() => rm(file, { force: true }))
    },
  }
  const updater = new Updater({
    metadataDir: directory,
    metadataBaseUrl: url,
    targetDir: directory,
    targetBaseUrl: `${url}/targets`,
    fetcher: downloads,
  })
  await updater.refresh()
  const info = await updater.getTargetInfo(target)
  if (info === undefined) throw new Error(`${url} has no target ${target}`)
  const file = path.join(directory, 'target')
  if ((await updater.findCachedTarget(info, file)) === undefined) await updater.downloadTarget(info, file)
  const bytes = await readFile(file)
  // what is used is what is hashed
  const { sha256 } = info.hashes
  if (sha256 === undefined || createHash('sha256').update(bytes).digest('hex') !== sha256) {
    throw new Error(`${url}: the target ${target} is not what the metadata say`)
  }
  return bytes
}
