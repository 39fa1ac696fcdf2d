import { expect, test } from 'vitest'
import { prepare } from '../index.ts'
import type { EvaluationEvent } from '../query.ts'

const policy = `package p

allow if {
	some name in input.names
	upper := lower(name)
	upper == "ada"
}

allow if input.admin`

function eventsOf(
  input: Record<string, never[] | string[] | boolean>,
  unknown: readonly string[][] = [],
): EvaluationEvent[] {
  const events: EvaluationEvent[] = []
  const query = prepare({ modules: { 'p.rego': policy }, query: 'data.p.allow = x' })
  query.evaluate({ input, unknown, events: event => events.push(event) })
  return events
}

const lines = (events: readonly EvaluationEvent[]) =>
  events
    .filter(event => event.rule !== '')
    .map(({ kind, location, text, variables }) => {
      const values = variables.map(({ name, value }) => `${name}=${value}`).join(' ')
      return `${kind} ${location.row} ${text.split('\n')[0]} ${values}`.trim()
    })

test('rules that are tried and expressions that fail are told with the names that the user gave', () => {
  expect(lines(eventsOf({ names: ['Bob'] }))).toEqual([
    'rule 3 allow if {',
    'expression 4 some name in input.names name="Bob"',
    'expression 5 upper := lower(name) name="Bob" upper="bob"',
    'fail 6 upper == "ada" name="Bob" upper="bob"',
    'rule 9 allow if input.admin',
    'fail 9 input.admin',
  ])
})

test('a collection without members fails, and what is not known blocks', () => {
  expect(lines(eventsOf({ names: [] }, [['admin']]))).toEqual([
    'rule 3 allow if {',
    'fail 4 some name in input.names',
    'rule 9 allow if input.admin',
    'blocked 9 input.admin',
  ])
})

test('events do not change the outcome', () => {
  const query = prepare({ modules: { 'p.rego': policy }, query: 'data.p.allow = x' })
  const input = { names: ['Ada'] }
  expect(query.evaluate({ input, events: () => {} })).toEqual(query.evaluate({ input }))
})

test('where an expression fails it is told what of the input it names', () => {
  const inputs = eventsOf({ admin: false })
    .filter(({ kind, rule }) => kind === 'fail' && rule !== '')
    .map(({ location, inputs }) => [location.row, ...inputs.map(({ name, value }) => `${name}=${value}`)])
  expect(inputs).toEqual([
    [4, 'input.names=undefined'],
    [9, 'input.admin=false'],
  ])
})

const told = (rules: string, input: Record<string, string>): string[] => {
  const events: EvaluationEvent[] = []
  const query = prepare({ modules: { 'p.rego': `package p\n${rules}` }, query: 'data.p.allow = x' })
  query.evaluate({ input, events: event => events.push(event) })
  return events.filter(({ rule }) => rule !== '').map(({ kind, location, text }) => `${kind} ${location.row} ${text}`)
}

test('a part of an expression that fails is told as the expression', () => {
  expect(told('allow if upper(input.name) == "ADA"', {})).toEqual([
    'rule 2 allow if upper(input.name) == "ADA"',
    'fail 2 upper(input.name) == "ADA"',
  ])
})

test('definitions that an index leaves out are told as well, and so is what gives a value', () => {
  const rules = ['a', 'b', 'c', 'd'].map(name => `allow if input.name == "${name}"`)
  expect(told(rules.join('\n'), { name: 'd' }).filter(line => !line.startsWith('rule'))).toEqual([
    'fail 2 input.name == "a"',
    'fail 3 input.name == "b"',
    'fail 4 input.name == "c"',
    'expression 5 input.name == "d"',
    'result 5 allow if input.name == "d"',
  ])
})

test('a body that is false by what it demands further on tells of that', () => {
  const rules = 'allow if {\n\tcount(input.tags) > 0\n\tinput.name == "a"\n}'
  expect(told(rules, { name: 'b' }).slice(1)).toEqual(['fail 4 input.name == "a"'])
})

test('an expression under `with` tells of the documents that it saw', () => {
  const scenes: unknown[] = []
  const policy =
    'package p\n\nok if lower(input.name) == "ada"\n\ntest if {\n\tok with input as {"name": "ADA"}\n\tnot ok with input as {"name": "Bob"} with lower as "x"\n}'
  const query = prepare({ modules: { 'p.rego': policy }, query: 'data.p.test = x' })
  const outcome = query.evaluate({
    events({ kind, scene }) {
      if (kind === 'with') scenes.push([scene?.input, scene?.document(['p', 'ok']), scene?.document(['no', 'such'])])
    },
  })
  expect(scenes).toEqual([
    [{ name: 'ADA' }, true, undefined],
    [{ name: 'Bob' }, undefined, undefined],
  ])
  expect(outcome.results).toHaveLength(1)
})

test('an expression that is blocked tells what it needs', () => {
  const blocked = eventsOf({ names: [] }, [['admin']]).filter(({ kind, rule }) => kind === 'blocked' && rule !== '')
  expect(blocked.map(({ lacking }) => lacking?.paths)).toEqual([[['admin']]])
})
