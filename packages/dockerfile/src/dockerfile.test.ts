import { describe, expect, it } from 'vitest'
import { detectSyntax, parseDockerfile } from './index.ts'

const parse = (text: string) => parseDockerfile(text, { file: 'app.Dockerfile' })

function refusal(text: string): string {
  try {
    parse(text)
  } catch (error) {
    const { code, location } = error as { code: string; location?: { file: string; line: number; column: number } }
    return `${code} ${location?.file}:${location?.line}:${location?.column}`
  }
  return 'accepted'
}

describe('the place of a word', () => {
  it('is where it stands in the file, across continuations, comments and indentation', () => {
    const { stages } = parse(
      '  FROM \\\n# comment\n   alpine:3 \\\r\n\n AS x\n\tCOPY --chown=1 \\\n  --from=y \\\n a /',
    )
    const [stage] = stages
    expect(stage?.from.base).toEqual({ text: 'alpine:3', place: { file: 'app.Dockerfile', line: 3, column: 4 } })
    const [copy] = stage?.commands ?? []
    expect(copy?.kind === 'copy' && copy.from?.place).toEqual({ file: 'app.Dockerfile', line: 7, column: 3 })
    expect(copy?.kind === 'copy' && copy.sources[0]?.place).toEqual({ file: 'app.Dockerfile', line: 8, column: 2 })
  })

  it('counts characters, not bytes', () => {
    const [stage] = parse('FROM a\nADD --chown=\u00e9 \u4e2d https://e.com/ /').stages
    const [add] = stage?.commands ?? []
    expect(add?.kind === 'add' && add.sources.map(({ place }) => place.column)).toEqual([15, 17])
  })
})

describe('a file that is no Dockerfile', () => {
  it.each([
    ['', 'syntax_error app.Dockerfile:1:1'],
    ['# only a comment', 'syntax_error app.Dockerfile:1:1'],
    ['ARG A', 'syntax_error app.Dockerfile:1:1'],
    ['FROM a\n  NOPE x', 'syntax_error app.Dockerfile:2:3'],
    ['RUN x\nFROM a', 'syntax_error app.Dockerfile:1:1'],
    ['FROM a b', 'syntax_error app.Dockerfile:1:1'],
    ['FROM a AS 1x', 'syntax_error app.Dockerfile:1:11'],
    ['FROM a\nRUN <<EOF\nx', 'syntax_error app.Dockerfile:2:1'],
    ['FROM a\nCOPY --what x y', 'syntax_error app.Dockerfile:2:6'],
    ['FROM a\nRUN --mount=from=$X,target=/x y', 'syntax_error app.Dockerfile:2:5'],
    ['FROM a\nADD ["x", 1]', 'syntax_error app.Dockerfile:2:1'],
    ['# escape=x\nFROM a', 'syntax_error app.Dockerfile:1:1'],
    ['# escape=`\n# escape=`\nFROM a', 'syntax_error app.Dockerfile:2:1'],
  ])('%j is refused at its place: %s', (text, expected) => {
    expect(refusal(text)).toBe(expected)
  })
})

describe('the syntax that a file asks for', () => {
  it.each([
    ['# syntax=a/b:1 x\nFROM a', 'a/b:1'],
    ['#!/bin/x\n#SYNTAX = a/b', 'a/b'],
    ['\ufeff// escape=`\n// syntax=a/b', 'a/b'],
    ['{"x": 1, "syntax": "a/b"}', 'a/b'],
    ['# comment\n# syntax=a/b', undefined],
    ['\n# syntax=a/b', undefined],
    ['{"syntax": 1}', undefined],
    ['[{"syntax": "a/b"}]', undefined],
    ['{"syntax": "a/b"', undefined],
  ])('of %j is %s', (text, expected) => {
    expect(detectSyntax(text)?.ref).toBe(expected)
  })
})
