import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterEach, describe, expect, it } from 'vitest'
import { LINT_SCHEMA } from './lint-schema.ts'
import { runCli, temporaryDirectory } from './run-cli.ts'

let directory: ReturnType<typeof temporaryDirectory> | undefined
afterEach(() => directory?.remove())

function run(files: Readonly<Record<string, string>>, ...argv: string[]) {
  directory = temporaryDirectory(files)
  return runCli(['lint', ...argv], { cwd: directory.path })
}

const clean = 'package docker\n\ndefault allow := false\n\nallow if input.local\n\ndecision := {"allow": allow}\n'
const wrong = `${clean}\nallow if {\n\tinput.image.fullRepo == "alpine"\n}\n`

describe('lint', () => {
  it('shows each problem with its line and a caret', async () => {
    const { exitCode, stdout, stderr } = await run({ 'Dockerfile.rego': wrong })
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' })
    expect(
      stdout,
    ).toBe(`Dockerfile.rego:10:2: repo-name: fullRepo begins with the host: write "docker.io/library/alpine"
      input.image.fullRepo == "alpine"
      ^

1 problem in 1 policy
`)
  })

  it.each([
    [0, 'a policy without problems', { 'Dockerfile.rego': clean }, []],
    [0, 'the policies of Dockerfiles, not others', { 'Dockerfile.rego': clean, 'other.rego': wrong }, []],
    [1, 'policies in a directory without Dockerfiles', { 'a.rego': clean, 'b.rego': wrong }, []],
    [1, 'a file that is named', { 'Dockerfile.rego': clean, 'other.rego': wrong }, ['other.rego']],
    [
      1,
      'what a policy imports',
      {
        'Dockerfile.rego': `${clean}\nallow if trusted.yes\n`.replace('docker\n', 'docker\n\nimport data.trusted\n'),
        'trusted.rego': 'package trusted\n\nyes if input.image.repo == "library/alpine"\n',
      },
      [],
    ],
    [0, 'a file of tests', { 'Dockerfile.rego': clean, 'x_test.rego': wrong }, []],
    [2, 'a policy that does not load', { 'Dockerfile.rego': 'package docker\n\nallow if nope(1)\n' }, []],
    [2, 'a policy that is no Rego', { 'Dockerfile.rego': 'package docker\n\nallow if {' }, []],
    [2, 'a file that is not there', {}, ['none.rego']],
    [2, 'no policy', { Dockerfile: 'FROM scratch\n' }, []],
  ])('%i: %s', async (exitCode, _, files, argv) => {
    expect((await run(files as Record<string, string>, ...argv)).exitCode).toBe(exitCode)
  })

  it('is a document with --format json, as its schema says', async () => {
    const { exitCode, stdout } = await run({ 'Dockerfile.rego': wrong }, '--format', 'json')
    const document = JSON.parse(stdout)
    const validate = new Ajv2020().compile(LINT_SCHEMA)
    expect({ exitCode, isValid: validate(document), rule: document.findings[0].rule }).toEqual({
      exitCode: 1,
      isValid: true,
      rule: 'repo-name',
    })
  })

  it('prints foreign text as text', async () => {
    const hostile = `${clean}\nallow if input.image["\u001b[31m::error::\u202e"] == "x" # \u001b[2J https://u:hunter2@example.com\n`
    for (const format of ['text', 'json']) {
      const { exitCode, stdout } = await run({ 'Dockerfile.rego': hostile }, '--format', format)
      expect(exitCode).toBe(1)
      expect(stdout).not.toMatch(/[\u001b\u202e]|^\s*::|hunter2/m)
    }
  })

  it('tells which mistakes it looks for', async () => {
    const { exitCode, stdout } = await run({}, '--list')
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^tag-alone: .*\n {2}With alpine/m)
  })
})
