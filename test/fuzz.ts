import { appendFileSync } from 'node:fs'

/** Inputs that each fuzz test tries; `npm run fuzz` sets more. */
export const FUZZ_RUNS = Number(process.env.FUZZ_RUNS ?? 400)
/** Another seed tries other inputs. */
export const FUZZ_SEED = Number(process.env.FUZZ_SEED ?? 1)
/** Milliseconds that one input may take. */
export const MAX_INPUT_MS = 2000

/** Whether a failure is one that callers can switch on. */
export function isCoded(error: unknown): boolean {
  return (
    error instanceof Error &&
    typeof (error as { code?: unknown }).code === 'string' &&
    !/^ERR_/.test((error as { code?: string }).code ?? '')
  )
}

export interface FuzzOptions {
  /** Of the inputs that others try, for what takes much longer. Default: 1, all. */
  readonly share?: number
}

/** Runs a target over many inputs; fails with the input that made it crash, hang or fail without a code. */
export async function fuzz(
  next: () => Uint8Array,
  target: (input: Uint8Array) => unknown,
  { share = 1 }: FuzzOptions = {},
): Promise<void> {
  const runs = Math.ceil(FUZZ_RUNS * share)
  for (let count = 0; count < runs; count++) {
    const input = next()
    const started = performance.now()
    try {
      await target(input)
    } catch (error) {
      if (!isCoded(error)) throw new Error(`input ${Buffer.from(input).toString('base64')}`, { cause: error })
    }
    if (performance.now() - started > MAX_INPUT_MS) throw new Error(`hangs on ${Buffer.from(input).toString('base64')}`)
  }
  tally(runs)
}

/** Tells `npm run fuzz` what a test has tried, so that it can add up what all processes did. */
export function tally(runs: number): void {
  if (process.env.FUZZ_TALLY !== undefined) appendFileSync(process.env.FUZZ_TALLY, `${runs}\n`)
}
