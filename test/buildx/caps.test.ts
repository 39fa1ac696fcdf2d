import { createRun, requestCaps } from '@source-policy/core'
import { opaEngine } from '@source-policy/engine-opa'
import { describe, expect, it } from 'vitest'
import { testRows } from './rows.ts'

async function capsOf(rules: string, env = {}, files: Readonly<Record<string, string>> = {}) {
  const policy = await opaEngine().load({
    name: 'Dockerfile.rego',
    files: [{ path: 'Dockerfile.rego', text: `package docker\n\n${rules}\n` }],
    root: { read: async name => (Object.hasOwn(files, name) ? Buffer.from(files[name] ?? '') : undefined) },
    origin: 'operator',
  })
  return requestCaps(policy, { run: createRun(), env })
}

const nameOf = ({ decision, rego }: Readonly<Record<string, unknown>>) =>
  typeof rego === 'string' ? rego : JSON.stringify(decision)

describe('what a policy asks of a builder', () => {
  testRows('caps', nameOf, {
    '{"allow":false,"deny_msg":["ignored for caps"],"caps":{"exec.proxy":"<input.env.capsRequest>"}}': async () => {
      const rules =
        'decision := {"allow": false, "deny_msg": ["ignored for caps"], "caps": {"exec.proxy": input.env.capsRequest}}'
      expect(await capsOf(rules)).toEqual({ caps: { 'exec.proxy': true }, isDefined: true })
    },
    '{"allow":true,"caps":{"exec.proxy":"yes"}}': async () => {
      await expect(capsOf('decision := {"allow": true, "caps": {"exec.proxy": "yes"}}')).rejects.toMatchObject({
        code: 'invalid_decision',
        message: 'invalid caps.exec.proxy property type string, expecting bool',
      })
    },
    '{"allow":true,"caps":{"exec.unknown":true}}': async () => {
      await expect(capsOf('decision := {"allow": true, "caps": {"exec.unknown": true}}')).rejects.toMatchObject({
        code: 'invalid_decision',
        message: 'unknown policy cap "exec.unknown"',
      })
    },
    'array.flatten and template string $"..{expr}.." must compile': async () => {
      const rules =
        'names := array.flatten([["a"], ["b"]])\n\ndecision := {"allow": $"{names[0]}b" == "ab", "caps": {"exec.proxy": count(names) == 2}}'
      expect((await capsOf(rules)).caps).toEqual({ 'exec.proxy': true })
    },
  })

  it('is asked with the build alone', async () => {
    const rules =
      'decision := {"allow": false, "caps": {"exec.proxy": input == {"env": {"filename": "Dockerfile", "args": {"A": "1"}, "depth": 0, "capsRequest": true}}}}'
    expect((await capsOf(rules, { filename: 'Dockerfile', args: { A: '1' } })).caps).toEqual({ 'exec.proxy': true })
  })

  it('may hang on files', async () => {
    const rules = 'decision := {"allow": false, "caps": {"exec.proxy": load_json("x.json").proxy}}'
    expect((await capsOf(rules, {}, { 'x.json': '{"proxy": true}' })).caps).toEqual({ 'exec.proxy': true })
  })

  it('is nothing where there is no decision without a source', async () => {
    const rules = 'decision := {"allow": true} if input.image'
    expect(await capsOf(rules)).toEqual({ caps: {}, isDefined: false })
  })

  it('cannot hang on a source', async () => {
    const rules = 'decision := {"allow": verify_git_signature({"a": 1}, "key.asc")}'
    await expect(capsOf(rules)).rejects.toMatchObject({ code: 'caps_unavailable' })
    expect(
      (
        await capsOf(
          'default allow := false\n\nallow if verify_git_signature(input.git.commit, "k")\n\ndecision := {"allow": allow}',
        )
      ).isDefined,
    ).toBe(true)
  })
})
