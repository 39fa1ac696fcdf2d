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

/** Runs a target over many inputs; fails with the input that made it crash, hang or fail without a code. */
export async function fuzz(next: () => Uint8Array, target: (input: Uint8Array) => unknown): Promise<void> {
  for (let count = 0; count < FUZZ_RUNS; count++) {
    const input = next()
    const started = performance.now()
    try {
      await target(input)
    } catch (error) {
      if (!isCoded(error)) throw new Error(`input ${Buffer.from(input).toString('base64')}`, { cause: error })
    }
    if (performance.now() - started > MAX_INPUT_MS) throw new Error(`hangs on ${Buffer.from(input).toString('base64')}`)
  }
}
