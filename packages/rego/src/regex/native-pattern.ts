import type { Pattern, Ranges } from './simple-pattern.ts'

/**
 * When the native engine may stand in for RE2. It backtracks, so a pattern must be proved harmless: at each point of
 * each match at most one way goes on with a given code point (the pattern is deterministic, its loops cannot be
 * empty). Then every step back fails at once, and a match from one place costs a step per code point. Places to start
 * from multiply that, unless the pattern is bound to the start of the text or its matches have a bounded length.
 */
export interface NativePattern {
  readonly regex: RegExp
  /** Texts longer than this must go to the other engine. */
  readonly maxTextLength: number
  /** Whether groups hold what RE2's would: not those inside of loops. */
  readonly exactGroups: boolean
}

/** Code points of an expanded pattern: beyond, the proof costs more than it saves. */
const maxPositions = 600
/** Length of matches up to which starting anywhere is cheap. */
const maxUnanchoredLength = 64
/** Length of texts on which a quadratic number of steps is cheap. */
const quadraticTextLength = 256

/** The native regex for the pattern, if it is proved safe. */
export function nativePattern(pattern: Pattern): NativePattern | undefined {
  const size = measure(pattern)
  if (size.positions > maxPositions || size.emptyLoop) return undefined
  const automaton: Automaton = { ranges: [], follow: [] }
  const whole = build(pattern, automaton)
  if (!isDeterministic(whole.first, automaton)) return undefined
  if (automaton.follow.some(next => !isDeterministic(next, automaton))) return undefined
  const linear = startsAtStart(pattern) || size.maxLength <= maxUnanchoredLength
  return {
    regex: new RegExp(sourceOf(pattern), 'dgu'),
    maxTextLength: linear ? Number.POSITIVE_INFINITY : quadraticTextLength,
    exactGroups: !size.groupInLoop,
  }
}

interface Size {
  readonly positions: number
  readonly maxLength: number
  readonly emptyLoop: boolean
  readonly groupInLoop: boolean
  readonly hasGroup: boolean
  readonly nullable: boolean
}

const ONE: Size = { positions: 1, maxLength: 1, emptyLoop: false, groupInLoop: false, hasGroup: false, nullable: false }
const NONE: Size = { positions: 0, maxLength: 0, emptyLoop: false, groupInLoop: false, hasGroup: false, nullable: true }

const both = (a: Size, b: Size): Size => ({
  positions: a.positions + b.positions,
  maxLength: a.maxLength + b.maxLength,
  emptyLoop: a.emptyLoop || b.emptyLoop,
  groupInLoop: a.groupInLoop || b.groupInLoop,
  hasGroup: a.hasGroup || b.hasGroup,
  nullable: a.nullable && b.nullable,
})

function measure(pattern: Pattern): Size {
  switch (pattern.kind) {
    case 'char':
      return ONE
    case 'start':
    case 'end':
      return NONE
    case 'sequence':
      return pattern.items.map(measure).reduce(both, NONE)
    case 'choice': {
      const sizes = pattern.options.map(measure)
      return {
        ...sizes.reduce(both),
        maxLength: Math.max(...sizes.map(size => size.maxLength)),
        nullable: sizes.some(size => size.nullable),
      }
    }
    case 'group': {
      const size = measure(pattern.item)
      return { ...size, hasGroup: size.hasGroup || pattern.captures }
    }
    case 'repeat': {
      const size = measure(pattern.item)
      const { min, max } = pattern
      const copies = Number.isFinite(max) ? max : min + 1
      return {
        positions: size.positions * copies,
        maxLength: size.maxLength === 0 ? 0 : size.maxLength * max,
        emptyLoop: size.emptyLoop || size.nullable,
        groupInLoop: size.groupInLoop || (size.hasGroup && max > 1),
        hasGroup: size.hasGroup,
        nullable: min === 0,
      }
    }
  }
}

/** Glushkov's automaton: a position for each code point of the expanded pattern, and which may follow which. */
interface Automaton {
  readonly ranges: Ranges[]
  readonly follow: number[][]
}

interface Part {
  readonly first: readonly number[]
  readonly last: readonly number[]
  readonly nullable: boolean
}

const EMPTY: Part = { first: [], last: [], nullable: true }

function link(from: readonly number[], to: readonly number[], { follow }: Automaton): void {
  for (const position of from) follow[position]!.push(...to)
}

function chain(a: Part, b: Part, automaton: Automaton): Part {
  link(a.last, b.first, automaton)
  return {
    first: a.nullable ? [...a.first, ...b.first] : a.first,
    last: b.nullable ? [...a.last, ...b.last] : b.last,
    nullable: a.nullable && b.nullable,
  }
}

function build(pattern: Pattern, automaton: Automaton): Part {
  switch (pattern.kind) {
    case 'char': {
      const position = automaton.ranges.push(pattern.ranges) - 1
      automaton.follow.push([])
      return { first: [position], last: [position], nullable: false }
    }
    case 'start':
    case 'end':
      return EMPTY
    case 'group':
      return build(pattern.item, automaton)
    case 'sequence':
      return pattern.items.reduce((part, item) => chain(part, build(item, automaton), automaton), EMPTY)
    case 'choice': {
      const parts = pattern.options.map(option => build(option, automaton))
      return {
        first: parts.flatMap(part => part.first),
        last: parts.flatMap(part => part.last),
        nullable: parts.some(part => part.nullable),
      }
    }
    case 'repeat': {
      const { item, min, max } = pattern
      let whole = EMPTY
      const copies = Number.isFinite(max) ? max : min + 1
      for (let i = 0; i < copies; i++) {
        const part = build(item, automaton)
        const isLoop = !Number.isFinite(max) && i === copies - 1
        if (isLoop) link(part.last, part.first, automaton)
        whole = chain(whole, i >= min ? { ...part, nullable: true } : part, automaton)
      }
      return whole
    }
  }
}

/** Whether the positions have no code point in common. */
function isDeterministic(positions: readonly number[], { ranges }: Automaton): boolean {
  const all = [...new Set(positions)].flatMap(position => ranges[position]!).sort((a, b) => a[0] - b[0])
  return all.every((range, i) => i === 0 || range[0] > all[i - 1]![1])
}

function startsAtStart(pattern: Pattern): boolean {
  switch (pattern.kind) {
    case 'start':
      return true
    case 'sequence':
      return pattern.items[0] !== undefined && startsAtStart(pattern.items[0])
    case 'choice':
      return pattern.options.every(startsAtStart)
    case 'group':
      return startsAtStart(pattern.item)
    default:
      return false
  }
}

const spell = (code: number): string => `\\u{${code.toString(16)}}`

function sourceOf(pattern: Pattern): string {
  switch (pattern.kind) {
    case 'char':
      return classSource(pattern.ranges)
    case 'start':
      return '^'
    case 'end':
      return '$'
    case 'group':
      return `(${pattern.captures ? '' : '?:'}${sourceOf(pattern.item)})`
    case 'sequence':
      return pattern.items.map(sourceOf).join('')
    case 'choice':
      return pattern.options.map(sourceOf).join('|')
    case 'repeat': {
      const { item, min, max, lazy } = pattern
      const bounds = `{${min},${Number.isFinite(max) ? max : ''}}`
      return sourceOf(item) + bounds + (lazy ? '?' : '')
    }
  }
}

function classSource(ranges: Ranges): string {
  const [only] = ranges
  if (only !== undefined && ranges.length === 1 && only[0] === only[1]) return spell(only[0])
  return `[${ranges.map(([from, to]) => (from === to ? spell(from) : `${spell(from)}-${spell(to)}`)).join('')}]`
}
