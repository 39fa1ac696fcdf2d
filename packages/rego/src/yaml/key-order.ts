const isLetter = (char: string): boolean => /\p{L}/u.test(char)
const isDigit = (char: string | undefined): boolean => char !== undefined && /\p{Nd}/u.test(char)

/** The order in which Go's yaml.v2 writes keys: numbers inside of them by value, letters after other characters. */
export function compareKeys(a: string, b: string): number {
  const x = [...a]
  const y = [...b]
  for (let i = 0; i < x.length && i < y.length; i++) {
    const [p, q] = [x[i]!, y[i]!]
    if (p === q) continue
    const order = p.codePointAt(0)! - q.codePointAt(0)!
    const [pIsLetter, qIsLetter] = [isLetter(p), isLetter(q)]
    if (pIsLetter && qIsLetter) return order
    if (pIsLetter || qIsLetter) return qIsLetter ? -1 : 1
    return compareRuns(x, y, i) || order
  }
  return x.length - y.length
}

/** Compares the numbers that begin, or go on, at the place where the keys differ. */
function compareRuns(x: readonly string[], y: readonly string[], at: number): number {
  let start = 0n
  if (x[at] === '0' || y[at] === '0') {
    for (let j = at - 1; j >= 0 && isDigit(x[j]); j--) {
      if (x[j] !== '0') {
        start = 1n
        break
      }
    }
  }
  const read = (chars: readonly string[]): readonly [bigint, number] => {
    let value = start
    let end = at
    for (; isDigit(chars[end]); end++) value = BigInt.asIntN(64, value * 10n + BigInt(chars[end]!.codePointAt(0)! - 48))
    return [value, end]
  }
  const [a, aEnd] = read(x)
  const [b, bEnd] = read(y)
  return a === b ? aEnd - bEnd : a < b ? -1 : 1
}
