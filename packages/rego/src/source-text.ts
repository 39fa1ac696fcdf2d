/** A place in a file: row and column count from 1, the column in code points (a tab is one). */
export interface Location {
  readonly file: string
  readonly row: number
  readonly col: number
}

/** One file of Rego, with what turns positions into rows. */
export interface SourceText {
  readonly file: string
  readonly text: string
  /** Where each row begins, the first at 0. */
  readonly lineStarts: readonly number[]
}

/** A stretch of a file: `text.slice(start, end)`, in UTF-16 units. */
export interface Span {
  readonly source: SourceText
  readonly start: number
  readonly end: number
}

export function sourceText(file: string, text: string): SourceText {
  const lineStarts = [0]
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) lineStarts.push(i + 1)
  return { file, text, lineStarts }
}

function rowAt(source: SourceText, offset: number): number {
  const starts = source.lineStarts
  let low = 0
  let high = starts.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (starts[middle]! <= offset) low = middle
    else high = middle
  }
  return low + 1
}

function codePoints(text: string, start: number, end: number): number {
  let count = 0
  for (let i = start; i < end; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0xdc00 || unit > 0xdfff) count++
  }
  return count
}

/** The place where the span begins. */
export function locationOf(span: Span): Location {
  const row = rowAt(span.source, span.start)
  const start = span.source.lineStarts[row - 1]!
  return { file: span.source.file, row, col: codePoints(span.source.text, start, span.start) + 1 }
}

/** The row, counted from 1, where the span begins. */
export function rowOf(span: Span): number {
  return rowAt(span.source, span.start)
}

/** The text of one row (counted from 1) without its line end; undefined past the end of the file. */
export function lineOf(source: SourceText, row: number): string | undefined {
  const starts = source.lineStarts
  const start = starts[row - 1]
  if (start === undefined) return undefined
  const end = starts[row] ?? source.text.length + 1
  return source.text.slice(start, end - 1).replace(/\r$/, '')
}

/** The text of the row where the span begins, without its line end. */
export function firstLineOf(span: Span): string {
  return lineOf(span.source, rowOf(span)) ?? ''
}

/** What the span covers. */
export function textOf(span: Span): string {
  return span.source.text.slice(span.start, span.end)
}

/** From the beginning of one span to the end of another of the same file. */
export function spanBetween(first: Span, last: Span): Span {
  return { source: first.source, start: first.start, end: Math.max(first.end, last.end) }
}
