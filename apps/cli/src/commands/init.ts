import { lstat } from 'node:fs/promises'
import path from 'node:path'
import { createResolvers, type Input, localResolver, type Source } from '@source-policy/core'
import { dockerfileSources } from '@source-policy/dockerfile'
import { hostPlatform } from '@source-policy/oci'
import { isRemote } from '../build-files.ts'
import { type BuildOptions, requestOfFlags } from '../build-request.ts'
import { loadAllDescribers } from '../describers.ts'
import { CliError } from '../error.ts'
import type { CommandContext } from '../io.ts'
import { namedContexts } from '../named-contexts.ts'
import { printable } from '../printable.ts'
import { readBuild } from '../read-build.ts'
import { type StarterSources, starterPolicy, starterTest } from '../starter-policy.ts'
import { writeFileWhole } from '../write-file.ts'

export interface InitOptions extends BuildOptions {
  /** Write over files that are there. */
  readonly force: boolean
}

/** Writes a policy and its test from the sources that a Dockerfile has. Nothing is fetched. Returns 0. */
export async function init(context: string, options: InitOptions, { io, secrets }: CommandContext): Promise<number> {
  if (isRemote(context) || options.file === '-') {
    throw new CliError('usage', 'init writes beside a Dockerfile: give its directory')
  }
  const request = requestOfFlags(context, options, io)
  const parts = { layouts: new Map(), directories: new Set<string>() }
  const named = await namedContexts(request.contexts, parts, io)
  const noDownload = async (): Promise<never> => {
    throw new CliError('usage', 'init fetches nothing')
  }
  const { files, dockerfile, sources: given } = await readBuild(request, undefined, named, io, noDownload)
  secrets.addText(files.text)
  const found = dockerfileSources(dockerfile, given)
  const sources = await describe(found.sources.map(({ source }) => source))
  const directory = path.dirname(path.resolve(io.cwd, files.file))
  const outputs = [
    { name: `${files.filename}.rego`, text: starterPolicy(sources) },
    { name: `${files.filename}_test.rego`, text: starterTest(sources) },
  ]
  if (!options.force) await refuseExisting(outputs.map(({ name }) => path.join(directory, name)))
  const written: string[] = []
  for (const { name, text } of outputs) {
    const file = path.join(directory, name)
    // a link that stands there is replaced, not followed: it may have come with the context
    await writeFileWhole(file, text)
    written.push(path.relative(io.cwd, file))
  }
  const { images, repositories, downloads } = sources
  const counts = [
    count(images.length, 'image', 'images'),
    count(repositories.length, 'git repository', 'git repositories'),
    count(downloads.length, 'download', 'downloads'),
  ].join(', ')
  io.stdout.write(`${printable(secrets.redact(`wrote ${written.join(' and ')} for ${counts} of ${files.file}`))}\n`)
  // that any base image may bring triggers is told by check, once it is allowed
  for (const { text, location, kind } of found.undetermined) {
    if (kind === 'onbuild') continue
    const place = `${location.file}:${location.line}`
    io.stdout.write(
      `${printable(secrets.redact(`not in it, since it cannot be told before the build: ${text} (${place})`))}\n`,
    )
  }
  return 0
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`
}

/** What policies see of each source without a request. */
async function describe(sources: readonly Source[]): Promise<StarterSources> {
  const resolvers = createResolvers([...(await loadAllDescribers()), localResolver()])
  const inputs = sources.map((source): Input => {
    const parsed = resolvers.parse(source.identifier, {
      attrs: source.attrs,
      platform: source.platform ?? hostPlatform(),
    })
    return parsed.resolver.describe(parsed.source).input
  })
  return {
    images: inputs.flatMap(({ image }) => image ?? []),
    repositories: inputs.flatMap(({ git }) => git ?? []),
    downloads: inputs.flatMap(({ http }) => http ?? []),
  }
}

/** Throws `usage` where one of the files is there, be it a link that leads nowhere. */
async function refuseExisting(files: readonly string[]): Promise<void> {
  for (const file of files) {
    const isThere = (await lstat(file).catch(() => undefined)) !== undefined
    if (isThere) throw new CliError('usage', `${path.basename(file)} is there already: say --force to write over it`)
  }
}
