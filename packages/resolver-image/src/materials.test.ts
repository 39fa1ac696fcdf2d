import { expect, it } from 'vitest'
import { materialSource } from './materials.ts'

const hex = 'ab'.repeat(32)
const named = `docker-image://docker.io/library/alpine:3@sha256:${hex}`

it.each([[hex], [`sha256:${hex}`], [` ${hex}\n`]])('an image has the digest of its material, written as %j', sha256 => {
  expect(materialSource({ uri: 'pkg:docker/alpine@3', digest: { sha256 } }).identifier).toBe(named)
})

it.each([
  [{}, 'docker-image://docker.io/library/alpine:3'],
  [{ sha256: ' ' }, 'docker-image://docker.io/library/alpine:3'],
  [{ sha1: hex }, 'docker-image://docker.io/library/alpine:3'],
])('and none where the material names none: %j', (digest: Record<string, string>, identifier) => {
  expect(materialSource({ uri: 'pkg:docker/alpine@3', digest }).identifier).toBe(identifier)
})

it.each([
  ['pkg:docker/alpine@3', { sha256: 'x' }, 'invalid_material_digest'],
  [`pkg:docker/alpine@sha256:${'cd'.repeat(32)}`, { sha256: hex }, 'material_digest_mismatch'],
  ['pkg:npm/left-pad@1', {}, 'unsupported_material'],
  ['ftp://example.com/x', {}, 'unsupported_material'],
])('%s with %j is refused', (uri, digest: Record<string, string>, code) => {
  expect(() => materialSource({ uri, digest })).toThrow(expect.objectContaining({ code }))
})
