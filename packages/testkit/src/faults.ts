import type { ServerAnswer } from './answer.ts'

/** What goes wrong with one answer of a server. */
export type Fault =
  /** The connection is closed before any answer. */
  | { readonly kind: 'refuse' }
  /** The connection is reset: at once, or after the head and so many bytes of the body. */
  | { readonly kind: 'reset'; readonly afterBytes?: number }
  /** Nothing comes any more: not even a head, or after the head and so many bytes of the body. */
  | { readonly kind: 'stall'; readonly afterBytes?: number }
  /** The whole length is announced, and the connection closed after so many bytes; default: half of the body. */
  | { readonly kind: 'truncate'; readonly afterBytes?: number }
  /** One byte of the body is another; default: the middle one. */
  | { readonly kind: 'corrupt'; readonly offset?: number }
  /** Another answer. */
  | ({ readonly kind: 'status' } & ServerAnswer)
  /** Default status: 302. */
  | { readonly kind: 'redirect'; readonly location: string; readonly status?: number }
  /** The right answer, so many bytes of its body at a time. */
  | { readonly kind: 'slow'; readonly bytes: number; readonly everyMs: number }
  /** The right answer, so much later. */
  | { readonly kind: 'delay'; readonly ms: number }

/** A request as faults and logs see it. */
export interface RequestLine {
  readonly method: string
  /** With its query, as it came. */
  readonly path: string
}

export interface FaultRule {
  /** Which requests; default: all. A string is the whole path, without or with its query. */
  readonly match?: string | RegExp | ((request: RequestLine) => boolean)
  readonly fault: Fault
  /** For how many requests; default: for all. */
  readonly times?: number
}

/** The faults of a server; the first rule that matches and is not used up applies. */
export interface Faults {
  add(rule: FaultRule): void
  clear(): void
  /** The fault for a request, used up once. */
  take(request: RequestLine): Fault | undefined
}

/** No faults at first. */
export function createFaults(): Faults {
  let rules: { rule: FaultRule; left: number }[] = []
  return {
    add(rule) {
      rules.push({ rule, left: rule.times ?? Number.POSITIVE_INFINITY })
    },
    clear() {
      rules = []
    },
    take(request) {
      const found = rules.find(({ rule, left }) => left > 0 && matches(rule, request))
      if (found !== undefined) found.left--
      return found?.rule.fault
    },
  }
}

function matches({ match }: FaultRule, request: RequestLine): boolean {
  if (match === undefined) return true
  if (typeof match === 'function') return match(request)
  if (typeof match === 'string') return request.path === match || request.path.split('?')[0] === match
  return match.test(request.path)
}
