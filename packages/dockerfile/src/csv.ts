/** The fields of one line of CSV: `type=bind,"source=a,b"`. Undefined where it is empty or its quotes do not match. */
export function splitCSV(line: string): string[] | undefined {
  const text = line.replace(/\r?\n$/, '')
  if (text === '') return undefined
  const fields: string[] = []
  let index = 0
  for (;;) {
    let field = ''
    if (text[index] === '"') {
      const match = /"((?:[^"]|"")*)"(?=,|$)/y
      match.lastIndex = index
      const quoted = match.exec(text)
      if (quoted === null) return undefined
      field = (quoted[1] ?? '').replaceAll('""', '"')
      index = match.lastIndex
    } else {
      const comma = text.indexOf(',', index)
      field = text.slice(index, comma === -1 ? undefined : comma)
      if (field.includes('"')) return undefined
      index += field.length
    }
    fields.push(field)
    if (index >= text.length) return fields
    index++
  }
}
