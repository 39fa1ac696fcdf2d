import type { CallStatement, CompiledTerm } from '../compiler/compiled.ts'
import { RegoError } from '../error.ts'
import { locationOf } from '../source-text.ts'
import { SetValue } from '../value/set.ts'
import { termText } from '../value/text.ts'
import type { Value } from '../value/value.ts'
import { isBlocked } from './flow.ts'
import { joinLacks, type Lacks, Unknown } from './lacks.ts'
import type { Frame, Getter, Run, Step } from './run.ts'
import type { Scope } from './scope.ts'
import { constantOf, linkTerm } from './term.ts'

/** The outputs of an operand: none where it is undefined; undefined where they are not known. */
type Operand = (run: Run, frame: Frame) => readonly string[] | Unknown

/** `print`: a line for each combination of its operands' outputs; never fails. What comes after a blocked expression is not printed. */
export function linkPrint(statement: CallStatement, scope: Scope): Step {
  const operands = linkOperands(statement.args[0], scope)
  const location = locationOf(statement.span)
  return (run, frame) => {
    const { print } = run.options
    if (print === undefined || isBlocked(run)) return true
    let lines: string[][] = [[]]
    for (const operand of operands) {
      const outputs = operand(run, frame)
      const texts = outputs instanceof Unknown ? ['<unknown>'] : outputs.length === 0 ? ['<undefined>'] : outputs
      run.charge(lines.length * texts.length)
      run.spend(lines.length * texts.length * 16 * operands.length)
      lines = lines.flatMap(line => texts.map(text => [...line, text]))
    }
    for (const line of lines) {
      run.makeString(line.reduce((length, text) => length + text.length, line.length))
      print(line.join(' '), location)
    }
    return true
  }
}

/** `$"a {b}"`: each operand gives one text. */
export function linkTemplate(statement: CallStatement, scope: Scope): Getter {
  const operands = linkOperands(statement.args[0], scope)
  return (run, frame) => {
    let text = ''
    const lacks: Lacks[] = []
    for (const operand of operands) {
      const outputs = operand(run, frame)
      if (outputs instanceof Unknown) lacks.push(outputs.lacks)
      else if (outputs.length > 1) {
        const location = locationOf(statement.span)
        const message = 'template-strings must not produce multiple outputs'
        throw new RegoError({ code: 'eval_conflict_error', message, location })
      } else text += outputs[0] ?? '<undefined>'
      run.makeString(text.length)
    }
    run.spend(text.length)
    return lacks.length === 0 ? text : new Unknown(joinLacks(lacks), true)
  }
}

function linkOperands(term: CompiledTerm | undefined, scope: Scope): Operand[] {
  if (term?.kind !== 'array') return term === undefined ? [] : [linkOperand(term, scope)]
  return term.items.map(item => linkOperand(item, scope))
}

function linkOperand(term: CompiledTerm, scope: Scope): Operand {
  const get = linkTerm(term, scope)
  // A local holds the set of the operand's outputs; what is written out stands for itself.
  const isOutputs = constantOf(term) === undefined
  return (run, frame) => {
    const value = get(run, frame)
    if (value === undefined) return []
    if (value instanceof Unknown) return value
    return isOutputs && value instanceof SetValue ? value.values().map(one => shown(run, one)) : [shown(run, value)]
  }
}

function shown(run: Run, value: Value): string {
  if (typeof value === 'string') return value
  const text = termText(value)
  run.spend(text.length)
  run.charge(text.length >> 4)
  return text
}
