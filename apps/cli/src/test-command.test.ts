import { buildImage, startRegistry } from '@source-policy/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { runCli, temporaryDirectory } from './run-cli.ts'

const policy = `package docker

default allow := false

allow if input.image.repo == "alpine"

deny_msg contains sprintf("%s is not allowed", [input.image.repo]) if not allow

decision := {"allow": allow, "deny_msg": deny_msg}
`

const tests = `package docker

test_allowlisted_repo if decision.allow with input as {"image": {"repo": "alpine"}}

test_other_repo if not decision.allow with input as {"image": {"repo": "busybox"}}
`

let directory: ReturnType<typeof temporaryDirectory> | undefined
afterEach(() => directory?.remove())

function run(files: Readonly<Record<string, string>>, ...argv: string[]) {
  directory = temporaryDirectory(files)
  return runCli(['test', ...argv], { cwd: directory.path })
}

describe('policy_test_cli', () => {
  it('--run test_allowlisted_repo', async () => {
    const files = { 'Dockerfile.rego': policy, 'Dockerfile_test.rego': tests }
    const { exitCode, stdout } = await run(files, '--run', 'test_allowlisted_repo')
    expect(exitCode).toBe(0)
    expect(stdout.split('\n')).toContain('test_allowlisted_repo: PASS (allow=true)')
    expect(stdout).not.toContain('test_other_repo')
  })

  it('input {"image":{}} and a policy that uses input.image.repo', async () => {
    const given = `package docker

test_missing_repo if decision.allow with input as {"image": {}}

test_allowlisted_ok if decision.allow with input as {"image": {"repo": "alpine"}}
`
    const { exitCode, stdout } = await run({ 'Dockerfile.rego': policy, 'Dockerfile_test.rego': given })
    expect(exitCode).toBe(1)
    const lines = stdout.split('\n')
    expect(lines).toContain('test_missing_repo: FAIL (allow=false)')
    expect(lines).toContain('test_allowlisted_ok: PASS (allow=true)')
    expect(lines).toContain('missing_input: input.image.repo')
  })

  it('path scripts/policy_test.rego with Dockerfile.rego in the working directory', async () => {
    const files = { 'Dockerfile.rego': policy, 'scripts/policy_test.rego': tests }
    const { exitCode, stdout } = await run(files, 'scripts/policy_test.rego')
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringContaining('test_allowlisted_repo: PASS'),
    })
  })
})

describe('which tests run', () => {
  const one = (name: string) => `package docker\n\n${name} if true\n`

  it('is all beneath the directory, each by the nearest policy', async () => {
    const files = {
      'Dockerfile.rego': policy,
      'a_test.rego': one('test_a'),
      'sub/Dockerfile.rego': policy.replace('alpine', 'busybox'),
      'sub/b_test.rego': 'package docker\n\ntest_b if allow with input as {"image": {"repo": "busybox"}}\n',
      'node_modules/x/c_test.rego': one('test_c'),
      '.hidden/d_test.rego': one('test_d'),
    }
    const { exitCode, stdout } = await run(files)
    expect({ exitCode, tests: stdout.match(/^test_\w+: \w+/gm) }).toEqual({
      exitCode: 0,
      tests: ['test_a: PASS', 'test_b: PASS'],
    })
  })

  it.each([
    [0, 'by a regular expression', ['--run', '^test_(a|b)$'], ['test_a', 'test_b']],
    [0, 'by a part of the name', ['--run', 'st_a'], ['test_a', 'test_ab']],
    [2, 'none that match', ['--run', 'nothing'], null],
    [2, 'an expression that is none', ['--run', 'test_('], null],
    [2, 'a back reference, which takes exponential time', ['--run', '(a+)\\1'], null],
  ])('%i: %s', async (exitCode, _, argv, expected) => {
    const files = {
      'x_test.rego': ['test_a', 'test_ab', 'test_b']
        .map(one)
        .join('\n')
        .replaceAll(/\npackage docker\n/g, '\n'),
    }
    const { stdout, ...ran } = await run(files, ...argv)
    expect({ exitCode: ran.exitCode, tests: stdout.match(/^test_\w+/gm) }).toEqual({ exitCode, tests: expected })
  })

  it('takes time linear in the name, whatever the expression', async () => {
    const name = `test_${'a'.repeat(5_000)}`
    const started = performance.now()
    const { exitCode } = await run({ 'x_test.rego': one(name) }, '--run', '(a*)*(a*)*(a*)*b$')
    expect(exitCode).toBe(2)
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  it.each([
    ['no tests', {}, []],
    ['a file of another name', { 'x.rego': one('test_a') }, ['x.rego']],
    ['a path that is not there', {}, ['none']],
    ['a policy that is not there', { 'x_test.rego': one('test_a') }, ['-f', 'app.Dockerfile']],
    ['a test that does not compile', { 'x_test.rego': 'package docker\n\ntest_a if nope(1)\n' }, []],
    ['a test that is no UTF-8', { 'x_test.rego': 'package docker\n\u0000' }, []],
    ['a threshold that is none', { 'x_test.rego': one('test_a') }, ['--coverage-threshold', '101']],
  ])('2: %s', async (_, files, argv) => {
    const { exitCode, stdout } = await run(files as Record<string, string>, ...argv)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
  })

  it('are those of the policy of --filename', async () => {
    const files = { 'app.Dockerfile.rego': policy, 'x_test.rego': tests }
    expect((await run(files, '--filename', 'app.Dockerfile')).exitCode).toBe(0)
    expect((await run(files, '-f', 'app.Dockerfile.rego')).exitCode).toBe(0)
  })
})

describe('a failure', () => {
  const failing = `package docker

test_both if {
	decision.allow with input as {"image": {"repo": "alpine"}}
	decision.allow with input as {"image": {"repo": "busybox"}}
}
`
  const files = { 'Dockerfile.rego': policy, 'Dockerfile_test.rego': failing }

  it('tells the expression, its values, the input and the decision', async () => {
    const { exitCode, stdout } = await run(files)
    expect(exitCode).toBe(1)
    expect(stdout).toBe(`test_both: FAIL (allow=true/false, deny_msg=busybox is not allowed)
  fails  Dockerfile_test.rego:5:2  decision.allow with input as {"image": {"repo": "busybox"}}
         allow
           fails  Dockerfile.rego:5:10  input.image.repo == "alpine"
                  input.image.repo is "busybox"
         deny_msg
           holds  Dockerfile.rego:7:1  deny_msg contains sprintf("%s is not allowed", [input.image.repo]) if not allow
input:
{
  "image": {
    "repo": "busybox"
  }
}
decision:
{
  "allow": false,
  "deny_msg": [
    "busybox is not allowed"
  ]
}

0 passed, 1 failed
`)
  })

  it('is a document with --format json', async () => {
    const { stdout } = await run(files, '--format', 'json')
    const document = JSON.parse(stdout)
    expect(document).toMatchObject({ version: 1, passed: false, tests: [{ name: 'test_both', passed: false }] })
    expect(document.tests[0].failure).toMatchObject({ input: { image: { repo: 'busybox' } }, missingInput: [] })
  })

  it('is a failure of JUnit, whatever a policy says', async () => {
    const hostile = policy.replace('%s is not allowed', ']]><x a=\\"&\\u001b[31m\\u0000::error::%s')
    const { exitCode, stdout } = await run({ ...files, 'Dockerfile.rego': hostile }, '--format', 'junit')
    expect(exitCode).toBe(1)
    expect(stdout).toContain('<testsuite name="Dockerfile_test.rego" tests="1" failures="1" errors="0">')
    expect(stdout).toContain('<testcase classname="docker" name="test_both" file="Dockerfile_test.rego" line="3"')
    expect(stdout).toContain(']]&gt;&lt;x a=&quot;&amp;\\u{1b}[31m\\u{0}:\\u{3a}error:\\u{3a}busybox')
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]|^\s*::/m)
  })

  it('shows no credentials of a URL', async () => {
    const secret = failing.replaceAll(
      '{"image": {"repo": "busybox"}}',
      '{"http": {"url": "https://u:hunter2@example.com/x"}}',
    )
    for (const format of ['text', 'json', 'junit']) {
      const { exitCode, stdout } = await run({ ...files, 'Dockerfile_test.rego': secret }, '--format', format)
      expect({ exitCode, isShown: stdout.includes('hunter2') }).toEqual({ exitCode: 1, isShown: false })
    }
  })
})

