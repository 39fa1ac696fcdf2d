const SECRET = 'xxxxx'
const secretParameter = /token|secret|password|passwd|signature|credential|api[-_]?key|^sig$|^key$|^auth/i

/** The URL without user, password and the values of query parameters that look like secrets. Never throws. */
export function redactURL(url: string | URL): string {
  const text = String(url)
  if (!URL.canParse(text)) return text.replace(/\/\/[^/?#\s]*@/, `//${SECRET}@`).replace(/[?#].*$/s, '')
  const parsed = new URL(text)
  if (parsed.username !== '' || parsed.password !== '') {
    parsed.username = SECRET
    parsed.password = ''
  }
  for (const name of new Set(parsed.searchParams.keys())) {
    if (secretParameter.test(name)) parsed.searchParams.set(name, SECRET)
  }
  return parsed.href
}
