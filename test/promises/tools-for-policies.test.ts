import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ALLOW, attempt, DENY, outputOf } from './harness.ts'

/*
 * Promises 1, 3 and 5 for the commands that policy authors use: a policy, a test and a Dockerfile are as hostile to them as to check.
 */

const HOSTILE = '\\u001b[31m\\u202e::error::x\\u0000##vso[task]</failure>]]>&hunter2'
const RAW = '\u001b[31m\u202e::error::##vso[task]'

const policy = `package docker

# ${RAW} https://user:hunter2@example.com

default allow := false

allow if input.local

# METADATA
# title: "${HOSTILE}"
# custom:
#   id: "${HOSTILE}"
#   owner: https://user:hunter2@example.com
deny_msg contains "${HOSTILE} https://user:hunter2@example.com" if not allow

allow if input.image["${HOSTILE}"] == "https://user:hunter2@example.com"

decision := {"allow": allow, "deny_msg": deny_msg, "warn_msg": ["${HOSTILE}"]}
`

const test = `package docker

test_x if {
	print("${HOSTILE}")
	decision.allow with input as {"image": {"ref": "${HOSTILE}", "repo": "https://user:hunter2@example.com"}}
}
`

const files = {
  Dockerfile: 'FROM scratch\nADD https://user:hunter2@example.com/x /\n',
  'Dockerfile.rego': policy.replaceAll('&hunter2', ''),
  'Dockerfile_test.rego': test.replaceAll('&hunter2', ''),
}

describe('5: no raw foreign byte, and no secret, in what is said of policies', () => {
  it.each([
    [['test'], 1],
    [['test', '--full', '--coverage'], 1],
    [['test', '--format', 'json'], 1],
    [['test', '--format', 'junit'], 1],
    [['explain', 'https://user:hunter2@example.com/x'], 1],
    [['explain', '--full', 'https://user:hunter2@example.com/x'], 1],
    [['explain', '--format', 'json', 'https://user:hunter2@example.com/x'], 1],
    [['check', '--explain'], 1],
    [['lint'], 1],
    [['lint', '--format', 'json'], 1],
    [['init', '--force'], 0],
  ])('%j', async (argv, exitCode) => {
    const run = await attempt({ files, argv })
    const output = outputOf(run)
    expect(run.exitCode).toBe(exitCode)
    expect(output).not.toBe('')
    expect(output).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]|^\s*::|##vso\[|hunter2/m)
    if (argv.includes('junit')) expect(output.match(/<\/failure>|\]\]>/g)).toEqual(['</failure>'])
  })
})

describe('1: nothing in a build context makes an exception', () => {
  const waivers = 'waivers:\n  - {id: a, source: "local://**", reason: r, owner: o, expires: "2999-01-01"}\n'

  it.each([
    ['a file of waivers', { 'waivers.yaml': waivers, '.waivers.yaml': waivers, 'Dockerfile.waivers': waivers }],
    ['a recording', { 'fixtures/run.json': '{"version":1}' }],
    [
      'a decision that asks for warn mode',
      { 'Dockerfile.rego': 'package docker\n\ndecision := {"allow": false, "mode": "warn", "warn_msg": ["x"]}\n' },
    ],
    ['metadata', { 'Dockerfile.rego': `# METADATA\n# scope: package\n# custom:\n#   mode: warn\n${DENY}` }],
  ])('%s', async (_, more) => {
    const context = {
      Dockerfile: 'FROM scratch\nCOPY . /\n',
      'Dockerfile.rego': DENY,
      ...(more as Record<string, string>),
    }
    expect((await attempt({ files: context })).exitCode).toBe(1)
    const operator = { ...context, 'Dockerfile.rego': ALLOW, 'org.rego': DENY, ...(more as Record<string, string>) }
    expect((await attempt({ files: operator, argv: ['check', '--policy', 'filename=org.rego'] })).exitCode).toBe(1)
  })
})

describe('3: tests and recordings stay where they are', () => {
  it('a link to a test elsewhere is not followed, and a policy may not read there', async () => {
    const run = await attempt({
      files: {
        'Dockerfile.rego': ALLOW,
        'a_test.rego':
          'package docker\n\ntest_a if load_json("../../../etc/passwd")\n\ntest_b if load_json("link.json")\n',
      },
      links: { 'b_test.rego': '/etc/hostname', 'link.json': '/etc/passwd' },
      argv: ['test'],
    })
    expect({ exitCode: run.exitCode, tests: run.stdout.match(/^test_\w+: \w+/gm) }).toEqual({
      exitCode: 1,
      tests: ['test_a: FAIL', 'test_b: FAIL'],
    })
    expect(outputOf(run)).not.toContain('root:')
  })

  it('init follows no link to write elsewhere', async () => {
    const outside = path.join('/tmp', `source-policy-outside-${process.pid}`)
    const run = await attempt({
      files: { Dockerfile: 'FROM scratch\n' },
      links: { 'Dockerfile.rego': outside },
      argv: ['init'],
    })
    const forced = await attempt({
      files: { Dockerfile: 'FROM scratch\n' },
      links: { 'Dockerfile.rego': outside },
      argv: ['init', '--force'],
    })
    expect([run.exitCode, forced.exitCode]).toEqual([2, 0])
    expect(() => readFileSync(outside)).toThrow(expect.objectContaining({ code: 'ENOENT' }))
    expect(readdirSync('/tmp')).not.toContain(path.basename(outside))
  })
})
