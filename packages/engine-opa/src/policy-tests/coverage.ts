import type { EvaluationEvent } from '@source-policy/rego'
import {
  branchesOf,
  type Expr,
  locationOf,
  parseModule,
  type Span,
  type Term,
  walkBodyTerms,
  walkTerms,
} from '@source-policy/rego/syntax'

/** What of a policy its tests reach. */
export interface Coverage {
  readonly files: readonly FileCoverage[]
  readonly expressions: Share
  readonly lines: Share
}

/** `covered` of `total`. */
export interface Share {
  readonly covered: number
  readonly total: number
}

export interface FileCoverage {
  readonly file: string
  /** Expressions that were tried, and rules that gave a value. */
  readonly expressions: Share
  /** Lines on which an expression or a rule begins; covered where all of them are. */
  readonly lines: Share
  /** Rows, from 1. */
  readonly uncoveredLines: readonly number[]
}

interface Point {
  readonly row: number
  readonly key: string
}

/** Counts what is told while tests run. */
export function createCoverage(modules: Readonly<Record<string, string>>): {
  note(event: EvaluationEvent): void
  result(): Coverage
} {
  const reached = new Set<string>()
  return {
    note({ kind, location }) {
      if (kind === 'expression' || kind === 'fail' || kind === 'blocked') reached.add(keyOf('expression', location))
      else if (kind === 'result') reached.add(keyOf('rule', location))
    },
    result() {
      const files = Object.entries(modules).map(([file, text]) => fileCoverage(file, pointsOf(file, text), reached))
      return {
        files,
        expressions: sum(files.map(({ expressions }) => expressions)),
        lines: sum(files.map(({ lines }) => lines)),
      }
    },
  }
}

type Place = Readonly<{ file: string; row: number; col: number }>

const keyOf = (kind: 'expression' | 'rule', { file, row, col }: Place): string => `${kind} ${file}:${row}:${col}`

/** All expressions of a module, those inside comprehensions and `every` among them, and its rules, defaults apart. */
function pointsOf(file: string, text: string): Point[] {
  const points = new Map<string, Point>()
  const add = (kind: 'expression' | 'rule', span: Span) => {
    const place = locationOf(span)
    const key = keyOf(kind, place)
    points.set(key, { row: place.row, key })
  }
  const addExpr = (expr: Expr) => {
    if (!expr.generated) add('expression', expr.span)
  }
  const nothing = (_term: Term) => undefined
  for (const rule of parseModule(file, text).rules) {
    if (rule.default) continue
    for (const branch of branchesOf(rule)) {
      add('rule', branch.span)
      walkBodyTerms(branch.body, nothing, addExpr)
      const { key, value } = branch.head
      for (const term of [key, value]) if (term !== undefined) walkTerms(term, nothing, addExpr)
    }
  }
  return [...points.values()]
}

function fileCoverage(file: string, points: readonly Point[], reached: ReadonlySet<string>): FileCoverage {
  const rows = new Set(points.map(({ row }) => row))
  const missed = points.filter(({ key }) => !reached.has(key))
  const uncoveredLines = [...new Set(missed.map(({ row }) => row))].sort((a, b) => a - b)
  return {
    file,
    expressions: { covered: points.length - missed.length, total: points.length },
    lines: { covered: rows.size - uncoveredLines.length, total: rows.size },
    uncoveredLines,
  }
}

function sum(shares: readonly Share[]): Share {
  return {
    covered: shares.reduce((total, { covered }) => total + covered, 0),
    total: shares.reduce((all, { total }) => all + total, 0),
  }
}

/** Hundredths; 100 where there is nothing to cover. */
export function percentage({ covered, total }: Share): number {
  return total === 0 ? 100 : (covered / total) * 100
}
