import type { Match } from './regex.ts'

const VARIABLE = /\$(?:(\$)|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu
const INDEX = /^(?:0|[1-9]\d{0,7})$/

/** Puts groups in the places of `$1`, `${1}` and `${name}`, as Go's `Regexp.Expand`: `$1x` is a group named 1x. */
export function expandTemplate(
  template: string,
  text: string,
  match: Match,
  groupNames: ReadonlyMap<string, number>,
): string {
  if (!template.includes('$')) return template
  return template.replace(VARIABLE, (_, dollar: string | undefined, braced: string | undefined, plain: string) => {
    if (dollar !== undefined) return '$'
    const name = braced ?? plain
    const group = INDEX.test(name) ? Number(name) : groupNames.get(name)
    if (group === undefined || 2 * group >= match.length || match[2 * group]! < 0) return ''
    return text.slice(match[2 * group], match[2 * group + 1])
  })
}
