import { isObject } from './json.ts'

/** How a generated message is read and written. */
export interface Message<T> {
  fromJSON(value: unknown): T
  toJSON(message: T): unknown
}

/**
 * A message of decoded protobuf JSON, where the JSON says just that. The generated readers take anything: they turn values of
 * other types into text, skip characters that are no base64 and members that they do not know. So what was read is written
 * again, and has to be what was there.
 */
export function decodeMessage<T>(value: unknown, message: Message<T>, fail: (problem: string) => never): T {
  const decoded = message.fromJSON(value)
  compare(value, message.toJSON(decoded), '', fail)
  return decoded
}

function compare(given: unknown, understood: unknown, where: string, fail: (problem: string) => never): void {
  if (isDefault(given) && isDefault(understood)) return
  if (isObject(given) && isObject(understood)) {
    for (const key of new Set([...Object.keys(given), ...Object.keys(understood)])) {
      compare(given[key], understood[key], where === '' ? key : `${where}.${key}`, fail)
    }
  } else if (Array.isArray(given) && Array.isArray(understood) && given.length === understood.length) {
    for (const [n, item] of given.entries()) compare(item, understood[n], `${where}[${n}]`, fail)
  } else if (!isSameScalar(given, understood)) {
    fail(understood === undefined ? `unknown or malformed ${where}` : `malformed ${where}`)
  }
}

/** What protobuf JSON may leave out. */
function isDefault(value: unknown): boolean {
  if (value === undefined || value === null) return true
  if (value === '' || value === 0 || value === '0' || value === false) return true
  return Array.isArray(value) && value.length === 0
}

function isSameScalar(given: unknown, understood: unknown): boolean {
  if (given === understood) return true
  if (typeof understood !== 'string') return false
  // 64-bit integers may be numbers, times may have other digits, base64 may have the other alphabet, no padding, line breaks
  if (typeof given === 'number') return Number.isSafeInteger(given) && String(given) === understood
  if (typeof given !== 'string') return false
  if (isTime(given) && isTime(understood)) return Date.parse(given) === Date.parse(understood)
  return plainBase64(given) === plainBase64(understood)
}

function plainBase64(text: string): string {
  return text
    .replace(/[\r\n]/g, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/')
    .replace(/={1,2}$/, '')
}

function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/.test(text)
}
