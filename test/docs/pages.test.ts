import {
  buildImage,
  type GitServer,
  type HTTPOrigin,
  type Registry,
  startGitServer,
  startHTTPOrigin,
  startRegistry,
} from '@source-policy/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { normalized, type RunOptions, runSection, sectionsOf } from './console.ts'

let registry: Registry
let origin: HTTPOrigin
let git: GitServer
let options: RunOptions
beforeAll(async () => {
  registry = await startRegistry()
  registry.push('base', buildImage({ labels: { tier: 'gold' } }), '1')
  registry.push('tools', buildImage(), '1')
  origin = await startHTTPOrigin({ files: { '/tool-1.2.3': 'the tool' } })
  git = await startGitServer()
  const repository = await git.createRepository('lib')
  await repository.commit({ files: { 'src/f': 'x' } })
  const hosts = [registry, origin, git].flatMap(({ host }) => ['--allow-address', host])
  options = {
    names: [
      ['registry.example', registry.host],
      ['https://files.example', origin.url],
      ['files.example', origin.host],
      ['https://git.example', git.url],
    ],
    flags: [...hosts, '--insecure-registry', git.host, '--platform', 'linux/amd64'],
  }
})
afterAll(async () => {
  await registry.close()
  await origin.close()
  await git.close()
})

it('docs/pin.md shows five mistakes', () => expect(sectionsOf('pin.md')).toHaveLength(5))

describe.each(['pin.md', 'bake.md'])('docs/%s', page => {
  it.each(sectionsOf(page))('$title', async section => {
    expect(normalized(await runSection(section, options))).toEqual(normalized(section.steps))
  })
})
