import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { prepare } from './index.ts'
import { maxCompileMilliseconds, maxNameParts } from './limits.ts'
import { hostilePolicies, sharedParts } from './testing/hostile-policies.ts'
import { hostilePrograms, refusedPrograms } from './testing/hostile-programs.ts'
import type { Line, Measured } from './testing/measure.ts'

/** Milliseconds that each evaluation is given. */
const timeoutMs = 1_000
/** What a process may hold, and what it may grow by in one run. */
const maxMegabytes = 512
/** Milliseconds without a sign of life after which a process counts as hanging. */
const hangsAfterMs = 120_000
/**
 * With SOURCE_POLICY_HOSTILE=all every policy is run, and held to twice its deadline. By default it is one in so many, and a machine that
 * has other things to do is given twice that.
 */
const isWhole = process.env.SOURCE_POLICY_HOSTILE === 'all'
const sample = isWhole ? 1 : 4
const maxDeadlines = isWhole ? 2 : 4

const script = fileURLToPath(new URL('testing/run-hostile.ts', import.meta.url))

/** Runs them in one process after another: where one dies, the next goes on behind what killed it. */
async function runAll(
  kind: 'policies' | 'unknown' | 'programs',
  indexes: readonly number[],
  flags: readonly string[] = [],
): Promise<Map<string, Measured>> {
  const measured = new Map<string, Measured>()
  let left = indexes
  while (left.length > 0) {
    const begun = await runProcess([...flags, script, kind, String(timeoutMs), left.join(',')], measured)
    left = left.slice(Math.max(begun, 1))
  }
  return measured
}

/** The number of those that were begun. */
function runProcess(args: readonly string[], measured: Map<string, Measured>): Promise<number> {
  const child = spawn(
    process.execPath,
    [
      `--max-old-space-size=${maxMegabytes}`,
      '--conditions=@source-policy/source',
      '--import',
      import.meta.resolve('tsx'),
      ...args,
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  let begun = 0
  let timer = setTimeout(() => child.kill('SIGKILL'), hangsAfterMs)
  createInterface({ input: child.stdout }).on('line', text => {
    clearTimeout(timer)
    timer = setTimeout(() => child.kill('SIGKILL'), hangsAfterMs)
    const line = JSON.parse(text) as Line
    if ('begins' in line) begun++
    else measured.set(line.name, line)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', () => {
      clearTimeout(timer)
      resolve(begun)
    })
  })
}

const onFirstUse = <T>(make: () => T): (() => T) => {
  let made: T | undefined
  return () => (made ??= make())
}

const chosen = (all: readonly unknown[]): readonly number[] => [...all.keys()].filter(index => index % sample === 0)

/** A process that died or hung has measured nothing. */
function expectBounded(measured: Measured | undefined, deadlineMs: number): void {
  expect(measured, 'the process died, or was killed because it hung').toBeDefined()
  const { milliseconds, bytes } = measured!
  expect(milliseconds).toBeLessThan(maxDeadlines * deadlineMs)
  expect(bytes / 1024 / 1024).toBeLessThan(maxMegabytes)
}

describe.each([
  ['hostile policies', 'policies', hostilePolicies],
  ['hostile policies about fields that are not known', 'unknown', sharedParts],
] as const)('%s', (_title, kind, policies) => {
  const indexes = chosen(policies)
  const run = onFirstUse(() => runAll(kind, indexes))

  test.each(indexes.map(index => policies[index]![0]))(
    '%s: ends near its deadline, in bounded memory, with a result or as cancelled',
    async name => {
      const measured = (await run()).get(name)
      expectBounded(measured, timeoutMs)
      expect(measured!.code).toMatch(/^(?:none|eval_cancel_error|eval_conflict_error)$/)
    },
    3_600_000,
  )
})

describe('hostile programs', () => {
  const indexes = [...hostilePrograms.keys()]
  const run = onFirstUse(() => runAll('programs', indexes))
  const codeOf = (name: string): string =>
    Object.entries(refusedPrograms).find(([, names]) => names.includes(name))?.[0] ?? 'none'

  test.each(indexes.map(index => hostilePrograms[index]![0]))(
    '%s: compiles or is refused within the deadline, in bounded memory',
    async name => {
      const measured = (await run()).get(name)
      expectBounded(measured, maxCompileMilliseconds / 2)
      // on a machine that others keep busy the deadline may come first
      if (measured!.clock < maxCompileMilliseconds) expect(measured!.code).toBe(codeOf(name))
      else expect(measured!.code).toMatch(/^(?:none|rego_\w+_error)$/)
    },
    3_600_000,
  )

  // the last resort: what would need more stack than there is has a code as well
  const nested = indexes.filter(index => hostilePrograms[index]![0].startsWith('nested'))
  const runSmall = onFirstUse(() => runAll('programs', nested, ['--stack-size=350']))

  test.each(nested.map(index => hostilePrograms[index]![0]))(
    '%s: on a small stack ends with a code, too',
    async name => {
      expect((await runSmall()).get(name)?.code).toMatch(/^(?:none|rego_\w+_error)$/)
    },
    3_600_000,
  )

  test('a package of thousands of parts is refused', () => {
    const modules = { 'p.rego': `package p${'.q'.repeat(maxNameParts)}\n\nr := 1` }
    expect(() => prepare({ modules, query: 'data.p = x' })).toThrow(
      expect.objectContaining({ code: 'rego_compile_error' }),
    )
  })
})
