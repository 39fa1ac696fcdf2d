import { makeSet, SetValue } from '../value/set.ts'
import { isSet, type Value } from '../value/value.ts'
import { boundItems, wrongType } from './operands.ts'
import { type BuiltinContext, defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

const set = t.set(t.any)
type Two = readonly [SetValue, SetValue]

/** The members of both sets: the smaller is looked up in the larger. */
export function intersect(a: SetValue, b: SetValue): SetValue {
  const [small, large] = a.size <= b.size ? [a, b] : [b, a]
  return makeSet(small.items().filter(item => large.has(item)))
}

export const subtractSet = (a: SetValue, b: SetValue): SetValue => makeSet(a.items().filter(item => !b.has(item)))

/** The members of any of the sets. */
export function unite(sets: readonly SetValue[], name: string, context: BuiltinContext): SetValue {
  const united = new SetValue()
  for (const one of sets) {
    boundItems(one.size, name, context)
    for (const item of one.items()) united.add(item)
  }
  return united
}

/** The sets of a set; a member of another type is the operand's fault. */
function setsOf(value: SetValue): readonly SetValue[] {
  const members: readonly Value[] = value.values()
  for (const member of members) if (!isSet(member)) throw wrongType(1, member, 'set')
  return members as readonly SetValue[]
}

function intersection(value: SetValue): SetValue {
  const [first, ...rest] = setsOf(value)
  return first === undefined ? new SetValue() : rest.reduce(intersect, first)
}

export const sets = [
  defineBuiltin({ name: 'and', args: [set, set], result: set, implementation: ([a, b]: Two) => intersect(a, b) }),
  defineBuiltin({
    name: 'or',
    args: [set, set],
    result: set,
    implementation: ([a, b]: Two, context) => unite([a, b], 'the union of sets', context),
  }),
  defineBuiltin({
    name: 'set_diff',
    args: [set, set],
    result: set,
    deprecated: true,
    implementation: ([a, b]: Two) => subtractSet(a, b),
  }),
  defineBuiltin({
    name: 'intersection',
    args: [t.set(set)],
    result: set,
    implementation: ([value]: readonly [SetValue]) => intersection(value),
  }),
  defineBuiltin({
    name: 'union',
    args: [t.set(set)],
    result: set,
    implementation: ([value]: readonly [SetValue], context) => unite(setsOf(value), 'union', context),
  }),
]
