/** What the decisions of a policy can depend on besides the source. */
export interface Dependencies {
  /** Whether it can see `input.env`, that of a material included. */
  readonly build: boolean
  /** Whether it can have files read. */
  readonly files: boolean
}

/** A source, one of its fields that hold no other source, or all of a source that has no materials. */
const ownField = /^\.(?:image\.(?!provenance\b)[A-Za-z]\w*|(?:git|http|local)\b)/

/**
 * What a policy can depend on, by the words of its modules: true wherever a word could mean it, even in a comment. `readers` are the
 * functions that read files; a name is always written out where it is called.
 */
export function dependenciesOf(texts: readonly string[], readers: readonly string[]): Dependencies {
  // an escape in a quoted name could hide what it says
  const isEscaped = texts.some(text => text.includes('\\'))
  const sees = (text: string) =>
    Array.from(text.matchAll(/\binput\b/g)).some(
      ({ index }) => !ownField.test(text.slice(index + 'input'.length, index + 200)),
    )
  return {
    build: isEscaped || texts.some(sees),
    files: isEscaped || texts.some(text => readers.some(name => text.includes(name))),
  }
}
