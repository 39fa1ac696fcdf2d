import { RE2JS, RE2JSException } from 're2js'
import { AttestationError } from './error.ts'
import { MAX_PATTERN_LENGTH } from './limits.ts'
import type { Signer } from './signer.ts'

/** Who is to have signed: one of `issuer` and `issuerRegExp`, and one of `subject` and `subjectRegExp`. */
export interface Identity {
  /** OIDC issuer, compared as it stands: `https://token.actions.githubusercontent.com`. */
  readonly issuer?: string
  /** RE2 syntax. It has to match the whole issuer, as if it stood between `^(?:` and `)$`. */
  readonly issuerRegExp?: string
  /** Subject alternative name of the certificate, compared as it stands. */
  readonly subject?: string
  /** RE2 syntax. It has to match the whole name: `acme/app` matches no URL that merely contains it. */
  readonly subjectRegExp?: string
}

/**
 * Whether the signer is the one that is wanted: the issuer of its certificate, and any of the names in it. Regular expressions
 * take linear time. Throws `invalid_identity` for an identity that leaves issuer or subject open (say `.*` where that is
 * meant), gives one twice, or has a malformed expression.
 */
export function matchesIdentity(signer: Signer, identity: Identity): boolean {
  const { issuer, names } = matchersOf(identity)
  return signer.issuer !== undefined && issuer(signer.issuer) && signer.names.some(({ value }) => names(value))
}

/** Throws `invalid_identity` where `matchesIdentity` would, without a signer. */
export function checkIdentity(identity: Identity): void {
  matchersOf(identity)
}

type Matcher = (text: string) => boolean

function matchersOf(identity: Identity): { issuer: Matcher; names: Matcher } {
  const { issuer, issuerRegExp, subject, subjectRegExp } = identity
  return {
    issuer: matcherOf('issuer', issuer, issuerRegExp),
    names: matcherOf('subject', subject, subjectRegExp),
  }
}

function matcherOf(what: string, text: string | undefined, pattern: string | undefined): Matcher {
  if ((text === undefined) === (pattern === undefined)) {
    const got = text === undefined ? 'neither' : 'both'
    throw new AttestationError('invalid_identity', `reading identity: expected ${what} or ${what}RegExp, got ${got}`)
  }
  if (text === '' || pattern === '') {
    throw new AttestationError('invalid_identity', `reading identity: the ${what} is empty`)
  }
  if (pattern === undefined) return value => value === text
  const compiled = compile(what, pattern)
  return value => compiled.matches(value)
}

function compile(what: string, pattern: string): RE2JS {
  if (pattern.length > MAX_PATTERN_LENGTH) {
    throw new AttestationError(
      'invalid_identity',
      `reading identity: ${what}RegExp has ${pattern.length} characters, at most ${MAX_PATTERN_LENGTH} are allowed`,
    )
  }
  try {
    return RE2JS.compile(pattern)
  } catch (cause) {
    if (!(cause instanceof RE2JSException)) throw cause
    throw new AttestationError('invalid_identity', `reading identity: ${what}RegExp: ${cause.message}`, { cause })
  }
}
