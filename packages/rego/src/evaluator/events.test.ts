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
