import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runCli, temporaryDirectory } from '../../apps/cli/src/run-cli.ts'

/** A heading of a page with the files and commands beneath it. */
export interface Section {
  readonly title: string
  /** 1 for the heading of the page. */
  readonly level: number
  readonly files: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
}

/** A command as the page shows it, and what it says. */
export interface Step {
  readonly command: string
  readonly output: string
}

export interface RunOptions {
  /** What stands in the page, and what it is here: `[['registry.example', '127.0.0.1:5000']]`. */
  readonly names: readonly (readonly [shown: string, real: string])[]
  /** Given to each command of ours. */
  readonly flags: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/**
 * The sections of `docs/<page>` that have commands. Blocks with `title="name"` are files; in blocks of `console` lines that begin with
 * `$ ` are commands, and what follows is what they say.
 */
export function sectionsOf(page: string): Section[] {
  const text = readFileSync(fileURLToPath(new URL(`../../docs/${page}`, import.meta.url)), 'utf8')
  return text.split(/^(?=#{2,4} )/m).flatMap(part => {
    const [title = ''] = part.split('\n')
    const files: Record<string, string> = {}
    const steps: Step[] = []
    for (const [, info = '', body = ''] of part.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)) {
      const name = /title="([^"]+)"/.exec(info)?.[1]
      if (name !== undefined) files[name] = body
      if (info.startsWith('console')) steps.push(...stepsOf(body))
    }
    return steps.length === 0 ? [] : [{ title: title.replace(/^#+ /, ''), level: title.indexOf(' '), files, steps }]
  })
}

function stepsOf(body: string): Step[] {
  return body
    .split(/^\$ /m)
    .slice(1)
    .map(step => {
      const [command = '', ...output] = step.split('\n')
      return { command, output: output.join('\n').trimEnd() }
    })
}

/** What the commands of a section say, one after the other in one directory with its files. */
export async function runSection({ files, steps }: Section, options: RunOptions): Promise<Step[]> {
  const { names, flags, env = {} } = options
  const toReal = (text: string) => names.reduce((all, [shown, real]) => all.replaceAll(shown, real), text)
  const toShown = (text: string) => names.reduce((all, [shown, real]) => all.replaceAll(real, shown), text)
  const real = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, toReal(text)]))
  const directory = temporaryDirectory(real)
  const ran: Step[] = []
  let exitCode = 0
  try {
    for (const { command } of steps) {
      const [program = '', ...argv] = toReal(command).split(' ')
      let output: string
      if (command === 'echo $?') output = String(exitCode)
      else if (program === 'cat') output = argv.map(name => readFileSync(`${directory.path}/${name}`, 'utf8')).join('')
      else if (program === 'source-policy') {
        const [name = '', ...rest] = argv
        const run = await runCli([name, ...(isOffline(name) ? [] : flags), ...rest], { cwd: directory.path, env })
        exitCode = run.exitCode
        output = run.stdout + run.stderr
      } else throw new Error(`${command}: commands of pages are source-policy, cat and echo $?`)
      ran.push({ command, output: toShown(output.replaceAll(directory.path, '.')).trimEnd() })
    }
  } finally {
    directory.remove()
  }
  return ran
}

/** Commands that ask nobody take no flags of the network. */
function isOffline(name: string): boolean {
  return ['init', 'test', 'lint', 'schema'].includes(name)
}

/** Steps whose digests, commits and times are what matters not: each is the first, second ... of its kind. */
export function normalized(steps: readonly Step[]): Step[] {
  const seen = new Map<string, string>()
  const nameOf = (kind: string, text: string) => {
    const name = seen.get(text) ?? `${kind}-${seen.size}`
    seen.set(text, name)
    return name
  }
  return steps.map(({ command, output }) => ({
    command,
    output: output
      .replace(/\b[0-9a-f]{64}\b/g, hex => nameOf('digest', hex))
      .replace(/\b[0-9a-f]{40}\b/g, hex => nameOf('commit', hex))
      .replace(/sha256:[0-9a-f]{4}\.\.\.[0-9a-f]{4}/g, 'sha256:short')
      .replace(/\b[0-9a-f]{12}\b/g, 'commit')
      .replace(/\d+\.\d s\)/g, '0.0 s)')
      .replace(/ +/g, ' '),
  }))
}
