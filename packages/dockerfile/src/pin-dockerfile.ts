import { type GitRef, gitSource, isCommitHash, parseGitRef } from '@source-policy/core/git-url'
import { formatReference, parseReference, tagNameOnly } from '@source-policy/oci'
import type { Dockerfile } from './dockerfile.ts'
import type { CopyInstruction } from './instruction.ts'
import type { FoundSource, Place } from './types.ts'

/** A source of a Dockerfile, and what it was found to be. */
export interface SourcePin extends Omit<FoundSource, 'roles'> {
  readonly roles: readonly string[]
  /** Digest of an image's root or of a download; commit of a repository. */
  readonly digest: string
}

/** Text of a Dockerfile that gives way to other text. */
export interface Edit {
  readonly location: Place
  readonly from: string
  readonly to: string
}

export interface PinnedDockerfile {
  /** The Dockerfile with all edits, everything else as it was. */
  readonly text: string
  /** In the order of the file. */
  readonly edits: readonly Edit[]
  /** What is not pinned by the text, and why. */
  readonly problems: readonly { readonly location?: Place; readonly text: string; readonly why: string }[]
}

/**
 * Puts digests and commits into the text of a Dockerfile: `FROM alpine:3.22@sha256:...`, `ADD --checksum=sha256:... https://...`,
 * `ADD https://github.com/org/repo.git#<commit>`. A word that holds variables says several things and is left to its author.
 * Never throws.
 */
export function pinDockerfile(text: string, dockerfile: Dockerfile, pins: readonly SourcePin[]): PinnedDockerfile {
  const offsetOf = offsets(text)
  const edits = new Map<number, Edit & { offset: number }>()
  const problems: PinnedDockerfile['problems'][number][] = []
  const adds = addInstructions(dockerfile)

  for (const pin of pins) {
    const { source, locations, namedContext } = pin
    if (source.kind === 'local') continue
    const fail = (why: string, location?: Place) =>
      problems.push({ text: source.identifier, why, ...(location && { location }) })
    if (locations.length === 0) {
      fail('the Dockerfile does not name it')
      continue
    }
    if (namedContext !== undefined) {
      fail(`it is the named context ${namedContext}: pin it where that is given`, locations[0])
      continue
    }
    for (const location of locations) {
      const found = editAt(pin, { text, location, offset: offsetOf(location), adds, offsetOf })
      if (typeof found === 'string') fail(found, location)
      else if (found !== undefined) {
        const other = edits.get(found.offset)
        if (other === undefined || (other.from === found.from && other.to === found.to)) edits.set(found.offset, found)
        else fail('the same words name several sources', location)
      }
    }
  }

  const sorted = [...edits.values()].sort((a, b) => a.offset - b.offset)
  let result = ''
  let at = 0
  for (const { offset, from, to } of sorted) {
    result += text.slice(at, offset) + to
    at = offset + from.length
  }
  const plain = sorted.map(({ location, from, to }): Edit => ({ location, from, to }))
  return { text: result + text.slice(at), edits: plain, problems }
}

interface At {
  readonly text: string
  readonly location: Place
  readonly offset: number
  readonly adds: ReadonlyMap<string, CopyInstruction>
  readonly offsetOf: (place: Place) => number
}

/** The edit that pins a source at one place; undefined where it is pinned there; in words why there is none. */
function editAt(pin: SourcePin, at: At): (Edit & { offset: number }) | string | undefined {
  switch (pin.source.kind) {
    case 'image':
      return imageEdit(pin, at)
    case 'git':
      return gitEdit(pin, at)
    case 'http':
      return checksumEdit(pin, at)
    default:
      return `${pin.source.kind} sources are not pinned in a Dockerfile`
  }
}

