import { RegoError } from './error.ts'
import type { PrepareOptions, Query } from './query.ts'

/** Compiles modules and query once. */
export function prepare(_options: PrepareOptions): Query {
  throw new RegoError({ code: 'eval_internal_error', message: 'not ready' })
}
