import { BakeError } from './error.ts'
import { MAX_REFERENCE_DEPTH, MAX_TARGETS } from './limits.ts'

/**
 * The names that are reached from `start`, each once; what a name leads to stands before it.
 * Throws `cycle` and `limit_exceeded`.
 */
export function followNames(
  start: readonly string[],
  nextOf: (name: string) => readonly string[],
  what: string,
): string[] {
  const done = new Set<string>()
  const path: string[] = []
  const visit = (name: string) => {
    if (done.has(name)) return
    if (path.includes(name)) throw new BakeError('cycle', `${what}: ${[...path, name].join(' -> ')}`)
    if (path.length >= MAX_REFERENCE_DEPTH) {
      throw new BakeError('limit_exceeded', `${what}: deeper than ${MAX_REFERENCE_DEPTH} at ${name}`)
    }
    path.push(name)
    for (const next of nextOf(name)) visit(next)
    path.pop()
    done.add(name)
    if (done.size > MAX_TARGETS) throw new BakeError('limit_exceeded', `${what}: more than ${MAX_TARGETS} names`)
  }
  for (const name of start) visit(name)
  return [...done]
}
