import { open, rm, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { CliError } from './error.ts'

/** A lock of this age was left behind by a process that died. */
const ABANDONED_MS = 60_000
const RETRY_MS = 25

/** Runs the step while no other process holds the lock. Throws `locked` where another one keeps it until the signal aborts. */
export async function withLock<T>(file: string, signal: AbortSignal, step: () => Promise<T>): Promise<T> {
  await acquire(file, signal)
  try {
    return await step()
  } finally {
    await rm(file, { force: true })
  }
}

async function acquire(file: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      const handle = await open(file, 'wx')
      return await handle.close()
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EEXIST') throw error
    }
    const age = await stat(file).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    )
    if (age > ABANDONED_MS) await rm(file, { force: true })
    else if (signal.aborted) throw new CliError('locked', `waiting for ${file}: another process holds it`)
    else await sleep(RETRY_MS)
  }
}
