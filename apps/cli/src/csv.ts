/**
 * The fields of one CSV record; undefined where its quotes are wrong.
 *
 * @see https://www.rfc-editor.org/rfc/rfc4180#section-2
 */
export function parseCSV(text: string): string[] | undefined {
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y
  const fields: string[] = []
  for (;;) {
    const match = field.exec(text)
    if (match === null) return undefined
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
    if (match[3] === '') return fields
  }
}
