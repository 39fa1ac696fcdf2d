import { EXIT_CODES, toCodedError } from '@source-policy/core'
import type { DockerfileError } from '@source-policy/dockerfile'
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { CheckOptions } from './commands/check.ts'
import type { EvalOptions } from './commands/eval.ts'
import type { InitOptions } from './commands/init.ts'
import type { LintOptions } from './commands/lint.ts'
import type { PinOptions } from './commands/pin.ts'
import type { SchemaName } from './commands/schema.ts'
import type { TestOptions } from './commands/test.ts'
import type { VerifyAttestationOptions } from './commands/verify-attestation.ts'
import { parseAge, parseDuration } from './flags.ts'
import type { CommandContext, IO } from './io.ts'
import { createLogger, LOG_LEVELS, type Logger, type LogLevel } from './logger.ts'
import { printable } from './printable.ts'
import { createSecrets, type Secrets } from './secrets.ts'
import { VERSION } from './version.ts'

/** What a shell reports for a command that SIGINT ended. */
const INTERRUPTED_EXIT_CODE = 130

/**
 * Runs the command with its arguments (without node and script). Returns the exit code: 0 allowed, 1 denied, 2 broken,
 * 3 undecided, 130 interrupted. Never throws: what cannot go on is `broken`.
 */
export async function main(argv: readonly string[], io: IO): Promise<number> {
  const secrets = createSecrets()
  for (const arg of argv) secrets.addText(arg)
  let exitCode = EXIT_CODES.broken
  let format = 'text'
  let logger = createLogger(io.stderr, 'info', secrets.redact)
  const command = program(io, secrets, async (options, run) => {
    format = options.format ?? 'text'
    logger = createLogger(io.stderr, options.logLevel, secrets.redact)
    exitCode = await run(logger)
  })
  try {
    await command.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.allowed : EXIT_CODES.broken
    if (io.signal.aborted) {
      logger.log('error', 'interrupted')
      return INTERRUPTED_EXIT_CODE
    }
    await reportFailure(error, format, { io, logger, secrets })
    return EXIT_CODES.broken
  }
}

/** Options that say how a command speaks. */
interface Speech {
  readonly format?: string
  readonly logLevel: LogLevel
}

/** Options as they were given; `timeout` is in milliseconds. */
type Given<Options> = Partial<Options> & Speech & { readonly timeout?: number }

type Perform = (options: Speech, run: (logger: Logger) => Promise<number>) => Promise<void>

