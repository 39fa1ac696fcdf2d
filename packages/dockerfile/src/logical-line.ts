import type { Place } from './types.ts'

/** A part of a logical line that stands in one line of the file. */
interface Piece {
  /** Where it begins in the logical line. */
  readonly start: number
  /** From 1. */
  readonly line: number
  readonly column: number
}

/** A line of a Dockerfile with its continuations joined; knows where in the file each of its characters stands. */
export interface LogicalLine {
  readonly text: string
  readonly firstLine: number
  readonly lastLine: number
  placeAt(offset: number): Place
}

export interface LogicalLineBuilder {
  append(text: string, line: number, column: number): void
  build(firstLine: number, lastLine: number): LogicalLine
}

export function logicalLineBuilder(file: string): LogicalLineBuilder {
  const pieces: Piece[] = []
  let text = ''
  return {
    append(part, line, column) {
      pieces.push({ start: text.length, line, column })
      text += part
    },
    build: (firstLine, lastLine) => ({
      text,
      firstLine,
      lastLine,
      placeAt(offset) {
        // by halves: hostile lines have thousands of pieces and of words
        let [low, high] = [0, pieces.length - 1]
        while (low < high) {
          const middle = Math.ceil((low + high) / 2)
          if ((pieces[middle]?.start ?? 0) <= offset) low = middle
          else high = middle - 1
        }
        const piece = pieces[low]
        if (piece === undefined) return { file, line: firstLine, column: 1 }
        return { file, line: piece.line, column: piece.column + offset - piece.start }
      },
    }),
  }
}

/** A logical line all of whose characters stand at one place: the trigger of a base image, at its FROM. */
export function lineAt(text: string, place: Place): LogicalLine {
  return { text, firstLine: place.line, lastLine: place.line, placeAt: () => place }
}
