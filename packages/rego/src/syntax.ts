export type {
  Annotations,
  Body,
  CallExpr,
  CallTerm,
  Comment,
  EveryExpr,
  Expr,
  Head,
  Module,
  ObjectTerm,
  RefTerm,
  Rule,
  SomeExpr,
  Term,
  TermExpr,
  With,
} from './ast.ts'
export { dottedName } from './format.ts'
export { type ReadAnnotations, readAnnotations } from './parser/annotations.ts'
export { parseModule } from './parser/module.ts'
export { firstLineOf, lineOf, locationOf, rowOf, type SourceText, type Span, textOf } from './source-text.ts'
export { branchesOf, walkBodyTerms, walkExprTerms, walkRuleTerms, walkTerms } from './walk.ts'
