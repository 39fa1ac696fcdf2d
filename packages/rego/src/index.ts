export type { Module } from './ast.ts'
export { RegoError, type RegoErrorCode, renderError } from './error.ts'
export { lacking } from './evaluator/lacking.ts'
export { parseModule, parseQuery } from './parser/module.ts'
export { prepare } from './prepare.ts'
export type {
  Answer,
  Blocked,
  BuiltinDeclaration,
  Effect,
  EvaluateOptions,
  EvaluationEvent,
  EvaluationLimits,
  HostCall,
  ImplementationContext,
  Lacking,
  Outcome,
  Path,
  PrepareOptions,
  Query,
  Result,
  Results,
  Scene,
  ShownVariable,
  TypeName,
} from './query.ts'
export type { Location } from './source-text.ts'
export { isHole as isUnknown } from './value/hole.ts'
export { parseJSON, toJSON } from './value/json.ts'
export { BigNumber } from './value/number.ts'
export { ObjectValue, objectGet } from './value/object.ts'
export { SetValue } from './value/set.ts'
export { type RegoObject, typeName, type Value } from './value/value.ts'
