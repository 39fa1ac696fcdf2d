import { buildImage, type Registry, startRegistry } from '@source-policy/testkit'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { REPORT_SCHEMA } from './report-schema.ts'
import { runCli, temporaryDirectory } from './run-cli.ts'
import { TEST_SCHEMA } from './test-schema.ts'

const policy = `package docker

default allow := false

allow if input.local

# METADATA
# title: gold images
# custom:
#   id: IMG-1
#   owner: platform
allow if {
	is_app
	input.image.labels.tier == "gold"
}

is_app if endswith(input.image.repo, "/app")

deny_msg contains "only gold images" if not allow

decision := {"allow": allow, "deny_msg": deny_msg}
`

let registry: Registry
let directory: ReturnType<typeof temporaryDirectory>
beforeAll(async () => {
  registry = await startRegistry()
  registry.push('app', buildImage({ labels: { tier: 'silver \u001b[31m::error::' } }), '1')
  registry.push('app', buildImage({ labels: { tier: 'gold' } }), '2')
  directory = temporaryDirectory({
    Dockerfile: `FROM ${registry.host}/app:1\n`,
    'Dockerfile.rego': policy,
    'x_test.rego': 'package docker\n\ntest_x if allow with input as {"image": {"repo": "x/app"}}\n',
  })
})
afterAll(async () => {
  await registry.close()
  directory.remove()
})

const run = (...argv: string[]) => {
  const flags = ['--allow-address', registry.host, '--platform', 'linux/amd64']
  return runCli([...argv, ...flags], { cwd: directory.path })
}

describe('explain', () => {
  it('tells for each rule which expression failed, with its values, and which was fetched for', async () => {
    const { exitCode, stdout } = await run('explain', `docker-image://${registry.host}/app:1`)
    expect(exitCode).toBe(1)
    expect(stdout.replaceAll(registry.host, 'HOST')).toBe(`HOST/app:1: denied by Dockerfile.rego
  only gold images

allow
  fails  Dockerfile.rego:5:10  input.local
         input.local is undefined
  fails  Dockerfile.rego:14:2  input.image.labels.tier == "gold"
         input.image.labels.tier is "silver \\x1b[31m:\\u{3a}error:\\u{3a}"
         IMG-1: gold images (platform)
deny_msg
  holds  Dockerfile.rego:19:1  deny_msg contains "only gold images" if not allow
fetched
  round 1  input.image.labels  for  Dockerfile.rego:14:2  input.image.labels.tier == "gold"
`)
  })

  it('tells why it is allowed', async () => {
    const { exitCode, stdout } = await run('explain', `docker-image://${registry.host}/app:2`)
    expect(exitCode).toBe(0)
    expect(stdout).toContain('holds  Dockerfile.rego:12:1  allow if {')
  })

  it('tells what is waited for where it is undecided', async () => {
    const { exitCode, stdout } = await run('explain', `docker-image://${registry.host}/app:3`)
    expect(exitCode).toBe(3)
    expect(stdout).toMatch(/undecided by Dockerfile\.rego\n {2}GET /)
    expect(stdout).toContain('waits  Dockerfile.rego:14:2  input.image.labels.tier == "gold"')
  })

  it('tells every expression with --full', async () => {
    const { stdout } = await run('explain', '--full', `docker-image://${registry.host}/app:2`)
    expect(stdout).toContain('holds  Dockerfile.rego:13:2  is_app')
    expect(stdout).toContain('holds  Dockerfile.rego:17:11  endswith(input.image.repo, "/app")')
  })

  it('is part of the report with --format json, as its schema says', async () => {
    const { stdout } = await run('explain', '--format', 'json', `docker-image://${registry.host}/app:1`)
    const report = JSON.parse(stdout)
    const validate = new Ajv2020().compile(REPORT_SCHEMA)
    expect({ isValid: validate(report), errors: validate.errors }).toEqual({ isValid: true, errors: null })
    expect(report.sources[0].explanations[0].rules.map(({ name }: { name: string }) => name)).toEqual([
      'allow',
      'deny_msg',
    ])
  })
})

describe('check --explain', () => {
  it('tells it under each denial', async () => {
    const { exitCode, stdout } = await run('check', '--explain', '.')
    expect(exitCode).toBe(1)
    expect(stdout).toContain('fails  Dockerfile.rego:14:2  input.image.labels.tier == "gold"')
    expect((await run('check', '.')).stdout).not.toContain('Dockerfile.rego:14:2')
  })
})

it('the results of tests are as their schema says', async () => {
  const { exitCode, stdout } = await runCli(['test', '--format', 'json', '--coverage'], { cwd: directory.path })
  const validate = new Ajv2020().compile(TEST_SCHEMA)
  expect({ exitCode, isValid: validate(JSON.parse(stdout)), errors: validate.errors }).toEqual({
    exitCode: 1,
    isValid: true,
    errors: null,
  })
})
