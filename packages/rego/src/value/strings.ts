const SURROGATE = /[\ud800-\udfff]/

/**
 * Orders strings by code point, which is the order of their UTF-8 bytes. UTF-16 units order differently only where one
 * side has a surrogate (an astral character) and the other a unit above the surrogates.
 */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x === y) continue
    if (x < 0xd800 || y < 0xd800) return x < y ? -1 : 1
    const xIsSurrogate = x <= 0xdfff
    return xIsSurrogate === y <= 0xdfff ? (x < y ? -1 : 1) : xIsSurrogate ? 1 : -1
  }
  return a.length < b.length ? -1 : 1
}

/** Sorts the strings in place by code point and returns them. Input that is in order already costs one pass. */
export function sortStrings(strings: string[]): string[] {
  let sorted = true
  for (let i = 1; i < strings.length; i++) {
    if (compareStrings(strings[i - 1]!, strings[i]!) > 0) {
      sorted = false
      break
    }
  }
  if (sorted) return strings
  return strings.some(s => SURROGATE.test(s)) ? strings.sort(compareStrings) : strings.sort()
}

/** The number of code points of the string. */
export function codePointLength(text: string): number {
  if (!SURROGATE.test(text)) return text.length
  let count = 0
  for (const _ of text) count++
  return count
}

/** The UTF-16 index that lies so many code points behind another, or the end. */
export function unitIndex(text: string, points: number, start: number): number {
  let at = start
  for (let left = points; left > 0 && at < text.length; left--) at += text.codePointAt(at)! > 0xffff ? 2 : 1
  return at
}

/** Whether each UTF-16 unit of the string is a code point of its own. */
export const isFlat = (text: string): boolean => !SURROGATE.test(text)

/** The string with U+FFFD for each surrogate that has no partner, as Go reads it. */
export const wellFormed = (text: string): string =>
  SURROGATE.test(text) ? text.replace(/\p{Surrogate}/gu, '\ufffd') : text
