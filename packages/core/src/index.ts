export { type RequestedCaps, requestCaps } from './caps.ts'
export {
  type Allow,
  type Broken,
  type Convert,
  type Decision,
  type Deny,
  EXIT_CODES,
  type Outcome,
  type Overruled,
  outcomeOf,
  overallOutcome,
  type Undecided,
  type Waiver,
} from './decision.ts'
export type {
  Engine,
  Evaluation,
  EvaluationRequest,
  HostCall,
  Lacking,
  Pin,
  Policy,
  PrintedLine,
  Verdict,
} from './engine.ts'
export { type CodedError, CoreError, type CoreErrorCode, toCodedError } from './error.ts'
export {
  createEvaluator,
  type Evaluated,
  type EvaluateOptions,
  type Evaluator,
  type EvaluatorOptions,
} from './evaluate.ts'
export type {
  ExplainedBody,
  ExplainedExpression,
  ExplainedRule,
  Explanation,
  RuleMetadata,
  ShownValue,
  Waiting,
} from './explanation.ts'
export {
  type AbsentFact,
  type Basis,
  type ChildSource,
  type Facts,
  type KnownFact,
  type UnavailableFact,
  weakestBasis,
} from './facts.ts'
export { fieldPrerequisites, fieldsToLoad, parseField } from './fields.ts'
export { loadJSON } from './gather.ts'
export type {
  AttestationInput,
  CommitInput,
  EnvInput,
  GitInput,
  HttpInput,
  ImageInput,
  Input,
  LocalInput,
  PolicyDecision,
  ProvenanceInput,
  SBOMInput,
  SignatureErrorInput,
  SignatureInput,
  SignerInput,
  TagInput,
} from './input.ts'
export { type Inspection, type InspectOptions, inspectSource } from './inspect.ts'
export { type DecodeJSONOptions, decodeJSON, foldCase } from './json.ts'
export { DEFAULT_LIMITS, type Limits, MAX_JSON_DEPTH, MAX_LOAD_JSON_BYTES } from './limits.ts'
export { localResolver } from './local.ts'
export { formatPath, isWithin, type Path, pathKey, valueAt, withValueAt } from './path.ts'
export { type CheckedDecision, readDecision } from './policy-decision.ts'
export { type Origin, type PolicyFile, type PolicyFiles, type PolicySet, readPolicyFile } from './policy-set.ts'
export type { Report, RoundReport } from './report.ts'
export type { Answer, Description, HostFunction, HostFunctionContext, ResolveContext, Resolver } from './resolver.ts'
export { createResolvers, type Resolvers } from './resolvers.ts'
export type { Round } from './round.ts'
export { createRun, type Exchange, type Run, type RunOptions, type Usage } from './run.ts'
export { formatPlatform, type Platform, type Source } from './source.ts'
export type { FactRecord } from './source-tree.ts'
export { redactIdentifier, redactURL } from './url.ts'