describe('coverage', () => {
  const files = { 'Dockerfile.rego': policy, 'x_test.rego': tests }

  it.each([
    [0, [], '100'],
    [1, ['--run', 'allowlisted'], '100'],
    [0, ['--run', 'allowlisted'], '50'],
  ])('%i: %j with a threshold of %s', async (exitCode, argv, threshold) => {
    const { stdout, ...ran } = await run(files, ...argv, '--coverage-threshold', threshold)
    expect(ran.exitCode).toBe(exitCode)
    expect(stdout).toMatch(/^coverage: [\d.]+% of expressions, [\d.]+% of lines, wanted \d+%$/m)
  })

  it('names the lines that no test reaches', async () => {
    const { stdout } = await run(files, '--coverage', '--run', 'allowlisted')
    expect(stdout).toMatch(/^Dockerfile\.rego: .* not covered: /m)
  })
})

describe('recorded sources', () => {
  it('are the inputs of tests', async () => {
    const registry = await startRegistry()
    registry.push('app', buildImage({ labels: { tier: 'gold' } }), '1')
    const source = `docker-image://${registry.host}/app:1`
    const labels =
      'package docker\n\ndefault allow := false\n\nallow if input.image.labels.tier == "gold"\n\ndecision := {"allow": allow}\n'
    const recorded = (name: string, body: string) =>
      `# METADATA\n# custom:\n#   fixture: ${source}\n${name} if ${body}\n`
    directory = temporaryDirectory({
      'Dockerfile.rego': labels,
      'x_test.rego': `package docker\n\n${recorded('test_gold', 'decision.allow')}\n${recorded('test_tag', 'decision.allow with input.image.tag as "2"')}\n${recorded('test_unsigned', 'not input.image.signatures')}`,
    })
    const flags = ['--allow-address', registry.host, '--platform', 'linux/amd64']
    const record = await runCli(['eval', ...flags, '--record', 'fixtures', source], { cwd: directory.path })
    await registry.close()
    const { exitCode, stdout } = await runCli(['test'], { cwd: directory.path })
    expect({ recorded: record.exitCode, exitCode }).toEqual({ recorded: 0, exitCode: 1 })
    expect(stdout.match(/^test_\w+: \w+ \(.*\)/gm)).toEqual([
      'test_gold: PASS (allow=true)',
      'test_tag: PASS (allow=true)',
      'test_unsigned: FAIL (allow=true)',
    ])
    expect(stdout).toContain('not recorded: input.image.signatures')
    const elsewhere = await runCli(['test', '--fixtures', 'none'], { cwd: directory.path })
    expect(elsewhere.exitCode).toBe(1)
    expect(elsewhere.stdout).toContain('run.json: no such file')
  })
})
