import type { PolicySet } from '@source-policy/core'
import { describe, expect, it } from 'vitest'
import { dependenciesOf } from './dependencies.ts'
import { opaEngine } from './opa-engine.ts'

const body = (expression: string) => `package docker\n\ndecision := {"allow": true} if ${expression}\n`
const readers = ['load_json', 'verify_git_signature', 'docker_github_builder']

describe('the build', () => {
  it.each([
    'true',
    'input.image.labels.x == "env"',
    'input.image.repo in {"a"}',
    'input.git.commit.author.name == "a"',
    'input.local',
    'input.http',
    'input.git',
  ])('is not seen by %s', expression => {
    expect(dependenciesOf([body(expression)], readers).build).toBe(false)
  })

  it.each([
    'input.env.args.X == "1"',
    'input["env"]',
    'input["e\\u006ev"]',
    'input[x]',
    'json.marshal(input) != ""',
    'print(input)',
    'f(input)',
    'object.get(input, "env", {})',
    'some k; input[k].args',
    'input.image',
    'json.marshal(input.image) != ""',
    'input.image.provenance.materials[0].env',
    'input.image[x].materials[0].env',
    'input\n.env',
    'input.\nenv',
  ])('may be seen by %j', expression => {
    expect(dependenciesOf([body(expression)], readers).build).toBe(true)
    expect(dependenciesOf(['package a', body(expression)], readers).build).toBe(true)
  })

  it('may be seen by an import', () => {
    expect(dependenciesOf(['package docker\n\nimport input as i\n'], readers).build).toBe(true)
    expect(dependenciesOf(['package docker\n\nimport input.image as i\n'], readers).build).toBe(true)
  })
})

describe('files', () => {
  it.each([
    [true, 'load_json("x")'],
    [true, 'data.docker.docker_github_builder_bundle(input.http, "x", "y")'],
    [true, 'data["docker"]["\\u006coad"]("x")'],
    [false, 'input.image.repo == "a"'],
  ])('%s: %s', (files, expression) => {
    expect(dependenciesOf([body(expression)], readers).files).toBe(files)
  })
})

describe('sets with equal modules', () => {
  const setOf = (expression: string, more: Partial<PolicySet> = {}): PolicySet => ({
    name: 'Dockerfile.rego',
    files: [{ path: 'Dockerfile.rego', text: body(expression) }],
    root: { read: async () => undefined },
    origin: 'context',
    ...more,
  })

  it('are one policy where they read no files', async () => {
    const { load } = opaEngine()
    const policy = await load(setOf('input.image.repo == "a"'))
    expect(policy.seesBuild).toBe(false)
    expect(await load(setOf('input.image.repo == "a"'))).toBe(policy)
    expect(await load(setOf('input.image.repo == "b"'))).not.toBe(policy)
    expect(await load(setOf('input.image.repo == "a"', { origin: 'operator' }))).not.toBe(policy)
    expect(await load(setOf('input.image.repo == "a"', { name: 'other' }))).not.toBe(policy)
  })

  it('keep their own files', async () => {
    const { load } = opaEngine()
    const [one, other] = [setOf('load_json("x").ok'), setOf('load_json("x").ok')]
    expect((await load(one)).files).toBe(one.root)
    expect((await load(other)).files).toBe(other.root)
  })
})
