/**
 * Waits for a value until a signal is aborted. However many wait with one signal, it has one listener: all sources of a build
 * wait with that of the run. A failure of the value that nobody waits for any more is no unhandled one.
 */
export function createWaitingRoom(): <T>(value: Promise<T>, signal: AbortSignal) => Promise<T> {
  const rooms = new Map<AbortSignal, { readonly giveUps: Set<() => void>; readonly close: () => void }>()

  const open = (signal: AbortSignal) => {
    const giveUps = new Set<() => void>()
    const onAbort = () => {
      for (const giveUp of giveUps) giveUp()
    }
    const close = () => {
      signal.removeEventListener('abort', onAbort)
      rooms.delete(signal)
    }
    const room = { giveUps, close }
    signal.addEventListener('abort', onAbort, { once: true })
    rooms.set(signal, room)
    return room
  }

  return (value, signal) => {
    if (signal.aborted) {
      value.catch(() => undefined)
      return Promise.reject(signal.reason)
    }
    const { giveUps, close } = rooms.get(signal) ?? open(signal)
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(signal.reason)
      const leave = () => {
        giveUps.delete(giveUp)
        if (giveUps.size === 0) close()
      }
      giveUps.add(giveUp)
      value.then(
        result => {
          leave()
          resolve(result)
        },
        (error: unknown) => {
          leave()
          reject(error as Error)
        },
      )
    })
  }
}
