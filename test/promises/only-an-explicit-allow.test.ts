import { buildImage, type Registry, startRegistry } from '@source-policy/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ALLOW, attempt, DENY, outputOf, UNLESS_BAD } from './harness.ts'

/* Promise 1: only an explicit allow ends with 0, or an operator's explicit waiver, which nothing in a build context can give. */

let registry: Registry
beforeAll(async () => {
  registry = await startRegistry()
  registry.push('good', buildImage({ labels: { good: 'yes' } }), '1')
  registry.push('bad', buildImage({ labels: { bad: 'yes' } }), '1')
})
beforeEach(() => registry.faults.clear())
afterAll(() => registry.close())

const LOCAL = 'FROM scratch\nCOPY . /\n'

describe('a policy', () => {
  it.each([
    [0, 'says allow', ALLOW],
    [1, 'says deny', DENY],
    [1, 'says nothing about allow', 'package docker\n\ndecision := {}'],
    [1, 'says Allow', 'package docker\n\ndecision := {"Allow": true}'],
    [1, 'says allowed', 'package docker\n\ndecision := {"allowed": true, "ALLOW": true}'],
    [2, 'says 1', 'package docker\n\ndecision := {"allow": 1}'],
    [2, 'says "true"', 'package docker\n\ndecision := {"allow": "true"}'],
    [2, 'says null', 'package docker\n\ndecision := {"allow": null}'],
    [2, 'says [true]', 'package docker\n\ndecision := {"allow": [true]}'],
    [2, 'decides true', 'package docker\n\ndecision := true'],
    [2, 'decides a set', 'package docker\n\ndecision contains "allow"'],
    [2, 'decides nothing', 'package docker\n\ndecision := {"allow": true} if false'],
    [2, 'decides on what does not exist', 'package docker\n\ndecision := {"allow": true} if input.image.nothing'],
    [2, 'decides twice', 'package docker\n\ndecision := {"allow": true}\n\ndecision := {"allow": false}'],
    [2, 'allows and does not', 'package docker\n\nallow := true\n\nallow := false\n\ndecision := {"allow": allow}'],
    [
      2,
      'asks for a capability that nobody knows',
      'package docker\n\ndecision := {"allow": true, "caps": {"x": true}}',
    ],
    [2, 'is in another package', 'package dockerfile\n\ndecision := {"allow": true}'],
    [2, 'only allows', 'package docker\n\nallow := true'],
    [2, 'is empty', ''],
    [2, 'does not parse', 'package docker\n\ndecision := {"allow": true'],
    [2, 'imports what is not there', 'package docker\n\nimport data.nothing\n\ndecision := {"allow": true}'],
    [2, 'is no text', 'package docker\n\ndecision := {"allow": true} # \ud800'.replace('\ud800', '\0\0')],
    [
      2,
      'calls a function that is for other sources',
      'package docker\n\ndecision := {"allow": github_attestation(input.local, "x")}',
    ],
  ])('%i: %s', async (exitCode, _, rego) => {
    const run = await attempt({ files: { Dockerfile: LOCAL, 'Dockerfile.rego': rego } })
    expect(run.exitCode, outputOf(run)).toBe(exitCode)
    const json = await attempt({
      files: { Dockerfile: LOCAL, 'Dockerfile.rego': rego },
      argv: ['check', '--format', 'json'],
    })
    expect(json.exitCode).toBe(exitCode)
    expect(JSON.parse(json.stdout)).toMatchObject({ exitCode })
  })

  it.each([
    [0, ALLOW, ALLOW],
    [1, ALLOW, DENY],
    [1, DENY, ALLOW],
    [2, ALLOW, 'package docker'],
    [2, 'package docker', ALLOW],
    [2, ALLOW, 'not a policy'],
  ])('%i: all of several must allow (%#)', async (exitCode, first, second) => {
    const files = { Dockerfile: LOCAL, 'one.rego': first, 'two.rego': second }
    const policies = ['--policy', 'filename=one.rego', '--policy', 'filename=two.rego']
    const run = await attempt({ files, argv: ['check', ...policies] })
    expect(run.exitCode, outputOf(run)).toBe(exitCode)
  })

  it.each([
    [0, 'good', []],
    [1, 'bad', ['denied']],
    [3, 'missing', []],
    [1, 'bad missing', []],
    [3, 'good missing', []],
  ])('%i: over the images %s', async (exitCode, names) => {
    const stages = names.split(' ').map((name, index) => `FROM ${registry.host}/${name}:1 AS s${index}\n`)
    const copies = stages.map((_, index) => `COPY --from=s${index} /a /${index}\n`)
    const Dockerfile = `${stages.join('')}FROM scratch\n${copies.join('')}`
    const run = await attempt({ files: { Dockerfile, 'Dockerfile.rego': UNLESS_BAD }, allow: [registry.host] })
    expect(run.exitCode, outputOf(run)).toBe(exitCode)
  })
})

