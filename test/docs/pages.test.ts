import { readFileSync } from 'node:fs'
import { LINT_RULES } from '@source-policy/engine-opa/lint'
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
      ['git.example', git.host],
    ],
    flags: [...hosts, '--insecure-registry', git.host, '--platform', 'linux/amd64'],
  }
})
afterAll(async () => {
  await registry.close()
  await origin.close()
  await git.close()
})

it.each(['pin.md', 'explain.md', 'test.md', 'init.md', 'lint.md'])('docs/%s shows five mistakes', page => {
  expect(sectionsOf(page).filter(({ level }) => level === 3)).toHaveLength(5)
})

it('docs/lint.md has every rule', () => {
  const rules = LINT_RULES.map(({ id, title }) => `| \`${id}\` | ${title} |`)
  expect(readFileSync(new URL('../../docs/lint.md', import.meta.url), 'utf8')).toContain(`${rules.join('\n')}\n`)
})

describe.each(['pin.md', 'bake.md', 'explain.md', 'test.md', 'init.md', 'lint.md', 'waivers.md'])('docs/%s', page => {
  it.each(sectionsOf(page))('$title', async section => {
    expect(normalized(await runSection(section, options))).toEqual(normalized(section.steps))
  })
})
