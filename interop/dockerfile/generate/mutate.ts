import type { Random } from './random.ts'

/** Lines of one file among those of another. */
export function crossed(r: Random, one: string, other: string): string {
  if (one.length > 10_000 || other.length > 10_000 || r.chance(0.3)) return one
  const lines = one.split('\n')
  const others = other.split('\n')
  const start = r.int(others.length)
  lines.splice(r.int(lines.length + 1), r.chance(0.3) ? 1 : 0, ...others.slice(start, start + 1 + r.int(4)))
  return lines.join('\n')
}

const noise = [
  '$',
  '{',
  '}',
  '"',
  "'",
  '\\',
  '`',
  ' ',
  '\t',
  '\n',
  '#',
  '<<',
  '-',
  '=',
  ':',
  '/',
  '@',
  ',',
  '[',
  ']',
  '\r',
  '\u00a0',
  '\u0085',
  '\u00e9',
  '\0',
  '%',
  '?',
  '*',
]

export function mutate(r: Random, text: string, probability: number): string {
  if (!r.chance(probability)) return text
  let result = text
  for (let count = 1 + r.int(3); count > 0 && result.length > 0; count--) {
    const at = r.int(result.length)
    switch (r.int(5)) {
      case 0:
        result = result.slice(0, at) + result.slice(at + 1)
        break
      case 1:
        result = result.slice(0, at) + r.pick(noise) + result.slice(at)
        break
      case 2:
        result = result.slice(0, at) + r.pick(noise) + result.slice(at + 1)
        break
      case 3: {
        const lines = result.split('\n')
        const [moved = ''] = lines.splice(r.int(lines.length), 1)
        lines.splice(r.int(lines.length + 1), 0, moved)
        result = lines.join('\n')
        break
      }
      default:
        result = r.chance(0.3) ? result.slice(0, at) : result + result.slice(at)
    }
  }
  return result.replace(/\p{Surrogate}/gu, '\ufffd')
}
