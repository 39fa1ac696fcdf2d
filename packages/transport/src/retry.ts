import { MAX_BACKOFF_MS, MAX_RETRY_AFTER_MS, RETRY_BASE_MS } from './limits.ts'

const retriedStatuses: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504])

/** Whether the same request may get another answer a little later. */
export function isRetriedStatus(status: number): boolean {
  return retriedStatuses.has(status)
}

/** Milliseconds before the attempt after number `attempt` (from 0): doubling, and up to half of it left to chance. */
export function backoffMs(attempt: number, random: () => number): number {
  const ceiling = Math.min(RETRY_BASE_MS * 2 ** attempt, MAX_BACKOFF_MS)
  return Math.round(ceiling * (0.5 + random() / 2))
}

/**
 * Milliseconds that `Retry-After` asks for: seconds or a date. Undefined where there is none that can be read;
 * `too_long` where it is more than we wait.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function retryAfterMs(value: string | undefined, now: number): number | 'too_long' | undefined {
  if (value === undefined) return undefined
  const text = value.trim()
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : /[a-z]{3}/i.test(text) ? Date.parse(text) - now : Number.NaN
  if (Number.isNaN(ms)) return undefined
  return ms > MAX_RETRY_AFTER_MS ? 'too_long' : Math.max(0, ms)
}

/** Waits; rejects with the signal's reason as soon as it is aborted. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const stop = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal.addEventListener('abort', stop, { once: true })
  })
}
