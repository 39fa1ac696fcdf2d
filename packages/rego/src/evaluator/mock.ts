import type { Value } from '../value/value.ts'
import type { Unknown } from './lacks.ts'
import type { Run, Slot } from './run.ts'

/** Calls a function with arguments that are all defined, though maybe not known. */
export type Invoke = (run: Run, args: readonly (Value | Unknown)[]) => Slot

/** What `with` puts in the place of a function: another function, or one result for every call. */
export type Mock = { readonly invoke: Invoke } | { readonly value: Value | Unknown }

/** The call, or what stands in its place. Inside the replacement nothing is replaced, so that it can call the original. */
export function throughMocks(key: string, original: Invoke): Invoke {
  return (run, args) => {
    const mock = run.environment.mocks?.get(key)
    if (mock === undefined) return original(run, args)
    if (!('invoke' in mock)) return mock.value
    const { environment } = run
    run.environment = environment.withoutMocks
    const result = mock.invoke(run, args)
    run.environment = environment
    return result
  }
}