function program(io: IO, secrets: Secrets, perform: Perform): Command {
  const command = new Command('source-policy')
    .description('Decides, before anything is used, whether each source of a container build may be.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({
      writeOut: text => io.stdout.write(text),
      writeErr: text => io.stderr.write(text),
      outputError: (text, write) => write(`${printable(secrets.redact(text.trimEnd()))}\n`),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText('after', EXIT_CODE_HELP)

  withRunOptions(
    withBuildOptions(
      command
        .command('check')
        .summary('decide every source of a Dockerfile')
        .description(
          'Decides every source of a Dockerfile by the policy beside it (<Dockerfile>.rego) and those of --policy.',
        ),
    )
      .option('--explain', 'tell under each denial which expression of each rule failed')
      .option('--pin-file <file>', 'where all is allowed, write pins of it as a BuildKit source policy'),
  ).action(async (subjects: string[], given: Given<CheckOptions>) => {
    await perform(given, async logger => {
      const { check } = await import('./commands/check.ts')
      return check(subjects, { ...runDefaults, ...buildDefaults, ...runOptions(given) }, { io, secrets, logger })
    })
  })

  withRunOptions(
    withBuildOptions(
      command
        .command('pin')
        .summary('hold a build to what was decided')
        .description(
          'Checks a build, and prints what was allowed as a BuildKit source policy that allows exactly that and nothing else.',
        ),
    )
      .option('-o, --output <file>', 'write the policy there')
      .option('--rewrite', 'put digests and commits into the Dockerfile instead'),
  ).action(async (subjects: string[], given: Given<PinOptions>) => {
    await perform(given, async logger => {
      const { pin } = await import('./commands/pin.ts')
      const options = { ...runDefaults, ...buildDefaults, rewrite: false, ...runOptions(given) }
      return pin(subjects, options, { io, secrets, logger })
    })
  })

  withRunOptions(
    command
      .command('eval')
      .summary('decide one source, or show what a policy would see of it')
      .description('Decides one source by the policy of a Dockerfile. Says nothing where it is allowed.')
      .argument('<source>', 'docker-image://..., git://..., https://..., or a path, which is the build context')
      .option(
        '-f, --file <path>',
        'Dockerfile, whose policy is <path>.rego; - reads the policy from standard input',
        'Dockerfile',
      )
      .addOption(new Option('--filename <path>', 'the former name of --file').hideHelp())
      .option('--print', 'print the input that a policy would see, as JSON, and ask no policy')
      .option('--fields <names>', 'unknown fields to fetch with --print: image.labels,image.env', splitFields),
  ).action(async (source: string, { filename, ...given }: Given<EvalOptions & { readonly filename: string }>) => {
    await perform(given, async logger => {
      const { evalSource } = await import('./commands/eval.ts')
      const defaults = { file: 'Dockerfile', print: false, fields: [], explain: false, full: false }
      const options = {
        ...runDefaults,
        ...defaults,
        ...runOptions(given),
        ...(filename !== undefined && { file: filename }),
      }
      return evalSource(source, options, { io, secrets, logger })
    })
  })

  withRunOptions(
    command
      .command('explain')
      .summary('tell why a source is decided as it is')
      .description('Decides one source as eval does, and tells which expression of each rule failed with which values.')
      .argument('<source>', 'docker-image://..., git://..., https://..., or a path, which is the build context')
      .option(
        '-f, --file <path>',
        'Dockerfile, whose policy is <path>.rego; - reads the policy from standard input',
        'Dockerfile',
      )
      .option('--full', 'tell every expression that was tried'),
  ).action(async (source: string, given: Given<EvalOptions>) => {
    await perform(given, async logger => {
      const { evalSource } = await import('./commands/eval.ts')
      const defaults = { file: 'Dockerfile', print: false, fields: [], full: false }
      const options = { ...runDefaults, ...defaults, ...runOptions(given), explain: true }
      return evalSource(source, options, { io, secrets, logger })
    })
  })

  command
    .command('init')
    .summary('write a policy and its test for a Dockerfile')
    .description(
      'Writes a policy that allows the sources of a Dockerfile, and its test. Nothing is fetched, nothing written over.',
    )
    .argument('[context]', 'directory of the build context', '.')
    .option('-f, --file <path>', 'Dockerfile (default: Dockerfile in the context)')
    .option('--target <stage>', 'stage that is built')
    .addOption(repeated('--build-arg <name=value>', 'build argument; a name alone takes it from the environment'))
    .addOption(repeated('--platform <platforms>', 'platform (default: linux on this architecture)'))
    .addOption(repeated('--build-context <name=value>', 'named build context: a directory or URL'))
    .option('--force', 'write over files that are there')
    .addOption(logLevelOption())
    .action(async (context: string, given: Given<InitOptions>) => {
      await perform(given, async logger => {
        const { init } = await import('./commands/init.ts')
        const defaults = { buildArg: [], label: [], platform: [], buildContext: [], force: false }
        return init(context, { ...defaults, ...given }, { io, secrets, logger })
      })
    })

  command
    .command('test')
    .summary('run the tests of a policy')
    .description('Runs the tests (rules that begin with test_) of the files *_test.rego at a path. Nothing is fetched.')
    .argument('[path]', 'directory, with those beneath it, or file', '.')
    .option('--run <expression>', 'only tests whose name matches the regular expression')
    .option('-f, --filename <name>', 'Dockerfile whose policy is tested: <name>.rego beside the tests or above')
    .option(
      '--fixtures <directory>',
      'recording whose sources tests name (default: fixtures, beside the tests or here)',
    )
    .option('--coverage', 'tell which expressions and lines of the policy are reached')
    .addOption(new Option('--coverage-threshold <percent>', 'fail where less is reached').argParser(readPercent))
    .option('--full', 'tell every expression that was tried')
    .addOption(new Option('--format <format>', 'output').choices(['text', 'json', 'junit']).default('text'))
    .addOption(logLevelOption())
    .addHelpText('after', '\nExit codes: 0 all pass, 1 a test fails or too little is covered, 2 broken.')
    .action(async (path: string, given: Given<TestOptions>) => {
      await perform(given, async logger => {
        const { testPolicies } = await import('./commands/test.ts')
        const defaults = { filename: 'Dockerfile', coverage: false, full: false, format: 'text' } as const
        const isFilenameGiven = given.filename !== undefined
        return testPolicies(path, { ...defaults, ...given, isFilenameGiven }, { io, secrets, logger })
      })
    })

  command
    .command('verify-attestation')
    .summary('verify an attestation file that lies beside artifacts')
    .description(
      'Verifies a Sigstore bundle, or an in-toto statement as the local and tar exporters of BuildKit write it. No request is made.',
    )
    .argument('<file>', 'the attestation')
    .addOption(repeated('--artifact <file>', 'what it must be about; all of them'))
    .option('--key <file>', 'public key that must have signed, PEM')
    .option('--identity <name>', 'who must have signed: the whole URI or e-mail address in the certificate')
    .option('--identity-regexp <expression>', 'the same as a regular expression (RE2) for the whole name')
    .option('--issuer <url>', 'who vouched for the identity')
    .option('--issuer-regexp <expression>', 'the same as a regular expression')
    .addOption(trustRootOption())
    .option('--no-log', 'a signature by --key needs no log entry and no timestamp')
    .option('--allow-unsigned', 'a statement that nobody signed is enough')
    .addOption(new Option('--format <format>', 'output').choices(['text', 'json']).default('text'))
    .addOption(logLevelOption())
    .addHelpText('after', '\nExit codes: 0 it holds, 1 it does not, 2 broken, 3 it cannot be read.')
    .action(async (file: string, given: Given<VerifyAttestationOptions>) => {
      await perform(given, async logger => {
        const { verifyAttestation } = await import('./commands/verify-attestation.ts')
        const defaults = { artifact: [], trustRoot: [], log: true, allowUnsigned: false, format: 'text' } as const
        return verifyAttestation(file, { ...defaults, ...given }, { io, secrets, logger })
      })
    })

  command
    .command('lint')
    .summary('find mistakes in policies')
    .description(
      'Finds mistakes in policies: those named, else those of the Dockerfiles here. A comment `# lint:ignore <rule> <reason>` suppresses one.',
    )
    .argument('[path...]', 'policies, or directories (default: .)')
    .option('--list', 'tell which mistakes are looked for')
    .addOption(new Option('--format <format>', 'output').choices(['text', 'json']).default('text'))
    .addOption(logLevelOption())
    .addHelpText('after', '\nExit codes: 0 no problem, 1 problems, 2 broken (a policy that does not load).')
    .action(async (paths: string[], given: Given<LintOptions>) => {
      await perform(given, async logger => {
        const { lint } = await import('./commands/lint.ts')
        return lint(paths, { list: false, format: 'text', ...given }, { io, secrets, logger })
      })
    })

  command
    .command('schema')
    .summary('print a JSON Schema')
    .description('Prints the JSON Schema of what a policy sees, of what it answers, or of what --format json prints.')
    .addArgument(new Argument('<document>', 'which one').choices(['input', 'decision', 'report', 'test', 'lint']))
    .action(async (document: SchemaName) => {
      await perform({ logLevel: 'info' }, async () => {
        const { printSchema } = await import('./commands/schema.ts')
        return printSchema(document, io)
      })
    })
  return command
}

const EXIT_CODE_HELP =
  '\nExit codes: 0 allowed, 1 denied, 2 broken (usage, or a policy that does not work), 3 undecided (facts could not be had).'

/** What says what is built. */
function withBuildOptions(command: Command): Command {
  return command
    .argument('[context...]', 'directory or URL of the build context (default: .); targets with --bake')
    .option('--bake <file>', 'the targets of a bake or compose file; - is standard input')
    .addOption(repeated('--env <name=value>', 'variable of the bake file; a name alone takes it from the environment'))
    .option('-f, --file <path>', 'Dockerfile; - is standard input (default: Dockerfile in the context)')
    .option('--target <stage>', 'stage that is built')
    .addOption(repeated('--build-arg <name=value>', 'build argument; a name alone takes it from the environment'))
    .addOption(repeated('--label <name=value>', 'label given to the build, as policies see it'))
    .addOption(repeated('--build-context <name=value>', 'named build context: a directory or URL'))
}

/** What both commands take: policies, platforms, network, output. */
function withRunOptions(command: Command): Command {
  return command
    .addOption(repeated('--platform <platforms>', 'platform (default: linux on this architecture)'))
    .addOption(repeated('--policy <csv>', 'filename=a.rego,filename=b.rego,reset=,disabled=,strict=,log-level=,mode='))
    .option('--no-context-policy', 'ignore the policy beside the Dockerfile')
    .option('--default-policy', 'ask the default policy of docker buildx first (as BUILDX_DEFAULT_POLICY=1)')
    .option('--allow-no-policy', 'allow where there is no policy at all')
    .addOption(
      repeated('--allow-address <address>', 'private or loopback target that may be contacted: host, host:port, CIDR'),
    )
    .addOption(
      repeated('--insecure-registry <host>', 'registry spoken to over http or with a certificate that is not verified'),
    )
    .addOption(repeated('--ca <file>', 'more certificate authorities, PEM'))
    .addOption(repeated('--client-cert <csv>', 'client certificate for one host: host=HOST,cert=FILE,key=FILE, PEM'))
    .option('--buildkitd-config <file>', 'buildkitd.toml whose mirrors, certificates and insecure registries hold here')
    .option('--cache-dir <directory>', 'keep manifests and blobs of images there, outside of the build context')
    .option('--waivers <file>', 'YAML file of denials that do not count, each with a reason, an owner and a last day')
    .option('--remember-tags', 'with --cache-dir: keep what tags point to, and with --offline go by it')
    .option('--record <directory>', 'keep there what was found out, as JSON files without secrets')
    .option('--replay <directory>', 'decide by what was recorded there; no request is made')
    .option('--offline', 'make no request: use what the cache has by digest')
    .addOption(
      repeated(
        '--secret <id>',
        'secret for servers: id=GIT_AUTH_TOKEN.<host>, HTTP_AUTH_TOKEN_<host>, GITHUB_TOKEN[,env=...|,src=...]',
      ),
    )
    .addOption(
      new Option('--pgp-validity <when>', 'when OpenPGP keys of HTTP sources must be valid (any: as in docker buildx)')
        .choices(['signature', 'now', 'any'])
        .default('signature'),
    )
    .option('--github-api <url>', 'REST API of a GitHub Enterprise, for github_attestation: https://<host>/api/v3')
    .addOption(trustRootOption())
    .addOption(
      new Option('--trust-root-max-age <age>', "how old the public instance's trust root may be: 30d, 12h").argParser(
        readAge,
      ),
    )
    .option('--no-trust-root-refresh', "take the public instance's trust root as it is at hand")
    .option('--github-trusted-root <file>', "trusted_root.json of GitHub's own authority, for private repositories")
    .addOption(new Option('--timeout <duration>', 'time for all of it: 90s, 5m').argParser(readDuration))
    .addOption(new Option('--format <format>', 'output').choices(['text', 'json']).default('text'))
    .addOption(logLevelOption())
}

function trustRootOption(): Option {
  return repeated(
    '--trust-root <file>',
    'trusted_root.json of another Sigstore instance, which holds beside the public one',
  )
}

const runDefaults = {
  platform: [],
  policy: [],
  contextPolicy: true,
  allowNoPolicy: false,
  trustRoot: [],
  trustRootRefresh: true,
  defaultPolicy: false,
  allowAddress: [],
  insecureRegistry: [],
  ca: [],
  clientCert: [],
  secret: [],
  rememberTags: false,
  offline: false,
  format: 'text',
} as const

const buildDefaults = { buildArg: [], label: [], buildContext: [], env: [], explain: false } as const

function runOptions<Options>({ timeout, ...given }: Given<Options>) {
  return { ...given, ...(timeout !== undefined && { timeoutMs: timeout }) }
}

function logLevelOption(): Option {
  return new Option('--log-level <level>', 'what is told on standard error').choices(LOG_LEVELS).default('info')
}

function readPercent(text: string): number {
  if (/^\d+(?:\.\d+)?$/.test(text) && Number(text) <= 100) return Number(text)
  throw new InvalidArgumentError('expected a number from 0 to 100')
}

function repeated(flags: string, description: string): Option {
  return new Option(flags, description).argParser<readonly string[] | undefined>((value, before) => [
    ...(before ?? []),
    value,
  ])
}

function splitFields(names: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), ...names.split(',').map(name => name.trim())].filter(name => name !== '')
}

