import { redactURL } from '@source-policy/core'

/** Shorter ones stand in too much other text to be taken out of it; nobody calls them a secret. */
const MIN_SECRET_CHARS = 4

const REDACTED = 'xxxxx'

/**
 * Takes secrets out of foreign text before it is shown: policies may put a whole URL into their messages. What the command
 * says in its own words is left alone: whoever writes a Dockerfile chooses passwords, and could choose the name of a verdict.
 */
export interface Secrets {
  /** Remembers a password or token. */
  add(secret: string): void
  /** Remembers what an `Authorization` header carries. */
  addAuthorization(value: string): void
  /** Remembers the credentials of a URL. */
  addURL(url: string): void
  /** Remembers the credentials of all URLs in a text. */
  addText(text: string): void
  /** The text without what was remembered so far, and without the userinfo of any URL. */
  redact(text: string): string
}

/** Nothing remembered at first. */
export function createSecrets(): Secrets {
  const secrets = new Set<string>()
  let pattern: RegExp | undefined
  const add = (secret: string) => {
    for (const form of formsOf(secret)) {
      if (form.length < MIN_SECRET_CHARS || secrets.has(form)) continue
      secrets.add(form)
      pattern = undefined
    }
  }
  const addURL = (url: string) => {
    for (const secret of secretsOf(url)) add(secret)
  }
  return {
    add,
    addAuthorization(value) {
      const [scheme = '', ...credential] = value.split(' ')
      const text = credential.join(' ')
      add(text)
      if (/^basic$/i.test(scheme))
        add(
          Buffer.from(text, 'base64')
            .toString()
            .replace(/^[^:]*:/, ''),
        )
    },
    addURL,
    addText(text) {
      // from the colon on: a search for the scheme would take quadratic time in a long word
      for (const [rest] of text.matchAll(/:\/\/[^\s"'<>\\]+/g)) addURL(`http${rest}`)
    },
    redact(text) {
      pattern ??= patternOf(secrets)
      return text.replace(pattern, REDACTED).replace(userinfo, `//${REDACTED}@`)
    },
  }
}

/** As in a URL; `alpine@sha256:...` has none, and `git@` is the name by which everybody asks. */
const userinfo = /(?<!\b(?:docker-image|oci-layout|local):)\/\/(?!git@)[^/?#\s@"]+@/g

/** The longest first: one secret may be the beginning of another. */
function patternOf(secrets: ReadonlySet<string>): RegExp {
  const sorted = [...secrets].sort((a, b) => b.length - a.length)
  return sorted.length === 0 ? /(?!)/ : new RegExp(sorted.map(escapeRegExp).join('|'), 'g')
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}

/** As written, percent-decoded, and each as JSON quotes it: debug logs hold JSON. */
function formsOf(secret: string): string[] {
  return [secret, decode(secret)].flatMap(form => [form, JSON.stringify(form).slice(1, -1)])
}

/** The value with each string in it through `redact`, those of the members `except` apart. Keys stay as they are. */
export function redactStrings(
  value: unknown,
  redact: (text: string) => string,
  except: ReadonlySet<string> = new Set(),
): unknown {
  const walk = (part: unknown): unknown => {
    if (typeof part === 'string') return redact(part)
    if (Array.isArray(part)) return part.map(walk)
    if (typeof part !== 'object' || part === null) return part
    return Object.fromEntries(
      Object.entries(part).map(([name, member]) => [name, except.has(name) ? member : walk(member)]),
    )
  }
  return walk(value)
}

/** Names of build arguments whose values are secrets, by the rule with which BuildKit warns of them. */
export function isSecretName(name: string): boolean {
  const isSecret = /(?:^|_)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i.test(name)
  return isSecret && !/(?:^|_)public(?:_|$)/i.test(name)
}

/** Password, or user where there is no password, what they become in a header, and secret parameters. */
function secretsOf(url: string): string[] {
  const found: string[] = []
  for (const [, userinfo = ''] of url.matchAll(/\/\/([^/?#\s]*)@/g)) {
    if (userinfo === 'git') continue
    const colon = userinfo.indexOf(':')
    found.push(userinfo.slice(colon + 1))
    if (colon >= 0) found.push(Buffer.from(decode(userinfo)).toString('base64'))
  }
  const [, query = ''] = /\?([^#]*)/.exec(url) ?? []
  const redacted = new URLSearchParams(URL.canParse(redactURL(url)) ? new URL(redactURL(url)).search : '')
  for (const pair of query.split('&')) {
    const [name = '', value = ''] = pair.split('=', 2)
    if (redacted.get(decode(name)) === REDACTED) found.push(value)
  }
  return found
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // malformed escapes are what they are
    return text
  }
}
