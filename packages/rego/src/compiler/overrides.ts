import type { Body, Expr, Import, RefTerm } from '../ast.ts'
import { formatTerm } from '../format.ts'
import { walkBodyTerms, walkRuleTerms } from '../walk.ts'
import { importName, isRootDocument } from './resolve.ts'
import { definitionsOf, isCallOf, report, type Work } from './work.ts'

/** Stage: nothing is called `input` or `data`. */
export function checkOverrides(work: Work): void {
  for (const rule of definitionsOf(work)) {
    if (!work.strict && !rule.module.module.v1) continue
    const { head } = rule.reference
    if (head.kind === 'var' && (head.name === 'input' || head.name === 'data') && rule.module.rules.includes(rule)) {
      const reason = `rules must not shadow ${head.name} (use a different rule name)`
      report(work, 'rego_compile_error', rule.span, reason)
    }
    for (const arg of rule.args ?? []) {
      if (!isRootDocument(arg)) continue
      const reason = `args must not shadow ${formatTerm(arg)} (use a different variable name)`
      report(work, 'rego_compile_error', arg.span, reason)
    }
  }
  for (const rule of definitionsOf(work, 'assign')) {
    if (!work.strict && !rule.module.module.v1) continue
    walkRuleTerms({ ...rule.origin, body: rule.body }, nothing, expr => checkAssignment(work, expr))
  }
}

export function checkQueryOverrides(work: Work, body: Body): void {
  walkBodyTerms(body, nothing, expr => checkAssignment(work, expr))
}

function nothing(): void {}

function checkAssignment(work: Work, expr: Expr): void {
  if (expr.kind !== 'call' || !isCallOf(expr, 'assign')) return
  const [target] = expr.args
  if (target === undefined || !isRootDocument(target)) return
  const reason = `variables must not shadow ${formatTerm(target)} (use a different variable name)`
  report(work, 'rego_compile_error', expr.span, reason)
}

/** Stage: no two imports of a module have one name. */
export function checkImports(work: Work): void {
  for (const { module } of work.modules) {
    if (!work.strict && !module.v1) continue
    const seen = new Map<string, Import>()
    for (const found of module.imports) {
      const name = importName(found)
      const before = seen.get(name)
      if (before === undefined) seen.set(name, found)
      else report(work, 'rego_compile_error', found.span, `import must not shadow ${formatImport(before)}`)
    }
  }
}

function formatImport({ path, alias }: { readonly path: RefTerm; readonly alias: string | undefined }): string {
  return `import ${formatTerm(path)}${alias === undefined ? '' : ` as ${alias}`}`
}
