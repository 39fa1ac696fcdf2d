import { redactURL } from '@source-policy/core'
import type { Sink } from './io.ts'

/** Shorter ones stand in too much other text to be taken out of it; nobody calls them a secret. */
const MIN_SECRET_CHARS = 4

/** Takes secrets of sources out of what is written: policies may put a whole URL into their messages. */
export interface Secrets {
  /** Remembers the credentials of a URL. */
  addURL(url: string): void
  /** The sink without what was remembered so far. */
  without(sink: Sink): Sink
}

/** Nothing remembered at first. */
export function createSecrets(): Secrets {
  const secrets = new Set<string>()
  return {
    addURL(url) {
      for (const secret of secretsOf(url)) if (secret.length >= MIN_SECRET_CHARS) secrets.add(secret)
    },
    without: sink => ({
      isTTY: sink.isTTY,
      write: text => sink.write([...secrets].reduce((rest, secret) => rest.replaceAll(secret, 'xxxxx'), text)),
    }),
  }
}

/** Password, or user where there is no password, and secret parameters, as written and decoded. */
function secretsOf(url: string): string[] {
  const found: string[] = []
  for (const [, userinfo = ''] of url.matchAll(/\/\/([^/?#\s]*)@/g)) {
    const colon = userinfo.indexOf(':')
    if (userinfo !== 'git') found.push(userinfo.slice(colon + 1))
  }
  const [, query = ''] = /\?([^#]*)/.exec(url) ?? []
  const redacted = new URLSearchParams(URL.canParse(redactURL(url)) ? new URL(redactURL(url)).search : '')
  for (const pair of query.split('&')) {
    const [name = '', value = ''] = pair.split('=', 2)
    if (redacted.get(decode(name)) === 'xxxxx') found.push(value)
  }
  return found.flatMap(secret => [secret, decode(secret)])
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // malformed escapes are what they are
    return text
  }
}
