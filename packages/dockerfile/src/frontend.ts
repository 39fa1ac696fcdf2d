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
