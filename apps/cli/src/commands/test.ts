import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { PolicyFiles } from '@source-policy/core'
import { type PolicyTestResult, percentage, runPolicyTests } from '@source-policy/engine-opa/policy-tests'
import { confinedFiles } from '../confined-files.ts'
import { CliError } from '../error.ts'
import { findTestFiles, policyName, type TestSet } from '../find-test-files.ts'
import type { CommandContext } from '../io.ts'
import { compileNameFilter } from '../name-filter.ts'
import { printableJSON } from '../printable.ts'
import { renderJUnit } from '../render-junit.ts'
import { renderTestText } from '../render-test-text.ts'
import { redactStrings } from '../secrets.ts'
import { fixturesIn } from '../test-fixtures.ts'
import { type PolicyTestReport, testReportDocument } from '../test-report.ts'

export interface TestOptions {
  /** Regular expression, or a part of a name. */
  readonly run?: string
  /** The Dockerfile whose policy is tested. */
  readonly filename: string
  /** Whether `filename` was given: then its policy has to be there. */
  readonly isFilenameGiven: boolean
  /** Directory of recorded sources; default: `fixtures` beside the tests, or in the working directory. */
  readonly fixtures?: string
  readonly coverage: boolean
  /** Per cent of expressions and of lines. */
  readonly coverageThreshold?: number
  readonly format: 'text' | 'json' | 'junit'
  readonly full: boolean
}

export const TEST_EXIT_CODES = { passed: 0, failed: 1 } as const

/** Runs the tests of policies. Returns 0 where all pass, 1 where one does not or too little is covered; throws where none can be run. */
export async function testPolicies(
  wanted: string,
  options: TestOptions,
  { io, secrets }: CommandContext,
): Promise<number> {
  const started = performance.now()
  const { filename, coverageThreshold } = options
  const sets = await findTestFiles(wanted, { cwd: io.cwd, filename })
  if (options.isFilenameGiven && sets.every(({ policy }) => policy === undefined)) {
    throw new CliError('policy_not_found', `policy file ${policyName(filename)} not found`)
  }
  const select = options.run === undefined ? undefined : compileNameFilter(options.run)
  const wantsCoverage = options.coverage || coverageThreshold !== undefined
  const tests: PolicyTestResult[] = []
  const coverages = []
  for (const set of sets) {
    for (const { text } of [...set.tests, ...(set.policy ? [set.policy] : [])]) secrets.addText(text)
    const root = filesOf(set, io.cwd)
    const result = await runPolicyTests({
      policy: set.policy === undefined ? [] : [set.policy],
      tests: set.tests,
      root,
      fixture: await fixturesOf(set, options, io.cwd, root),
      coverage: wantsCoverage,
      signal: io.signal,
      ...(select && { select }),
    })
    tests.push(...result.tests)
    if (result.coverage !== undefined) coverages.push(result.coverage)
  }
  if (tests.length === 0) {
    throw new CliError(
      'usage',
      options.run === undefined ? 'no tests found' : `no tests found that match ${options.run}`,
    )
  }
  const coverage = wantsCoverage ? joinCoverage(coverages) : undefined
  const isCovered =
    coverage === undefined ||
    Math.min(percentage(coverage.expressions), percentage(coverage.lines)) >= (coverageThreshold ?? 0)
  const report: PolicyTestReport = {
    tests,
    ...(coverage && { coverage }),
    ...(coverageThreshold !== undefined && { coverageThreshold }),
    passed: tests.every(({ passed }) => passed) && isCovered,
    durationMs: performance.now() - started,
  }
  write(report, options, { io, secrets })
  return TEST_EXIT_CODES[report.passed ? 'passed' : 'failed']
}

function write(
  report: PolicyTestReport,
  { format, full }: TestOptions,
  { io, secrets }: Pick<CommandContext, 'io' | 'secrets'>,
) {
  const { redact } = secrets
  if (format === 'json') io.stdout.write(`${printableJSON(redactStrings(testReportDocument(report), redact))}\n`)
  else if (format === 'junit') io.stdout.write(renderJUnit(report, { redact, full }))
  else io.stdout.write(renderTestText(report, { redact, full }))
}

/** As in docker buildx from the working directory, else as its documentation says from beside the policy, else the tests. */
function filesOf({ directory, policy }: TestSet, cwd: string): PolicyFiles {
  const beside = policy === undefined ? directory : path.resolve(cwd, path.dirname(policy.path))
  const places = [...new Set([cwd, beside, directory])].map(place => confinedFiles(place))
  return {
    async read(file, limits) {
      for (const place of places) {
        const bytes = await place.read(file, limits)
        if (bytes !== undefined) return bytes
      }
      return undefined
    },
  }
}

async function fixturesOf({ directory }: TestSet, { fixtures }: TestOptions, cwd: string, files: PolicyFiles) {
  if (fixtures !== undefined) return fixturesIn(path.resolve(cwd, fixtures), files)
  const beside = path.join(directory, 'fixtures')
  const isBeside = (await stat(path.join(beside, 'run.json')).catch(() => undefined)) !== undefined
  return fixturesIn(isBeside ? beside : path.join(cwd, 'fixtures'), files)
}

type Coverage = NonNullable<PolicyTestReport['coverage']>

/** Tests in several directories may be about one policy: what any of them reaches is reached. */
function joinCoverage(coverages: readonly Coverage[]): Coverage {
  const files = new Map<string, Coverage['files'][number]>()
  for (const file of coverages.flatMap(coverage => coverage.files)) {
    const before = files.get(file.file)
    files.set(file.file, before === undefined ? file : better(before, file))
  }
  const all = [...files.values()]
  const sum = (part: 'expressions' | 'lines') => ({
    covered: all.reduce((total, file) => total + file[part].covered, 0),
    total: all.reduce((total, file) => total + file[part].total, 0),
  })
  return { files: all, expressions: sum('expressions'), lines: sum('lines') }
}

function better(a: Coverage['files'][number], b: Coverage['files'][number]) {
  return b.expressions.covered > a.expressions.covered ? b : a
}
