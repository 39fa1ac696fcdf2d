import { boundLength } from '../builtins/operands.ts'
import type { BuiltinContext } from '../builtins/signature.ts'
import { type Operand, sprintf } from '../format/printf.ts'
import { jsonEntries } from '../value/json.ts'
import { BigNumber, numberText } from '../value/number.ts'
import { objectGet } from '../value/object.ts'
import { compareStrings, isFlat } from '../value/strings.ts'
import { isArray, isObject, type Value } from '../value/value.ts'
import { Double, type Item, isTrue, printItem } from './item.ts'
import { fault } from './parse.ts'

type Implementation = (args: readonly Item[], context: BuiltinContext) => Item

/** What Go compares: numbers of the data are texts there. */
function basicOf(item: Item): string | bigint | number | boolean {
  if (typeof item === 'string' || typeof item === 'bigint' || typeof item === 'boolean') return item
  if (item instanceof Double) return item.value
  if (typeof item === 'number' || item instanceof BigNumber) return numberText(item)
  throw fault('non-comparable type')
}

function compareBasics(a: Item, b: Item): number {
  const [x, y] = [basicOf(a), basicOf(b)]
  if (typeof x !== typeof y) throw fault('incompatible types for comparison')
  if (typeof x === 'string') return compareStrings(x, y as string)
  if (typeof x === 'boolean') {
    if (x === y) return 0
    throw fault('invalid type for comparison')
  }
  return x < (y as typeof x) ? -1 : x > (y as typeof x) ? 1 : 0
}

const isBasic = (item: Item): boolean =>
  item !== undefined &&
  item !== null &&
  (typeof item !== 'object' || item instanceof Double || item instanceof BigNumber)

function isEqual(a: Item, b: Item): boolean {
  if (!isBasic(a) || !isBasic(b)) return (a ?? null) === null && (b ?? null) === null
  const [x, y] = [basicOf(a), basicOf(b)]
  if (typeof x !== typeof y) throw fault('incompatible types for comparison')
  return x === y
}

const required = (args: readonly Item[], count: number): void => {
  if (args.length < count) throw fault(`wrong number of args: want at least ${count} got ${args.length}`)
}

const comparison =
  (test: (order: number) => boolean): Implementation =>
  args => {
    required(args, 2)
    return test(compareBasics(args[0], args[1]))
  }

function lengthOf(item: Item): bigint {
  const value = item as Value
  if (typeof item === 'string') return BigInt(new TextEncoder().encode(item).length)
  if (typeof item === 'number' || item instanceof BigNumber) return BigInt(numberText(item).length)
  if (item !== undefined && item !== null && typeof item === 'object' && !(item instanceof Double)) {
    if (isArray(value)) return BigInt(value.length)
    if (isObject(value)) return BigInt(jsonEntries(value).length)
  }
  throw fault(`len of type ${typeof item}`)
}

function indexInto(item: Item, key: Item): Item {
  const value = item as Value
  if (item === undefined || item === null || item instanceof Double || typeof item === 'bigint') {
    throw fault('index of untyped nil')
  }
  if (isArray(value)) {
    if (typeof key !== 'bigint') throw fault('cannot index slice/array with this type')
    const found = key < 0n ? undefined : value[Number(key)]
    if (found === undefined) throw fault(`error calling index: index out of range: ${key}`)
    return found
  }
  if (isObject(value) && typeof key === 'string') return objectGet(value, key)
  throw fault("can't index item of this type")
}

function slice(args: readonly Item[]): Item {
  const [item, ...bounds] = args
  const from = Number(bounds[0] ?? 0n)
  const value = item as Value
  if (typeof item !== 'string' && (item === undefined || item instanceof Double || !isArray(value))) {
    throw fault("can't slice item of this type")
  }
  const sliceable = value as string | readonly Value[]
  if (typeof sliceable === 'string' && !isFlat(sliceable)) throw fault('slice of a text beyond the basic plane')
  const to = Number(bounds[1] ?? BigInt(sliceable.length))
  if (from < 0 || to > sliceable.length || from > to) throw fault(`invalid slice index: ${from} > ${to}`)
  return sliceable.slice(from, to)
}

function printfOperand(item: Item): Operand {
  if (typeof item === 'bigint') return item
  if (item instanceof Double) return item.value
  return item === undefined || item === null ? '<nil>' : printItem(item)
}

const HTML: Readonly<Record<string, string>> = {
  '\0': '\ufffd',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
}
const JS: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
}

const joined = (args: readonly Item[]): string =>
  args.map(item => (item === undefined || item === null ? '<nil>' : printItem(item))).join('')

/** `print` puts blanks between operands neither of which is a string. */
function print(args: readonly Item[]): string {
  return args
    .map((item, i) => {
      const text = item === undefined || item === null ? '<nil>' : printItem(item)
      const gap = i > 0 && typeof item !== 'string' && typeof args[i - 1] !== 'string'
      return gap ? ` ${text}` : text
    })
    .join('')
}

const escapeJS = (text: string): string =>
  text.replace(
    /[\\'"<>&=\x00-\x1f]/g,
    char => JS[char] ?? `\\u${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`,
  )

const escapeQuery = (text: string): string =>
  encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replace(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

/** The functions that every template of Go has, but for and, or (which the renderer does) and call. */
export const functions: ReadonlyMap<string, Implementation> = new Map<string, Implementation>([
  ['not', ([item]) => !isTrue(item)],
  ['len', ([item]) => lengthOf(item)],
  ['index', ([item, ...keys]) => keys.reduce<Item>(indexInto, item)],
  ['slice', slice],
  ['print', print],
  ['println', args => `${args.map(item => printItem(item)).join(' ')}\n`],
  [
    'printf',
    ([format, ...operands], context) => {
      if (typeof format !== 'string') throw fault('printf needs a format')
      return sprintf(format, operands.map(printfOperand), length => boundLength(length, 'printf', context))
    },
  ],
  ['html', args => joined(args).replace(/[\0"'&<>]/g, char => HTML[char]!)],
  ['js', args => escapeJS(joined(args))],
  ['urlquery', args => escapeQuery(joined(args))],
  [
    'eq',
    args => {
      required(args, 2)
      return args.slice(1).some(item => isEqual(args[0], item))
    },
  ],
  ['ne', args => !isEqual(args[0], args[1])],
  ['lt', comparison(order => order < 0)],
  ['le', comparison(order => order <= 0)],
  ['gt', comparison(order => order > 0)],
  ['ge', comparison(order => order >= 0)],
])