function readDuration(text: string): number {
  try {
    return parseDuration(text)
  } catch (error) {
    throw new InvalidArgumentError(toCodedError(error).message)
  }
}

function readAge(text: string): number {
  try {
    return parseAge(text)
  } catch (error) {
    throw new InvalidArgumentError(toCodedError(error).message)
  }
}

/** What stopped the command: on standard error, and as the document where that was asked for. */
async function reportFailure(error: unknown, format: string, { io, logger, secrets }: CommandContext): Promise<void> {
  const { excerptOf } = await import('./excerpt.ts')
  const excerpt = await excerptOf(error)
  const coded = toCodedError(error)
  if (excerpt !== undefined) logger.block('error', excerpt)
  else logger.log('error', describeFailure(error))
  // a defect of ours: whoever reports it needs to know where
  if (coded.code === 'internal_error' && error instanceof Error) logger.log('debug', error.stack ?? '')
  if (format !== 'json') return
  const [{ failureDocument, redactReport }, { printableJSON }] = await Promise.all([
    import('./render-json.ts'),
    import('./printable.ts'),
  ])
  io.stdout.write(`${printableJSON(redactReport(failureDocument(coded), secrets.redact))}\n`)
}

/** With its place, where the error is about a Dockerfile. */
function describeFailure(error: unknown): string {
  const { code, message } = toCodedError(error)
  if (error instanceof Error && error.name === 'DockerfileError') {
    const { location } = error as DockerfileError
    return location === undefined ? message : `${location.file}:${location.line}:${location.column}: ${message}`
  }
  return code === 'internal_error' ? `internal error: ${message}` : message
}
