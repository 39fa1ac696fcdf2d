import { AttestationError, checkIdentity, type Identity } from '@source-policy/attestation'
import { parseReference, type Reference } from '@source-policy/oci'
import { ImageSourceError } from './error.ts'

/** What a policy wants of the signatures of an image. */
export interface VerifyImageOptions {
  /** Key files of the policy. */
  readonly keys: readonly string[]
  readonly identities: readonly Identity[]
  /** File of the policy with the trust root; default: those of the operator. */
  readonly trustRoot?: string
  /** Type of the predicate of an attestation that is wanted, in place of a signature of the image. */
  readonly attestation?: string
  /** Annotations that have to be signed along. */
  readonly annotations: Readonly<Record<string, string>>
  /** How many of the keys and identities have to have signed, each by a signer of its own. */
  readonly threshold: number
  /** Where signatures are kept, in place of the repository of the image. */
  readonly repository?: Reference
}

type Members = Readonly<Record<string, unknown>>

const identityMembers = ['issuer', 'issuerRegExp', 'subject', 'subjectRegExp']

/** Reads each option; a name that is not here is refused, since it might have been meant to say something. */
const readers: Readonly<Record<string, (value: unknown, name: string) => Partial<VerifyImageOptions>>> = {
  key: (value, name) => ({ keys: [text(value, name)] }),
  keys: (value, name) => ({ keys: list(value, name, text) }),
  identity: (value, name) => ({ identities: [identity(value, name)] }),
  identities: (value, name) => ({ identities: list(value, name, identity) }),
  trustRoot: (value, name) => ({ trustRoot: text(value, name) }),
  attestation: (value, name) => ({ attestation: text(value, name) }),
  annotations: (value, name) => ({ annotations: texts(value, name) }),
  threshold: (value, name) => ({ threshold: count(value, name) }),
  repository: (value, name) => ({ repository: repository(value, name) }),
}

/** Throws `invalid_call` for whatever the options of `verify_image` cannot be. */
export function readVerifyOptions(value: unknown): VerifyImageOptions {
  const members = object(value, 'the options')
  for (const [one, many] of [
    ['key', 'keys'],
    ['identity', 'identities'],
  ] as const) {
    if (members[one] !== undefined && members[many] !== undefined) refuse(`${one} and ${many} are both given`)
  }
  const given = Object.entries(members).map(([name, member]) => {
    const read = Object.hasOwn(readers, name) ? readers[name] : undefined
    return (
      read?.(member, name) ?? refuse(`there is no option ${quote(name)}; expected ${Object.keys(readers).join(', ')}`)
    )
  })
  const options: VerifyImageOptions = Object.assign(
    { keys: [], identities: [], annotations: {}, threshold: 1 },
    ...given,
  )
  const authorities = options.keys.length + options.identities.length
  if (authorities === 0 && options.trustRoot === undefined && options.attestation === undefined) {
    refuse('expected one of key, keys, identity, identities, trustRoot and attestation: anybody can sign')
  }
  if (new Set(options.keys).size < options.keys.length) refuse('a key is given twice')
  if (authorities > 0 && options.threshold > authorities) {
    refuse(`threshold ${options.threshold} of ${authorities} can never be reached`)
  }
  return options
}

function identity(value: unknown, name: string): Identity {
  const members = texts(value, name)
  const strange = Object.keys(members).find(member => !identityMembers.includes(member))
  if (strange !== undefined) {
    refuse(`${name} has no member ${quote(strange)}; expected ${identityMembers.join(', ')}`)
  }
  try {
    checkIdentity(members)
    return members
  } catch (error) {
    if (!(error instanceof AttestationError)) throw error
    return refuse(`${name}: ${error.message}`)
  }
}

function repository(value: unknown, name: string): Reference {
  const given = text(value, name)
  try {
    const { domain, path, tag, digest } = parseReference(given)
    if (tag === undefined && digest === undefined) return { domain, path }
  } catch {
    // told below, as what it is not
  }
  return refuse(`${name}: ${quote(given)} is no repository`)
}

function object(value: unknown, name: string): Members {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? (value as Members) : refuse(`${name}: expected an object`)
}

function text(value: unknown, name: string): string {
  return typeof value === 'string' && value !== '' ? value : refuse(`${name}: expected a string that is not empty`)
}

function texts(value: unknown, name: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(object(value, name)).map(([key, member]) => [key, text(member, `${name}.${key}`)]),
  )
}

function list<T>(value: unknown, name: string, read: (item: unknown, name: string) => T): T[] {
  if (!Array.isArray(value) || value.length === 0) return refuse(`${name}: expected an array that is not empty`)
  return value.map((item, index) => read(item, `${name}[${index}]`))
}

function count(value: unknown, name: string): number {
  const isCount = typeof value === 'number' && Number.isSafeInteger(value) && value >= 1
  return isCount ? value : refuse(`${name}: expected a whole number from 1 on`)
}

function quote(value: string): string {
  return JSON.stringify(value.slice(0, 100))
}

function refuse(problem: string): never {
  throw new ImageSourceError('invalid_call', `verify_image: ${problem}`)
}
