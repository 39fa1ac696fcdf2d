import { describe, expect, it } from 'vitest'
import { readDecision } from './policy-decision.ts'

describe('readDecision', () => {
  it.each([
    [{ allow: true }, { allow: true, messages: [], caps: {} }],
    [{}, { allow: false, messages: [], caps: {} }],
    [
      { allow: false, deny_msg: ['a', 1, 'b', null] },
      { allow: false, messages: ['a', 'b'], caps: {} },
    ],
    [{ deny_msg: 'a plain string is passed over' }, { allow: false, messages: [], caps: {} }],
    [{ warn_msg: ['w', 1] }, { allow: false, messages: [], warnMessages: ['w'], caps: {} }],
    [{ deny_msg: { a: 'b' } }, { allow: false, messages: [], caps: {} }],
    [
      { allow: true, caps: { 'exec.proxy': true } },
      { allow: true, messages: [], caps: { 'exec.proxy': true } },
    ],
  ])('reads %j', (document, decision) => {
    expect(readDecision(document)).toEqual({ warnMessages: [], ...decision })
  })

  it.each([
    [undefined, 'policy returned zero result'],
    [true, 'unexpected policy return type: boolean'],
    [[], 'unexpected policy return type: array'],
    [null, 'unexpected policy return type: null'],
    [{ allow: 'true' }, 'invalid allowed property type string, expecting bool'],
    [{ allow: null }, 'invalid allowed property type null, expecting bool'],
    [{ allow: 1 }, 'invalid allowed property type number, expecting bool'],
    [{ allow: true, caps: [] }, 'invalid caps property type array, expecting object'],
    [{ allow: true, caps: { 'exec.proxy': 'yes' } }, 'invalid caps.exec.proxy property type string, expecting bool'],
    [{ allow: true, caps: { 'exec.unknown': true } }, 'unknown policy cap "exec.unknown"'],
  ])('refuses %j', (document, message) => {
    expect(() => readDecision(document)).toThrow(expect.objectContaining({ code: 'invalid_decision', message }))
  })
})