describe('a fact that is kept away opens no policy', () => {
  const dockerfile = () => `FROM ${registry.host}/bad:1\n`

  it.each([
    ['refused', { kind: 'refuse' }],
    ['reset', { kind: 'reset' }],
    ['cut short', { kind: 'truncate' }],
    ['altered', { kind: 'corrupt' }],
    ['unauthorized', { kind: 'status', status: 401 }],
    ['forbidden', { kind: 'status', status: 403 }],
    ['not found', { kind: 'status', status: 404 }],
    ['gone', { kind: 'status', status: 410 }],
    ['no content', { kind: 'status', status: 204 }],
    ['an empty body', { kind: 'status', status: 200, body: '' }],
    ['an empty object', { kind: 'status', status: 200, body: '{}' }],
    ['null', { kind: 'status', status: 200, body: 'null' }],
    ['HTML', { kind: 'status', status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }],
    ['a redirect to itself', { kind: 'redirect', location: '?' }],
  ] as const)('%s', async (_, fault) => {
    for (const match of [/\/manifests\//, /\/blobs\//]) {
      registry.faults.clear()
      registry.faults.add({ match, fault })
      const files = { Dockerfile: dockerfile(), 'Dockerfile.rego': UNLESS_BAD }
      const run = await attempt({ files, allow: [registry.host], argv: ['check', '--timeout', '20s'] })
      expect(run.exitCode, outputOf(run)).toBe(3)
    }
  })

  it.each([
    ['not', 'allow if not input.image.labels.bad'],
    ['every', 'allow if every name, _ in input.image.labels { name != "bad" }'],
    ['count', 'allow if count([name | some name, _ in input.image.labels; name == "bad"]) == 0'],
    ['object.get', 'allow if object.get(input.image, ["labels", "bad"], "") == ""'],
    ['else', 'allow := false if input.image.labels.bad\n\nelse := true'],
    ['with', 'allow if not input.image.labels.bad with input.other as 1'],
    ['a function', 'bad(image) if image.labels.bad\n\nallow if not bad(input.image)'],
    ['a string of it', 'allow if not contains(json.marshal(input), "bad\\":")'],
  ])('whatever the policy is made of: %s', async (_, rule) => {
    registry.faults.add({ match: /\/blobs\//, fault: { kind: 'status', status: 404 } })
    const run = await attempt({
      files: { 'Dockerfile.rego': `package docker\n\n${rule}\n\ndecision := {"allow": allow}\n` },
      argv: ['eval', `docker-image://${registry.host}/bad:1`],
      allow: [registry.host],
    })
    expect(run.exitCode, outputOf(run)).toBe(3)
  })
})

describe('a waiver', () => {
  const nothing = { Dockerfile: LOCAL }

  it.each([
    [0, ['--allow-no-policy'], nothing],
    [1, ['--allow-no-policy'], { ...nothing, 'Dockerfile.rego': DENY }],
    [0, ['--allow-no-policy', '--no-context-policy'], { ...nothing, 'Dockerfile.rego': DENY }],
    [2, ['--no-context-policy'], { ...nothing, 'Dockerfile.rego': ALLOW }],
    [2, ['--policy', 'disabled=true'], nothing],
    [2, [], nothing],
  ])('%i: %j by the operator', async (exitCode, flags, files) => {
    const run = await attempt({ files, argv: ['check', ...flags] })
    expect(run.exitCode, outputOf(run)).toBe(exitCode)
  })

  const settings = 'allow-no-policy: true\nallowNoPolicy: true\nwarn: true\npolicy: disabled=true\n'
  const json = JSON.stringify({ allowNoPolicy: true, warn: true, 'source-policy': { allowNoPolicy: true } })
  it.each([
    ['.source-policy.yaml', settings],
    ['source-policy.yaml', settings],
    ['source-policy.yml', settings],
    ['.source-policyrc', json],
    ['source-policy.json', json],
    ['package.json', json],
    ['.npmrc', 'allow-no-policy=true\n'],
    ['.env', 'SOURCE_POLICY_ALLOW_NO_POLICY=1\nSOURCE_POLICY_WARN=1\n'],
    ['.dockerignore', '--allow-no-policy\n'],
    ['Dockerfile.dockerignore', '*\n'],
    ['--allow-no-policy', ''],
    ['Dockerfile.json', json],
    ['Dockerfile.yaml', settings],
    ['Dockerfile.policy.js', 'export default () => ({ allow: true })'],
    ['source-policy.config.js', 'export default { allowNoPolicy: true }'],
  ])('is not given by the context, nor a policy put beside another by it: %s', async (name, text) => {
    const without = await attempt({ files: { ...nothing, [name]: text } })
    expect(without.exitCode, outputOf(without)).toBe(2)
    const denied = await attempt({ files: { ...nothing, 'Dockerfile.rego': DENY, [name]: text } })
    expect(denied.exitCode, outputOf(denied)).toBe(1)
  })

  it.each([
    '# source-policy: allow-no-policy=true',
    '# check=skip=all;error=false',
    'ARG SOURCE_POLICY_ALLOW_NO_POLICY=1',
    'LABEL source-policy.allow="true"',
  ])('is not given by a Dockerfile: %s', async line => {
    const run = await attempt({ files: { Dockerfile: `${line}\n${LOCAL}` } })
    expect(run.exitCode, outputOf(run)).toBe(2)
  })
})

describe('what cannot go on is broken', () => {
  it.each([
    ['no command', []],
    ['another command', ['approve']],
    ['an unknown option', ['check', '--allow-all']],
    ['a policy that is disabled and not', ['check', '--policy', 'disabled=true', '--policy', 'filename=a.rego']],
    ['a Dockerfile that is not there', ['check', '-f', 'nothing']],
    ['a target that is not there', ['check', '--target', 'nothing']],
  ])('%s', async (_, argv) => {
    const run = await attempt({ files: { Dockerfile: LOCAL, 'Dockerfile.rego': ALLOW }, argv })
    expect(run.exitCode, outputOf(run)).toBe(2)
  })

  it('an interruption is no verdict', async () => {
    registry.faults.add({ match: /manifests/, fault: { kind: 'stall' } })
    const files = { Dockerfile: `FROM ${registry.host}/good:1\n`, 'Dockerfile.rego': UNLESS_BAD }
    const run = await attempt({ files, allow: [registry.host], signal: AbortSignal.timeout(300) })
    expect(run.exitCode).toBe(130)
  })
})