/** What may stand before a reference: nothing, a flag, or a flag with fields before `from`. */
const beforeReference = /^(?:--from=|--mount=(?:[^\s,"'$\\`]+,)*from=)?/

function imageEdit({ source, digest }: SourcePin, { text, location, offset }: At) {
  const rest = text.slice(offset, offset + 4096)
  const before = beforeReference.exec(rest)?.[0] ?? ''
  const word = /^[^\s,]+/.exec(rest.slice(before.length))?.[0] ?? ''
  const written = asReference(word)
  if (written === undefined || `docker-image://${written.name}` !== source.identifier) {
    return `${JSON.stringify(word)} does not spell it out`
  }
  if (written.digest === digest) return undefined
  const name = word.replace(/@.*/, '')
  const tagged = written.isUntagged ? `${name}:latest` : name
  const start = offset + before.length
  return { offset: start, location: shifted(location, before.length), from: word, to: `${tagged}@${digest}` }
}

function asReference(word: string): { name: string; digest?: string; isUntagged: boolean } | undefined {
  try {
    const reference = parseReference(word)
    const { tag, digest } = reference
    const name = formatReference(tagNameOnly(reference))
    return { name, ...(digest !== undefined && { digest }), isUntagged: tag === undefined && digest === undefined }
  } catch {
    // variables, quotes, or a name that a continuation cuts in two
    return undefined
  }
}

/** The ref in the fragment gives way to the commit; where the query says it, the commit is said beside it. */
function gitEdit({ source, digest: commit }: SourcePin, { text, location, offset }: At) {
  const word = /^[^\s]+/.exec(text.slice(offset, offset + 4096))?.[0] ?? ''
  const named = asGitRef(word)
  if (named === undefined || gitSource(named).identifier !== source.identifier) {
    return `${JSON.stringify(word)} does not spell it out`
  }
  if (!isCommitHash(commit)) return `${commit} is no commit`
  if (named.ref === commit || named.checksum === commit) return undefined
  if (named.checksum !== '') return 'its query names the commit in another way'
  const [base, fragment] = splitOnce(word, '#')
  const isInQuery = base.includes('?')
  const [, subdir] = splitOnce(fragment, ':')
  const to = isInQuery
    ? `${base}&checksum=${commit}${fragment === '' ? '' : `#${fragment}`}`
    : `${base}#${commit}${subdir === '' ? '' : `:${subdir}`}`
  return { offset, location, from: word, to }
}

function asGitRef(word: string): GitRef | undefined {
  try {
    return parseGitRef(word)
  } catch {
    // variables or quotes in its query
    return undefined
  }
}

/** The checksum goes to the flags of ADD; variables in the URL do no harm, since it holds for whatever they lead to. */
function checksumEdit({ digest }: SourcePin, { text, location, adds, offsetOf }: At) {
  const command = adds.get(placeKey(location))
  if (command === undefined) return 'no ADD of this file names it'
  if (command.sources.length !== 1) return 'its ADD has several sources, and --checksum goes with one'
  if (command.checksum !== undefined) {
    return command.checksum.text === digest ? undefined : '--checksum is another one, or holds variables'
  }
  const offset = offsetOf(command.place)
  const name = text.slice(offset, offset + 'ADD'.length)
  if (name.toUpperCase() !== 'ADD') return 'its ADD is a trigger'
  return { offset, location: command.place, from: name, to: `${name} --checksum=${digest}` }
}

function addInstructions({ stages }: Dockerfile): Map<string, CopyInstruction> {
  const found = new Map<string, CopyInstruction>()
  for (const { commands } of stages) {
    for (const command of commands) {
      if (command.kind !== 'add') continue
      for (const word of command.sources) found.set(placeKey(word.place), command)
    }
  }
  return found
}

/** Where places stand in the text; a mark at its beginning is part of no line. */
function offsets(text: string): (place: Place) => number {
  const starts = [text.startsWith('\ufeff') ? 1 : 0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return ({ line, column }) => (starts[line - 1] ?? text.length) + column - 1
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function shifted({ file, line, column }: Place, by: number): Place {
  return { file, line, column: column + by }
}

function placeKey({ file, line, column }: Place): string {
  return JSON.stringify([file, line, column])
}
