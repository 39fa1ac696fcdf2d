import type { Body, Expr, Term } from '../ast.ts'
import { walkBodyTerms, walkTerms } from '../walk.ts'
import { addRulesNamedBy, signatureOf, type TreeNode } from './rule-tree.ts'
import { chainOf, type Definition, type Work } from './work.ts'

/** The names of the host functions that a definition can reach, its `else` branches included. */
export type Hosts = ReadonlySet<string>

const none: Hosts = new Set()

interface HostsRequest {
  readonly work: Work
  readonly tree: TreeNode
  /** All definitions, each after those that it names. */
  readonly sorted: readonly Definition[]
  readonly named: (rule: Definition) => Iterable<Definition>
}

/** What each definition reaches, itself and through what it names; nothing to look for in a program without host functions. */
export function startHosts({ work, tree, sorted, named }: HostsRequest): {
  readonly ofRule: (rule: Definition) => Hosts
  readonly ofQuery: (body: Body) => Hosts
} {
  const declared = [...work.builtins.values()].some(({ host }) => host)
  if (!declared) return { ofRule: () => none, ofQuery: () => none }
  const reached = new Map<Definition, Set<string>>()
  for (const rule of sorted) {
    const hosts = new Set<string>()
    for (const term of [rule.key, rule.value]) if (term !== undefined) walkTerms(term, nothing, notes(work, hosts))
    walkBodyTerms(rule.body, nothing, notes(work, hosts))
    for (const other of named(rule)) addAll(hosts, reached.get(other))
    reached.set(rule, hosts)
  }
  return {
    ofRule(rule) {
      const hosts = new Set<string>()
      for (const branch of chainOf(rule)) addAll(hosts, reached.get(branch))
      return hosts
    },
    ofQuery(body) {
      const hosts = new Set<string>()
      const rules = new Set<Definition>()
      const enter = (term: Term): void => {
        if (term.kind === 'ref') addRulesNamedBy(tree, term, rules)
      }
      walkBodyTerms(body, enter, notes(work, hosts))
      for (const rule of rules) addAll(hosts, reached.get(rule))
      return hosts
    },
  }
}

function nothing(): void {}

function addAll(hosts: Set<string>, more: Hosts | undefined): void {
  if (more !== undefined) for (const name of more) hosts.add(name)
}

/** Notes the host functions that an expression calls, or that its `with`s name. */
function notes(work: Work, hosts: Set<string>): (expr: Expr) => void {
  const note = (term: Term): void => {
    const signature = term.kind === 'ref' ? signatureOf(work, term) : undefined
    if (signature?.host) hosts.add(signature.name)
  }
  return expr => {
    if (expr.kind === 'call') note(expr.operator)
    for (const { target, value } of expr.with) {
      note(target)
      note(value)
    }
  }
}
