import { CoreError } from './error.ts'
import type { Limits } from './limits.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import { createWaitingRoom } from './waiting-room.ts'

/** One exchange with a server, as reports and debug logs show it; `url` carries no secret. */
export interface Exchange {
  readonly method: string
  readonly url: string
  /** Absent where no response came. */
  readonly status?: number
  readonly bytes: number
  readonly durationMs: number
  /** Set where the exchange failed. */
  readonly error?: string
}

/** What a run has spent so far. */
export interface Usage {
  sources: number
  requests: number
  bytes: number
  hosts: number
}

/**
 * A run is one snapshot: whatever is loaded through `once` is bound for all sources that the run decides,
 * and what it spends is counted against one set of limits.
 */
export interface Run {
  /** Nanoseconds since the epoch: the time that policies see, fixed for the run. */
  readonly time: bigint
  /** What random builtins draw from, a number of 32 bits, fixed for the run. */
  readonly seed: number
  readonly limits: Limits
  readonly usage: Readonly<Usage>
  /** Aborted when the caller aborts or the run's time is over. */
  readonly signal: AbortSignal
  /** Milliseconds that are left of the run's time, none or more: no timer fires while one policy after the other is evaluated. */
  remainingMs(): number
  /**
   * The value of `load`, which runs at most once for a key in a run; a failure is kept as well and not tried again.
   * `signal` gives up waiting and cancels only this waiter.
   */
  once<T>(key: string, load: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T>
  /** Counts what is used up and throws `budget_exceeded` beyond the limit; `what` says on what it was spent. */
  spend(resource: 'sources' | 'requests' | 'bytes', amount: number, what: string): void
  /** Counts a host once, and throws `budget_exceeded` where it is one too many. */
  contact(host: string): void
  /** Records an exchange for reports and logs. */
  record(exchange: Exchange): void
}

export interface RunOptions {
  readonly limits?: Partial<Limits>
  readonly signal?: AbortSignal
  /** Nanoseconds since the epoch; default: now. */
  readonly time?: bigint
  /** Default: a random one. */
  readonly seed?: number
  /** Called for each exchange with a server. */
  readonly onExchange?: (exchange: Exchange) => void
}

const limitOf = { sources: 'maxSources', requests: 'maxRequests', bytes: 'maxBytes' } as const

/** A new run: nothing bound, nothing spent. Its clock starts now. */
export function createRun(options: RunOptions = {}): Run {
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits }
  const deadline = performance.now() + limits.timeoutMs
  const timeout = timeoutSignal(limits)
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout
  const usage: Usage = { sources: 0, requests: 0, bytes: 0, hosts: 0 }
  const hosts = new Set<string>()
  const bound = new Map<string, Promise<unknown>>()
  const untilAborted = createWaitingRoom()

  return {
    time: options.time ?? BigInt(Date.now()) * 1_000_000n,
    seed: options.seed ?? randomSeed(),
    limits,
    usage,
    signal,
    remainingMs: () => Math.max(0, deadline - performance.now()),
    once<T>(key: string, load: (signal: AbortSignal) => Promise<T>, waiter?: AbortSignal): Promise<T> {
      let value = bound.get(key) as Promise<T> | undefined
      if (value === undefined) {
        value = begin(load, signal)
        bound.set(key, value)
      }
      if (waiter !== undefined) return untilAborted(value, waiter)
      // a failure nobody waits for any more is still kept for whoever asks next
      value.catch(() => undefined)
      return value
    },
    spend(resource, amount, what) {
      usage[resource] += amount
      const limit = limits[limitOf[resource]]
      if (usage[resource] > limit) {
        throw new CoreError('budget_exceeded', `${what}: the run may use ${limit} ${resource}`)
      }
    },
    contact(host) {
      if (hosts.has(host)) return
      if (hosts.size >= limits.maxHosts) {
        throw new CoreError('budget_exceeded', `contacting ${host}: the run may contact ${limits.maxHosts} hosts`)
      }
      hosts.add(host)
      usage.hosts = hosts.size
    },
    record(exchange) {
      options.onExchange?.(exchange)
    },
  }
}

function begin<T>(load: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    signal.throwIfAborted()
    // from JavaScript, a load may return its value as it is
    return Promise.resolve(load(signal))
  } catch (error) {
    return Promise.reject(error as Error)
  }
}

/** What the signal of a run is aborted with when its time is over. */
export function timeoutError({ timeoutMs }: Limits): CoreError {
  return new CoreError('timeout', `the run took longer than ${timeoutMs} ms`)
}

/** On its own, so that until then the timer keeps nothing of the run but the signal. */
function timeoutSignal(limits: Limits): AbortSignal {
  const controller = new AbortController()
  unref(setTimeout(() => controller.abort(timeoutError(limits)), limits.timeoutMs))
  return controller.signal
}

/** In Node a timer would keep the process alive; elsewhere timers are plain numbers. */
function unref(timer: unknown): void {
  ;(timer as { unref?: () => void }).unref?.()
}

function randomSeed(): number {
  const [seed = 0] = globalThis.crypto.getRandomValues(new Uint32Array(1))
  return seed
}
