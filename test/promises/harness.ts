import { mkdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { type CliRun, runCli, temporaryDirectory } from '../../apps/cli/src/run-cli.ts'

/** A build context that somebody else wrote, and how the operator runs the command on it. */
export interface Attempt {
  /** Text by path from the working directory. */
  readonly files: Readonly<Record<string, string>>
  /** Targets of symbolic links by path. */
  readonly links?: Readonly<Record<string, string>>
  /** Default: `check`. */
  readonly argv?: readonly string[]
  /** Targets on loopback that the operator lists. */
  readonly allow?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly signal?: AbortSignal
  /** Last preparations, given the working directory. */
  readonly prepare?: (root: string) => void | Promise<void>
}

/** Runs the command in a new directory with the files, which is removed afterwards. */
export async function attempt({ files, links = {}, argv = ['check'], allow = [], ...rest }: Attempt): Promise<CliRun> {
  const directory = temporaryDirectory(files)
  try {
    for (const [name, target] of Object.entries(links)) {
      mkdirSync(path.dirname(path.join(directory.path, name)), { recursive: true })
      symlinkSync(target, path.join(directory.path, name))
    }
    await rest.prepare?.(directory.path)
    const flags = allow.flatMap(host => ['--allow-address', host])
    const { env, stdin, signal } = rest
    return await runCli([...argv, ...flags], {
      cwd: directory.path,
      ...(env && { env }),
      ...(stdin !== undefined && { stdin }),
      ...(signal && { signal }),
    })
  } finally {
    directory.remove()
  }
}

/** All that a run wrote. */
export const outputOf = ({ stdout, stderr }: CliRun): string => stdout + stderr

export const ALLOW = 'package docker\n\ndecision := {"allow": true}\n'
export const DENY = 'package docker\n\ndecision := {"allow": false, "deny_msg": ["no"]}\n'

/** A policy that finds nothing wrong unless a fact says so: whoever can keep the fact away would open it. */
export const UNLESS_BAD = `package docker

bad contains "label" if input.image.labels.bad

bad contains "body" if input.http.checksum == "sha256:${'0'.repeat(64)}"

bad contains "commit" if input.git.commit.message == "bad"

decision := {"allow": count(bad) == 0, "deny_msg": bad}
`
