import { trim } from './characters.ts'
import { DockerfileError } from './error.ts'
import type { Place } from './types.ts'

const booleans: ReadonlySet<string> = new Set('1 t T TRUE true True 0 f F FALSE false False'.split(' '))

/**
 * Checks the options of `# check=` or BUILDKIT_DOCKERFILE_CHECK, which can fail a build. The rules themselves are not run:
 * with `error=true` BuildKit may refuse a file whose sources are listed here.
 */
export function checkOptions(text: string, location?: Place): void {
  if (trim(text) === '') return
  const [first = '', second, ...others] = trim(text).split(';')
  const parts = [first, ...(second === undefined ? [] : [second]), ...(others.length === 0 ? [] : [others.join(';')])]
  for (const part of parts) {
    const equals = part.indexOf('=')
    const name = trim(equals === -1 ? part : part.slice(0, equals))
    const isKnown = equals !== -1 && ['skip', 'experimental', 'error'].includes(name)
    if (isKnown && (name !== 'error' || booleans.has(trim(part.slice(equals + 1))))) continue
    throw new DockerfileError(
      'invalid_option',
      `parsing the options of checks: unexpected ${JSON.stringify(part)}`,
      location === undefined ? {} : { location },
    )
  }
}
