/** Calls back with the reason once the signal is aborted. Returns what ends the watch. */
export type AbortWatch = (signal: AbortSignal, callBack: (reason: unknown) => void) => () => void

/** A watch that has one listener for each signal, however many requests wait with it: all those of a run do. */
export function createAbortWatch(): AbortWatch {
  const watched = new WeakMap<AbortSignal, Set<(reason: unknown) => void>>()

  const watch = (signal: AbortSignal) => {
    const callBacks = new Set<(reason: unknown) => void>()
    watched.set(signal, callBacks)
    signal.addEventListener('abort', () => callBacks.forEach(callBack => callBack(signal.reason)), { once: true })
    return callBacks
  }

  return (signal, callBack) => {
    const callBacks = watched.get(signal) ?? watch(signal)
    callBacks.add(callBack)
    return () => callBacks.delete(callBack)
  }
}
