import type { Sink } from './io.ts'

/** One line on a terminal that tells how far the command is. */
export interface Progress {
  found(sources: number): void
  decided(): void
  requested(): void
  /** Takes the line away. */
  clear(): void
}

/** Progress on a terminal; silence elsewhere, or where `isQuiet`. */
export function createProgress(sink: Sink, { isQuiet }: { readonly isQuiet: boolean }): Progress {
  const counts = { found: 0, decided: 0, requests: 0 }
  const isShown = sink.isTTY && !isQuiet
  let isDrawn = false
  const draw = () => {
    if (!isShown) return
    isDrawn = true
    sink.write(`\r\u001b[K${counts.decided} of ${counts.found} sources decided, ${counts.requests} requests`)
  }
  return {
    found(sources) {
      counts.found = sources
      draw()
    },
    decided() {
      counts.decided++
      draw()
    },
    requested() {
      counts.requests++
      draw()
    },
    clear() {
      if (isDrawn) sink.write('\r\u001b[K')
      isDrawn = false
    },
  }
}
