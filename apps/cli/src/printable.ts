import { MAX_PRINTED_CHARS } from './limits.ts'

/*
 * Text of policies, registries, Dockerfiles and URLs is hostile: escape sequences repaint a terminal, bidirectional
 * controls swap what is read, invisible characters hide, and CI systems run `::set-output ...::` and `##vso[...]`.
 */

/** Control and format characters, lone surrogates, line separators, and whatever is drawn as nothing; an emoji may have its selector. */
const unsafe =
  /(?!\ufe0f)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?<!\p{Extended_Pictographic})\ufe0f/gu

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Commands of CI systems: `::name`, `##[name]`, `##vso[`, `##teamcity[`. An IPv6 address in brackets keeps its colons. */
const command = /\[[0-9a-fA-F:.]*::[0-9a-fA-F:.]*\]|::|##(?=[A-Za-z]*\[)/g

/**
 * Foreign text on one line that can do nothing but be read: what could do more is shown as `\n`, `\u{1b}`; it is cut
 * after `maxChars` (default: 4,000). Never throws.
 */
export function printable(text: string, options: { readonly maxChars?: number } = {}): string {
  const { maxChars = MAX_PRINTED_CHARS } = options
  const shown = text.length > maxChars ? `${text.slice(0, maxChars)}... (${text.length} characters)` : text
  return shown.replace(unsafe, escapeCharacter).replace(command, found => {
    return found.startsWith('[') ? found : `${found.charAt(0)}${escapeCharacter(found.charAt(1))}`
  })
}

/** Several lines of foreign text, each made printable; a tab at the beginning of a line becomes spaces, so that carets stand right. */
export function printableLines(text: string): string[] {
  return text.split('\n').map(line => {
    const indent = /^\s*/.exec(line)?.[0] ?? ''
    return indent.replace(/[^ ]/g, '  ') + printable(line.slice(indent.length))
  })
}

/** JSON of foreign values, indented: the same document to every reader of JSON, and nothing but text to a terminal. */
export function printableJSON(value: unknown): string {
  const text = JSON.stringify(value, null, 2) ?? 'null'
  return text
    .replace(unsafe, character => (character === '\n' ? character : escapeInJSON(character)))
    .replace(/##(?=[A-Za-z]*\[)/g, '#\\u0023')
}

function escapeCharacter(character: string): string {
  return named[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}

function escapeInJSON(character: string): string {
  return Array.from({ length: character.length }, (_, index) => {
    return `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`
  }).join('')
}
