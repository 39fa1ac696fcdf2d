import { describe, expect, it } from 'vitest'
import { dockerfileSources, parseDockerfile } from './index.ts'

const buildPlatform = { os: 'linux', architecture: 'amd64' }

function outcome(text: string): string {
  try {
    const dockerfile = parseDockerfile(text, { file: 'Dockerfile' })
    return `${dockerfileSources(dockerfile, { buildPlatform, baseConfig: () => ({}) }).sources.length} sources`
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}

const times = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n')

describe('a hostile Dockerfile', () => {
  it.each([
    [
      'arguments that double each other',
      `${times(60, index => `ARG A${index + 1}=$A${index}$A${index}`)}\nARG A0=x\nFROM a`,
      '3 sources',
    ],
    [
      'arguments that double a value',
      `ARG A0=xxxxxxxxxx\n${times(60, index => `ARG A${index + 1}=$A${index}$A${index}`)}\nFROM a`,
      'limit_exceeded',
    ],
    [
      'a value used over and over',
      `ARG A=${'x'.repeat(60_000)}\n${times(2_000, index => `ARG B${index}=$A$A`)}\nFROM a`,
      'limit_exceeded',
    ],
    [
      'values used and thrown away',
      `ARG A=${'x'.repeat(60_000)}\n${times(20_000, index => `ARG B${index}=\${N:+$A$A$A}`)}\nFROM a`,
      'limit_exceeded',
    ],
    [
      'patterns without number',
      `ARG A=${'a'.repeat(5_000)}\n${times(20_000, index => `ARG B${index}=\${A##*b}`)}\nFROM a`,
      'limit_exceeded',
    ],
    ['substitutions nested deep', `ARG A=${'${A:-'.repeat(12_000)}\nFROM a`, 'limit_exceeded'],
    [
      'a pattern that could backtrack',
      `ARG A=${'a'.repeat(20_000)}\nARG B=\${A##${'*a'.repeat(15_000)}b}\nFROM a`,
      'limit_exceeded',
    ],
    ['a pattern on a long value', `ARG A=${'a'.repeat(20_000)}\nARG B=\${A//a*b/x}\nFROM a`, 'limit_exceeded'],
    ['a line too long', `FROM a\nRUN ${'x'.repeat(70_000)}`, 'limit_exceeded'],
    ['a file too long', `FROM a\n${times(5_000, () => `RUN ${'x'.repeat(1_000)}`)}`, 'limit_exceeded'],
    ['triggers of triggers', `FROM a\n${'ONBUILD '.repeat(8_000)}RUN x`, 'syntax_error'],
    [
      'a chain of stages',
      `FROM a AS s0\n${times(4_000, index => `FROM b AS s${index + 1}\nCOPY --from=s${index} / /`)}`,
      '4 sources',
    ],
    [
      'a tower of stages',
      `FROM a AS s0\n${times(4_000, index => `FROM s${index} AS s${index + 1}\nENV V${index}=1`)}`,
      'limit_exceeded',
    ],
    [
      'a circle of stages',
      times(4_000, index => `FROM b AS s${index}\nCOPY --from=s${(index + 1) % 4_000} / /`),
      'invalid_reference',
    ],
    ['stages without number', times(20_000, () => 'FROM a'), 'limit_exceeded'],
    ['images without number', `FROM a\n${times(20_000, index => `COPY --from=i${index} / /`)}`, 'limit_exceeded'],
    ['a line in thousands of pieces', `FROM a\nADD \\\n${times(20_000, () => 'x \\')}\n/`, '3 sources'],
    ['a JSON array nested deep', `FROM a\nRUN ${'['.repeat(60_000)}`, '3 sources'],
    [
      'flags without number',
      `FROM a\n${times(3, () => `RUN ${'--mount=target=/m '.repeat(3_000)} \u00e9`)}`,
      '3 sources',
    ],
    [
      'a heredoc behind a line too deep',
      `FROM a\nRUN ${'${A:-'.repeat(200)}${'}'.repeat(200)} <<EOF\nFROM b\nEOF`,
      'limit_exceeded',
    ],
    [
      'values used and thrown away',
      `ARG A=${'x'.repeat(60_000)}\n${times(20_000, index => `ARG B${index}=\${N:+$A$A$A}`)}\nFROM a`,
      'limit_exceeded',
    ],
    [
      'patterns without number',
      `ARG A=${'a'.repeat(5_000)}\n${times(20_000, index => `ARG B${index}=\${A##*b}`)}\nFROM a`,
      'limit_exceeded',
    ],
    ['names of objects', 'ARG __proto__=x constructor=y\nFROM a:${__proto__}${constructor}${toString}', '3 sources'],
    ['flags named as objects', 'FROM a\nRUN --__proto__=x --constructor=y z', 'syntax_error'],
  ])('with %s ends soon', { timeout: 10_000 }, (_name, text, expected) => {
    expect(outcome(text)).toBe(expected)
  })

  it.each([
    ['once', ['COPY --from=a / /']],
    ['twice', ['COPY --from=a / /', 'RUN --mount=from=a,target=/x y']],
  ])('is refused where an image copies from itself in a trigger, %s', (_name, onbuild) => {
    const dockerfile = parseDockerfile('FROM a', { file: 'Dockerfile' })
    const run = () => dockerfileSources(dockerfile, { buildPlatform, baseConfig: () => ({ onbuild }) })
    expect(run).toThrow(expect.objectContaining({ code: 'limit_exceeded' }))
  })

  it('never throws anything but coded errors, wherever it is cut', () => {
    const text =
      '# escape=`\nARG A="b" C\nFROM a:${A:-x} AS s\nADD --checksum=$C ["https://e.com/${A%%*}", "/"]\nRUN --mount=type=bind,from=s `\n <<-EOF x\n\ty\n\tEOF\nONBUILD COPY --from=0 / /'
    const codes = Array.from({ length: text.length }, (_, end) => outcome(text.slice(0, end)))
    expect(codes.filter(code => !/^\d+ sources$|^[a-z_]+$/.test(code))).toEqual([])
  })
})
