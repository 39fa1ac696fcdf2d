const SECRET = 'xxxxx'
const secretParameter =
  /token|secret|password|passwd|passphrase|signature|credential|session|jwt|api[-_]?key|^(?:sig|key|pass|pwd|pw|code|sas)$|^auth/i
/** `git@` is the name by which everybody asks, and no secret. */
const userinfo = /\/\/(?!git@)[^/?#\s]*@/g

/** The URL without user, password and the values of query parameters that look like secrets. Never throws. */
export function redactURL(url: string | URL): string {
  const text = String(url)
  // most have nothing to hide
  if (url instanceof URL && !/[@?]/.test(text)) return text
  if (!URL.canParse(text)) return text.replace(/\/\/[^/?#\s]*@/, `//${SECRET}@`).replace(/[?#].*$/s, '')
  const parsed = new URL(text)
  if (parsed.username !== '' || parsed.password !== '') {
    parsed.username = SECRET
    parsed.password = ''
  }
  for (const name of new Set(parsed.searchParams.keys())) {
    if (secretParameter.test(name)) parsed.searchParams.set(name, SECRET)
  }
  // `git://https://user:password@host/...` is a URL too, whose userinfo a parser takes for a path
  return parsed.href.replace(userinfo, `//${SECRET}@`)
}

/** The identifier of a source without user, password and secret query parameters; just as it was where it has none. Never throws. */
export function redactIdentifier(identifier: string): string {
  // `alpine@sha256:...` has no userinfo
  if (/^docker-image:|^local:|^oci-layout:/.test(identifier)) return identifier
  const anonymous = identifier.replace(userinfo, `//${SECRET}@`)
  return anonymous.includes('?') ? redactURL(anonymous) : anonymous
}
