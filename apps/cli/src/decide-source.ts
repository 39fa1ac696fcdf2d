import path from 'node:path'
import { EXIT_CODES, type Source } from '@source-policy/core'
import { outcomeOfResult } from './check-result.ts'
import type { EvalOptions } from './commands/eval.ts'
import { confinedFiles, isWithin } from './confined-files.ts'
import { createDecider, type Decided } from './decide.ts'
import { CliError } from './error.ts'
import { excerptOf } from './excerpt.ts'
import type { CommandContext, IO } from './io.ts'
import { MAX_POLICY_BYTES } from './limits.ts'
import type { Logger } from './logger.ts'
import { overruledText } from './overruled-text.ts'
import { type DefaultPolicy, type LoadedPolicy, loadPolicies, readDefaultPolicy } from './policies.ts'
import { parsePolicyFlag, wantsBuiltinPolicy } from './policy-flag.ts'
import { decodePolicy } from './policy-text.ts'
import { openSession, type Session } from './session.ts'
import { writeResult } from './write-result.ts'

/** Decides one source and tells why it is not allowed. Returns the exit code; throws where nothing can be decided. */
export async function decideSource(
  source: Source,
  options: EvalOptions & { readonly subject: string },
  context: CommandContext,
): Promise<number> {
  const { io, logger } = context
  const started = performance.now()
  const session = await openSession(options, { ...context, subject: options.subject })
  try {
    const policies = await policiesOf(options, session, io)
    const { run, resolvers } = session
    const filename = options.file === '-' ? 'stdin' : path.basename(options.file)
    const decider = createDecider({
      policies,
      resolvers,
      run,
      logger,
      env: { filename },
      allowNoPolicy: options.allowNoPolicy,
      explain: options.explain,
      waive: session.waive,
      signal: io.signal,
    })
    const decided = await decider.decide(source)
    decider.logReport(decided)
    const sources = [{ source, places: [], roles: [], servedFrom: session.servedFrom(source), ...decided }]
    if (options.format === 'json') {
      const names = policies.map(({ policy }) => policy.name)
      const durationMs = performance.now() - started
      const platforms = source.platform ? [source.platform] : []
      const about = { subject: options.subject, platforms, policies: names }
      await writeResult(
        { ...about, sources, undetermined: [], notices: session.notices, usage: session.usage, durationMs },
        'json',
        context,
      )
    } else if (options.explain) {
      const { renderExplanation } = await import('./render-explanation.ts')
      const { redact } = context.secrets
      io.stdout.write(renderExplanation(source, decided, { full: options.full, redact }))
    } else {
      await tellWhyNot(decided, logger)
    }
    return EXIT_CODES[outcomeOfResult({ sources, undetermined: [] })]
  } finally {
    await session.close()
  }
}

/** Why a source is not allowed, on standard error. */
async function tellWhyNot({ decision, report, thrown }: Decided, logger: Logger): Promise<void> {
  for (const overruled of report.overruled) logger.log('warn', overruledText(overruled).join('; '))
  for (const { message } of report.warned) logger.log('warn', message)
  switch (decision.kind) {
    case 'deny':
      return logger.log('error', ['policy denied', decision.messages.join('; ')].filter(part => part !== '').join(': '))
    case 'undecided': {
      const needs = decision.needs.length > 0 ? `: needs ${decision.needs.join(', ')}` : ''
      logger.log('error', `undecided${needs}`)
      for (const { message } of decision.errors) logger.log('error', message)
      return
    }
    case 'broken': {
      const excerpt = await excerptOf(thrown)
      return excerpt === undefined ? logger.log('error', decision.error.message) : logger.block('error', excerpt)
    }
  }
}

async function policiesOf(options: EvalOptions, session: Session, io: IO): Promise<LoadedPolicy[]> {
  const defaultPolicy = await defaultPolicyOf(options, io)
  const policies = await loadPolicies({
    configs: options.policy.map(parsePolicyFlag),
    builtinPolicy: wantsBuiltinPolicy(options.defaultPolicy, io.env),
    cwd: io.cwd,
    context: { files: confinedFiles(io.cwd), key: io.cwd, root: io.cwd },
    session,
    ...(defaultPolicy && { defaultPolicy }),
  })
  if (policies.length === 0 && !options.allowNoPolicy) {
    const looked = defaultPolicy === undefined && options.contextPolicy ? `there is no ${options.file}.rego; ` : ''
    throw new CliError('no_policy', `no policy: ${looked}give one with --file or --policy, or say --allow-no-policy`)
  }
  return policies
}

async function defaultPolicyOf({ file, contextPolicy }: EvalOptions, io: IO): Promise<DefaultPolicy | undefined> {
  if (file === '-') {
    const name = 'stdin.rego'
    const bytes = await io.readStdin({ maxBytes: MAX_POLICY_BYTES })
    return { name, text: decodePolicy(bytes, name), origin: 'operator' }
  }
  if (!contextPolicy) return undefined
  const absolute = path.resolve(io.cwd, file)
  if (isWithin(absolute, io.cwd)) return readDefaultPolicy(confinedFiles(io.cwd), file)
  return readDefaultPolicy(confinedFiles(path.dirname(absolute)), path.basename(absolute))
}
