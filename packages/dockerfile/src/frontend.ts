import { formatReference, parseReference, repositoryName, tagNameOnly } from '@source-policy/oci'

const standardRepositories: ReadonlySet<string> = new Set([
  'docker.io/docker/dockerfile',
  'docker.io/docker/dockerfile-upstream',
])

/** Whether the frontend is BuildKit's own Dockerfile frontend as an image, whose grammar is known. Never throws. */
export function isStandardFrontend(ref: string): boolean {
  try {
    return standardRepositories.has(repositoryName(parseReference(ref)))
  } catch {
    // no image at all
    return false
  }
}

/** The identifier of the frontend's image. Throws OciError. */
export function frontendIdentifier(ref: string): string {
  return `docker-image://${formatReference(tagNameOnly(parseReference(ref)))}`
}

const rolling: ReadonlySet<string> = new Set(['latest', 'labs', '1', '1-labs', 'master', 'master-labs'])

/** The 4 of docker/dockerfile:1.4; infinite for what is always the newest, undefined where only a digest says what it is. */
export function standardVersion(ref: string): number | undefined {
  const { tag = 'latest', digest } = parseReference(ref)
  if (digest !== undefined) return undefined
  if (rolling.has(tag)) return Number.POSITIVE_INFINITY
  const minor = /^1\.(\d{1,3})(?:\.\d{1,3})?(?:-labs)?$/.exec(tag)?.[1]
  return minor === undefined ? undefined : Number(minor)
}
