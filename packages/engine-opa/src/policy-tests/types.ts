import type {
  Answer,
  CodedError,
  ExplainedBody,
  HostCall,
  Path,
  PolicyFile,
  PolicyFiles,
  PrintedLine,
} from '@source-policy/core'
import type { OpaEngineOptions } from '../opa-engine.ts'
import type { Coverage } from './coverage.ts'

export interface PolicyTestsOptions extends OpaEngineOptions {
  /** The files of the policy, evaluated together. */
  readonly policy: readonly PolicyFile[]
  /** Files of tests: rules that begin with `test_`, in any package. */
  readonly tests: readonly PolicyFile[]
  /** What imports and `load_json` are relative to. */
  readonly root: PolicyFiles
  /** Which tests to run, by name. Default: all. */
  readonly select?: (name: string) => boolean
  /** The recorded source that a test names by `custom.fixture` in its metadata. Rejects where there is none. */
  readonly fixture?: (name: string) => Promise<TestFixture>
  /** Whether to tell what of the policy the tests reach. Default: no. */
  readonly coverage?: boolean
  /** Nanoseconds since the epoch: the time that policies see. Default: now. */
  readonly time?: bigint
  /** Default: `DEFAULT_LIMITS` of core, for each evaluation. */
  readonly limits?: { readonly maxSteps: number; readonly timeoutMs: number }
  readonly signal?: AbortSignal
}

/** A source as it was recorded: the input of a test, with holes for what was not recorded. */
export interface TestFixture {
  readonly input: unknown
  readonly unknown: readonly Path[]
  /** What a host function answered. */
  answer(call: HostCall): Promise<Answer>
  readonly time: bigint
  readonly seed: number
}

export interface PolicyTestsResult {
  /** By name, as docker buildx has them. */
  readonly tests: readonly PolicyTestResult[]
  readonly coverage?: Coverage
}

export interface PolicyTestResult {
  readonly name: string
  /** `docker`. */
  readonly package: string
  /** `Dockerfile_test.rego:3:1`. */
  readonly place: string
  readonly passed: boolean
  /** The decisions of the policy under each input that the test gave it, in this order, equal ones once. */
  readonly decisions: readonly TestedDecision[]
  readonly failure?: TestFailure
  /** What its author should know: a function that was called and not mocked. */
  readonly notes: readonly string[]
  readonly prints: readonly PrintedLine[]
  readonly durationMs: number
}

/** As the policy's decision document says; `allow` undefined where it says neither. */
export interface TestedDecision {
  readonly allow: boolean | undefined
  readonly messages: readonly string[]
}

export interface TestFailure {
  /** The bodies of the test, with the expression that failed. */
  readonly bodies: readonly ExplainedBody[]
  /** The input that the failing expression saw; undefined where it saw none. */
  readonly input: unknown
  /** The decision document under that input. */
  readonly decision: unknown
  /** Fields of the input that expressions asked for and that are not there: `input.image.repo`. */
  readonly missingInput: readonly string[]
  /** What was not recorded: the test is undecided. */
  readonly needs: readonly string[]
  /** What ended the evaluation. */
  readonly error?: CodedError
}
