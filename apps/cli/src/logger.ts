import type { Sink } from './io.ts'
import { printable, printableLines } from './printable.ts'

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

/** The last level that is shown, or that none is. */
export type Threshold = LogLevel | 'none'

/** Lines for people on standard error; whatever they quote is made printable. */
export interface Logger {
  /** Whether lines of this level are shown; `threshold` stands in for the logger's own. */
  shows(level: LogLevel, threshold?: Threshold): boolean
  log(level: LogLevel, message: string, threshold?: Threshold): void
  /** Several lines as they are, such as an excerpt with a caret. */
  block(level: LogLevel, text: string): void
}

/** A logger that shows lines of `level` and of graver ones, without what `redact` takes out of them. */
export function createLogger(sink: Sink, level: LogLevel, redact: (text: string) => string): Logger {
  const shows = (asked: LogLevel, threshold: Threshold = level) =>
    threshold !== 'none' && LOG_LEVELS.indexOf(asked) <= LOG_LEVELS.indexOf(threshold)
  return {
    shows,
    log(asked, message, threshold) {
      if (!shows(asked, threshold)) return
      const maxChars = asked === 'debug' ? { maxChars: Number.POSITIVE_INFINITY } : {}
      sink.write(`${asked}: ${printable(redact(message), maxChars)}\n`)
    },
    block(asked, text) {
      if (!shows(asked)) return
      const [first = '', ...rest] = printableLines(redact(text))
      sink.write(`${[`${asked}: ${first}`, ...rest.map(line => `  ${line}`)].join('\n')}\n`)
    },
  }
}
