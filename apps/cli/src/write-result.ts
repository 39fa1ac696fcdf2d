import type { CheckResult } from './check-result.ts'
import { hasColors } from './colors.ts'
import { excerptOf } from './excerpt.ts'
import type { CommandContext } from './io.ts'

export type Format = 'text' | 'json'

/** Shows a result on standard output. */
export async function writeResult(
  result: CheckResult,
  format: Format,
  { io, secrets: { redact } }: Pick<CommandContext, 'io' | 'secrets'>,
): Promise<void> {
  if (format === 'json') {
    const [{ reportDocument, redactReport }, { printableJSON }] = await Promise.all([
      import('./render-json.ts'),
      import('./printable.ts'),
    ])
    io.stdout.write(`${printableJSON(redactReport(reportDocument(result), redact))}\n`)
    return
  }
  const { renderText } = await import('./render-text.ts')
  const excerpts = new Map<unknown, string | undefined>()
  for (const { thrown } of result.sources) excerpts.set(thrown, await excerptOf(thrown))
  io.stdout.write(renderText(result, { color: hasColors(io), excerpt: thrown => excerpts.get(thrown), redact }))
}
