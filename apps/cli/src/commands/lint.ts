import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import type { PolicyFiles } from '@source-policy/core'
import { LINT_RULES, type LintFinding, lintPolicy } from '@source-policy/engine-opa/lint'
import { confinedFiles } from '../confined-files.ts'
import { CliError } from '../error.ts'
import type { CommandContext } from '../io.ts'
import { MAX_POLICY_BYTES } from '../limits.ts'
import { lintReportDocument, renderLintText, renderRules } from '../lint-report.ts'
import { decodePolicy } from '../policy-text.ts'
import { printableJSON } from '../printable.ts'
import { redactStrings } from '../secrets.ts'

export interface LintOptions {
  /** Tell which mistakes are looked for. */
  readonly list: boolean
  readonly format: 'text' | 'json'
}

export const LINT_EXIT_CODES = { clean: 0, found: 1 } as const

/** Looks for mistakes in policies. Returns 0 where there is none, 1 where there is one; throws where a policy does not load. */
export async function lint(paths: readonly string[], options: LintOptions, context: CommandContext): Promise<number> {
  const { io, secrets } = context
  if (options.list) {
    io.stdout.write(renderRules(LINT_RULES))
    return LINT_EXIT_CODES.clean
  }
  const policies = (
    await Promise.all((paths.length > 0 ? paths : ['.']).map(wanted => policiesAt(wanted, io.cwd)))
  ).flat()
  const findings: LintFinding[] = []
  const texts = new Map<string, string>()
  for (const { file, isEntry } of policies) {
    const name = path.relative(io.cwd, file).split(path.sep).join('/')
    const root = notingFiles(io.cwd, path.dirname(file), texts)
    const bytes = await confinedFiles(path.dirname(file), [io.cwd]).read(file, { maxBytes: MAX_POLICY_BYTES })
    if (bytes === undefined) throw new CliError('policy_not_found', `policy file ${name} not found`)
    const text = decodePolicy(bytes, name)
    secrets.addText(text)
    texts.set(name, text)
    findings.push(...(await lintPolicy({ files: [{ path: name, text }], root, isEntry })))
  }
  const found = [...new Map(findings.map(finding => [JSON.stringify(finding), finding])).values()]
  const report = { policies: policies.length, findings: found, lineOf: lineIn(texts) }
  const { redact } = secrets
  if (options.format === 'json')
    io.stdout.write(`${printableJSON(redactStrings(lintReportDocument(report), redact))}\n`)
  else io.stdout.write(renderLintText(report, redact))
  return LINT_EXIT_CODES[found.length === 0 ? 'clean' : 'found']
}

interface PolicyPath {
  readonly file: string
  /** It is to give a decision. */
  readonly isEntry: boolean
}

/** A file that was named, or the policies of the Dockerfiles in a directory; where there are none, all policies there. */
async function policiesAt(wanted: string, cwd: string): Promise<PolicyPath[]> {
  const file = path.resolve(cwd, wanted)
  const found = await stat(file).catch(() => undefined)
  if (found === undefined) throw new CliError('policy_not_found', `policy file ${wanted} not found`)
  if (!found.isDirectory()) return [{ file, isEntry: true }]
  const names = (await readdir(file)).filter(name => name.endsWith('.rego') && !name.endsWith('_test.rego')).sort()
  const entries = names.filter(name => /dockerfile\.rego$/i.test(name))
  const chosen = entries.length > 0 ? entries : names
  if (chosen.length === 0) throw new CliError('policy_not_found', `${wanted}: no policy (*.rego) there`)
  return chosen.map(name => ({ file: path.join(file, name), isEntry: entries.includes(name) }))
}

/** What imports read, from the working directory or beside the policy, kept for excerpts. */
function notingFiles(cwd: string, beside: string, texts: Map<string, string>): PolicyFiles {
  const places = [confinedFiles(cwd), confinedFiles(beside)]
  return {
    async read(file, limits) {
      for (const place of places) {
        const bytes = await place.read(file, limits)
        if (bytes === undefined) continue
        if (file.endsWith('.rego')) texts.set(file, new TextDecoder().decode(bytes))
        return bytes
      }
      return undefined
    },
  }
}

function lineIn(texts: ReadonlyMap<string, string>) {
  return ({ file, row }: LintFinding) => texts.get(file)?.split('\n')[row - 1]?.replace(/\r$/, '')
}
