export { type Coverage, type FileCoverage, percentage, type Share } from './coverage.ts'
export { runPolicyTests } from './run-policy-tests.ts'
export type {
  PolicyTestResult,
  PolicyTestsOptions,
  PolicyTestsResult,
  TestedDecision,
  TestFailure,
  TestFixture,
} from './types.ts'
