import type { CompiledBody, EveryStatement, Statement, TestStatement, UnifyStatement } from '../compiler/compiled.ts'
import { type LinkedStatement, linkBody } from './body.ts'
import { linkCall } from './call.ts'
import { canHaveEffect } from './effect.ts'
import { watch } from './events.ts'
import { assume, block, blockedEnd, collect, commit, isBlocked, proceed } from './flow.ts'
import { type Lacks, Unknown } from './lacks.ts'
import { linkPattern } from './pattern.ts'
import { enumerates, linkEnumeration } from './reference.ts'
import type { Consumer, Next, Step } from './run.ts'
import { inside, newSlot, type Scope } from './scope.ts'
import { each } from './select.ts'
import { linkTerm } from './term.ts'
import { linkUnification } from './unify.ts'
import { linkWith } from './with.ts'

/** Links one expression of a body; what it binds counts as bound from here on. */
export function linkStatement(statement: Statement, scope: Scope, body: CompiledBody): LinkedStatement {
  const own = statement.negated ? inside(scope, false) : scope
  let linked = linkPlain(statement, own)
  if (statement.with.length > 0) linked = linkWith(statement.with, scope, linked)
  if (statement.negated) linked = { step: negate(linked, scope) }
  if (scope.effectful && canHaveEffect(statement, scope.linked)) linked = recordBlocks(linked)
  return scope.linked.events ? watch(statement, scope, linked, body) : linked
}

function linkPlain(statement: Statement, scope: Scope): LinkedStatement {
  switch (statement.kind) {
    case 'test':
      return linkTest(statement, scope)
    case 'unify':
      return linkUnify(statement, scope)
    case 'call':
      return linkCall(statement, scope)
    case 'every':
      return { step: linkEvery(statement, scope) }
  }
}

/** A value holds unless it is false or undefined. */
export const holds: Consumer = (run, _frame, value) => {
  if (value === false) return false
  if (typeof value !== 'object' || !(value instanceof Unknown)) return true
  return value.values?.every(own => own === false) !== true && block(run, value.lacks)
}

function linkTest({ term }: TestStatement, scope: Scope): LinkedStatement {
  if (term.kind === 'ref' && enumerates(term, scope)) {
    const enumerate = linkEnumeration(term, scope)
    return { branch: next => enumerate(accept(holds, next)) }
  }
  const get = linkTerm(term, scope)
  return {
    step: (run, frame) => {
      const value = get(run, frame)
      return value !== undefined && value !== false && holds(run, frame, value)
    },
  }
}

/** Goes on with the body for each value that the test lets pass. */
export function accept(test: Consumer, next: Next): Consumer {
  return (run, frame, value) => {
    const mark = run.pending
    if (test(run, frame, value)) return run.pending === mark ? next(run, frame) : proceed(run, frame, mark, next)
    run.pending = mark
    return false
  }
}

function linkUnify({ left, right }: UnifyStatement, scope: Scope): LinkedStatement {
  const leftEnumerates = left.kind === 'ref' && enumerates(left, scope)
  const rightEnumerates = right.kind === 'ref' && enumerates(right, scope)
  if (!leftEnumerates && !rightEnumerates) return { step: linkUnification(left, right, scope) }
  if (leftEnumerates && rightEnumerates) {
    const slot = newSlot(scope)
    const first = linkEnumeration(left, scope)
    const span = left.span
    scope.bound.add(slot)
    const second = linkUnify({ left: { kind: 'local', span, slot }, right } as UnifyStatement, scope)
    const bind: Consumer = (run, frame, value) => {
      frame[slot] = value
      return !(value instanceof Unknown) || block(run, value.lacks)
    }
    return {
      branch: next => first(accept(bind, second.step === undefined ? second.branch(next) : once(second.step, next))),
    }
  }
  const reference = leftEnumerates ? left : right
  const enumerate = linkEnumeration(reference as typeof left & { kind: 'ref' }, scope)
  const match = linkPattern(leftEnumerates ? right : left, scope)
  return { branch: next => enumerate(accept(match, next)) }
}

/** A step, then the rest. */
export const once =
  (step: Step, next: Next): Next =>
  (run, frame) => {
    const mark = run.pending
    if (step(run, frame)) return run.pending === mark ? next(run, frame) : proceed(run, frame, mark, next)
    run.pending = mark
    return false
  }

export const toNext = (linked: LinkedStatement, next: Next): Next =>
  linked.step === undefined ? linked.branch(next) : once(linked.step, next)

/** Holds where the expression has no solution; one that may have a solution blocks. */
function negate(linked: LinkedStatement, scope: Scope): Step {
  const found = newSlot(scope)
  const body = toNext(linked, (run, frame) => {
    if (isBlocked(run)) return blockedEnd(run)
    frame[found] = true
    return true
  })
  return (run, frame) => {
    frame[found] = false
    const lacks = collect(run, frame, body)
    if (frame[found] === true) return false
    return lacks === undefined || block(run, lacks)
  }
}

/**
 * True if the body has a solution for each member of the domain. A member that is not known may not be there, so it can
 * only block; one known member without a solution decides.
 */
function linkEvery(statement: EveryStatement, scope: Scope): Step {
  const domain = linkTerm(statement.domain, scope)
  const own = inside(scope, false)
  const found = newSlot(own)
  const key = statement.key === undefined ? undefined : linkPattern(statement.key, own)
  const value = linkPattern(statement.value, own)
  const body = linkBody(statement.body, own, () => (run, frame) => {
    if (isBlocked(run)) return blockedEnd(run)
    frame[found] = true
    return true
  })
  return (run, frame) => {
    const members = assume(run, domain(run, frame))
    if (members === undefined) return false
    if (members instanceof Unknown) return block(run, members.lacks)
    if (typeof members !== 'object' || members === null) return false
    const lacking: Lacks[] = []
    const fails = each(run, members, own.ordered, (name, member) => {
      if (name instanceof Unknown) {
        lacking.push(name.lacks)
        return false
      }
      if (member instanceof Unknown) lacking.push(member.lacks)
      frame[found] = false
      const lacks = collect(run, frame, (r, f) => {
        const mark = r.pending
        if ((key === undefined || key(r, f, name)) && value(r, f, member as never)) return proceed(r, f, mark, body)
        r.pending = mark
        return false
      })
      if (frame[found] === true) return false
      if (lacks === undefined) return !(member instanceof Unknown)
      lacking.push(lacks)
      return false
    })
    if (fails) return false
    for (const lacks of lacking) block(run, lacks)
    return true
  }
}

/**
 * Where an expression can reach an effect, what blocks before it or in it is put on record: if that turns out false, the
 * effect must not happen, so nothing that comes later can make up for not knowing.
 */
function recordBlocks(linked: LinkedStatement): LinkedStatement {
  const settle: Step = run => {
    if (isBlocked(run)) commit(run)
    return true
  }
  if (linked.step === undefined) return { branch: next => once(settle, linked.branch(once(settle, next))) }
  const { step } = linked
  return { step: (run, frame) => settle(run, frame) && step(run, frame) && settle(run, frame) }
}
