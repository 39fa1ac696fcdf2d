/** Calls back with the reason once the signal is aborted. Returns what ends the watch. */
export type AbortWatch = (signal: AbortSignal, callBack: (reason: unknown) => void) => () => void

/** A watch that has one listener for each signal, however many requests wait with it: all those of a run do. */
export function createAbortWatch(): AbortWatch {
  const watched = new WeakMap<AbortSignal, Set<(reason: unknown) => void>>()

  const watch = (signal: AbortSignal) => {
    const callBacks = new Set<(reason: unknown) => void>()
    watched.set(signal, callBacks)
    const onAbort = () => {
      for (const callBack of callBacks) callBack(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    return callBacks
  }

  return (signal, callBack) => {
    const callBacks = watched.get(signal) ?? watch(signal)
    callBacks.add(callBack)
    return () => callBacks.delete(callBack)
  }
}
