import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { jsonSchema } from './json-schema.ts'

const validator = (name: 'input' | 'decision') => new Ajv2020({ strict: true }).compile(jsonSchema(name))

describe('jsonSchema', () => {
  it('accepts inputs, materials included', () => {
    const validate = validator('input')
    const git = { git: { host: 'github.com', ref: 'refs/tags/v1' }, env: { depth: 1 } }
    const image = {
      ref: 'docker.io/library/alpine:3.22',
      provenance: { materials: [git, { image: { repo: 'alpine' } }] },
    }
    expect(validate({ env: { args: { A: 'b' }, depth: 0 }, image })).toBe(true)
  })

  it.each([
    [{ image: { fullrepo: 'x' } }],
    [{ image: { labels: [] } }],
    [{ env: { filename: 'Dockerfile' } }],
    [{ image: { provenance: { materials: [{ git: { isSHA256: 'yes' } }] } } }],
  ])('refuses %j', input => {
    expect(validator('input')(input)).toBe(false)
  })

  it('describes what a policy answers', () => {
    expect(validator('decision')({ allow: true, deny_msg: ['no'], note: "other members are the policy's own" })).toBe(
      true,
    )
    expect(validator('decision')({ allow: 'yes' })).toBe(false)
  })
})
