import { describe, expect } from 'vitest'
import { runCli, temporaryDirectory } from '../../apps/cli/src/run-cli.ts'
import { testRows } from './rows.ts'

const allows = (condition: string) =>
  `package docker\n\ndefault allow := false\n\nallow if ${condition}\n\ndecision := {"allow": allow}\n`
const holds = allows('true')
const fails = allows('input.nothing')

interface Given {
  readonly own?: string
  readonly extra?: string
  readonly policy?: unknown
  readonly flags?: readonly string[]
}

async function bake({ own = holds, extra = holds, policy = [], flags = [] }: Given) {
  const directory = temporaryDirectory({
    Dockerfile: 'FROM scratch\nCOPY . /\n',
    'Dockerfile.rego': own,
    'extra.rego': extra,
    'docker-bake.json': JSON.stringify({ target: { default: { policy } } }),
  })
  const run = await runCli(['check', '--bake', 'docker-bake.json', ...flags], { cwd: directory.path })
  directory.remove()
  return run
}

const EXTRA = ['filename=extra.rego']
const RESET = [{ filename: 'extra.rego', reset: true }]
/** Docker buildx builds without any policy; here the operator has to say so. */
const NO_POLICY = ['--allow-no-policy']

async function expectDenied(given: Given, by: string) {
  const { exitCode, stdout } = await bake(given)
  expect(exitCode, stdout).toBe(1)
  expect(stdout).toContain(`denied by ${by}`)
}

async function expectRefused(flags: readonly string[], message: string) {
  const { exitCode, stderr } = await bake({ flags })
  expect(exitCode).toBe(2)
  expect(stderr).toContain(message)
}

describe('policies of bake', () => {
  testRows('bake_policy', ({ target, cli }) => String(target ?? cli), {
    'default+extra both satisfied': async () => {
      expect((await bake({ policy: EXTRA })).exitCode).toBe(0)
    },
    'default policy fails': () => expectDenied({ own: fails, policy: EXTRA }, 'Dockerfile.rego'),
    'extra policy fails': () => expectDenied({ extra: fails, policy: EXTRA }, 'extra.rego'),
    '{filename,reset=true} extra ok': async () => {
      expect((await bake({ own: fails, policy: RESET })).exitCode).toBe(0)
    },
    '{filename,reset=true} extra fails': () => expectDenied({ extra: fails, policy: RESET }, 'extra.rego'),
    '{disabled=true}': async () => {
      const given = { own: fails, policy: [{ disabled: true }] }
      expect((await bake({ ...given, flags: NO_POLICY })).exitCode).toBe(0)
      expect((await bake(given)).exitCode).toBe(2)
    },
    '--policy disabled=true': async () => {
      const flags = ['--policy', 'disabled=true']
      expect((await bake({ own: fails, flags: [...flags, ...NO_POLICY] })).exitCode).toBe(0)
      expect((await bake({ own: fails, flags })).exitCode).toBe(2)
    },
    '--policy filename=extra.rego': () =>
      expectRefused(
        ['--policy', 'filename=extra.rego'],
        '--policy does not accept filename; define policy files in the bake definition',
      ),
    '--policy reset=true': () =>
      expectRefused(
        ['--policy', 'reset=true'],
        '--policy does not accept reset; define policy composition in the bake definition',
      ),
    '--policy disabled=true,strict=true': () =>
      expectRefused(
        ['--policy', 'disabled=true,strict=true'],
        'disabled policy cannot be combined with other policy flags',
      ),
  })
})
