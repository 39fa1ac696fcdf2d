import { syntaxError } from './error.ts'
import { parseFlags } from './flags.ts'
import type { Statement, Word } from './statement.ts'

const intervals = ['interval', 'timeout', 'start-period', 'start-interval'] as const
const unitsInNanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  '\u00b5s': 1e3,
  '\u03bcs': 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}
const duration = /^[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+$/
const LEAST_INTERVAL_NS = 1e6

/** Checks a HEALTHCHECK, which names no source but can be refused. Throws `syntax_error`. */
export function checkHealthcheck(statement: Statement): void {
  const [type, ...command] = statement.args
  const fail = (problem: string, word: Word | undefined = type) =>
    syntaxError(word?.place ?? statement.place, `parsing HEALTHCHECK: ${problem}`)
  if (type === undefined) throw fail('expected CMD or NONE')
  const name = type.text.toUpperCase()
  if (name === 'NONE') {
    // its flags are never looked at
    if (command.length > 0) throw fail('NONE takes no arguments', command[0])
    return
  }
  const flags = parseFlags(statement, {
    interval: 'text',
    timeout: 'text',
    'start-period': 'text',
    'start-interval': 'text',
    retries: 'text',
  })
  if (name !== 'CMD') throw fail(`expected CMD or NONE, got ${JSON.stringify(type.text)}`)
  if (command.length === 0) throw fail('CMD lacks a command')
  for (const interval of intervals) {
    const word = flags.text(interval)
    if (word !== undefined && word.text !== '' && !isInterval(word.text)) {
      throw fail(`--${interval} is ${JSON.stringify(word.text)}, expected a duration of at least 1ms`, word)
    }
  }
  const retries = flags.text('retries')
  if (retries !== undefined && retries.text !== '' && !/^\+?\d{1,10}$|^-0+$/.test(retries.text)) {
    throw fail(`--retries is ${JSON.stringify(retries.text)}, expected a number`, retries)
  }
  if (Number(retries?.text ?? 0) > 0x7fff_ffff) throw fail('--retries is too large', retries)
}

/** Go's durations: `1h30m`, `1.5s`; 0 is none. */
function isInterval(text: string): boolean {
  if (/^[-+]?0$/.test(text)) return true
  if (!duration.test(text)) return false
  let nanoseconds = 0
  for (const [, amount, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)([a-z\u00b5\u03bc]+)/g)) {
    nanoseconds += Math.trunc(Number(amount) * (unitsInNanoseconds[unit ?? ''] ?? 0))
  }
  if (nanoseconds > 2 ** 63) return false
  return nanoseconds === 0 || (!text.startsWith('-') && nanoseconds >= LEAST_INTERVAL_NS)
}
