/** A Rego error with the line that it is about and a caret below the column; undefined for any other error. */
export async function excerptOf(thrown: unknown): Promise<string | undefined> {
  // by name: the language is loaded only where a policy was, and then this is a copy of its class
  if (!(thrown instanceof Error) || thrown.name !== 'RegoError') return undefined
  const { RegoError, renderError } = await import('@source-policy/rego')
  return thrown instanceof RegoError ? renderError(thrown) : undefined
}
