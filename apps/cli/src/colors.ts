import type { IO } from './io.ts'

/**
 * Whether standard output takes colours.
 *
 * @see https://no-color.org
 */
export function hasColors({ env, stdout }: Pick<IO, 'env' | 'stdout'>): boolean {
  if ((env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb') return false
  return stdout.isTTY || ((env.FORCE_COLOR ?? '') !== '' && env.FORCE_COLOR !== '0')
}
