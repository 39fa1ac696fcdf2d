import { isSpace } from '../characters.ts'
import { MAX_EXPANDED_CHARS, MAX_EXPANSION_DEPTH } from '../limits.ts'
import { type Budget, createBudget } from './budget.ts'
import { ExpansionError } from './expansion-error.ts'
import { InvalidPattern, replacePattern, trimPrefix, trimSuffix } from './pattern.ts'

/**
 * Stands in values for what is not known before the build. A lone surrogate: no text that was decoded holds one.
 * A value may be known in part: `/opt/` and then this.
 */
export const UNKNOWN = '\ud800'

/** Whether some of the text is not known. */
export function isUnknown(text: string): boolean {
  return text.includes(UNKNOWN)
}

/** The value of a variable; undefined where it is not set; `UNKNOWN` where that cannot be told. */
export type Lookup = (name: string) => string | undefined

export interface ExpandOptions {
  readonly escapeCharacter: string
  /** Quotes stay in the result. */
  readonly rawQuotes?: boolean
  /** Escape characters stay in the result. */
  readonly rawEscapes?: boolean
  /** Quotes are characters like any other. */
  readonly plainQuotes?: boolean
  /** A variable that is not set stays as it is written. */
  readonly keepUnset?: boolean
  /** Words are wanted as well; default: the text alone. */
  readonly words?: boolean
  /** Default: one of its own. */
  readonly budget?: Budget
}

export interface Expansion {
  readonly text: string
  /** The text split at spaces outside quotes, after expansion; empty where no words are wanted. */
  readonly words: readonly string[]
}

/**
 * Expands `$X`, `${X}` and `${X...}`, and takes quotes and escapes off, as BuildKit's shell words do. Throws ExpansionError.
 *
 * @see https://docs.docker.com/reference/dockerfile/#environment-replacement
 */
export function expand(input: string, lookup: Lookup, options: ExpandOptions): Expansion {
  return new Expander(input, lookup, options).run()
}

const END = ''
const digit = /\p{Nd}/u
const letterOrDigit = /[\p{L}\p{Nd}_]/u
const specialParameter = /[@*#?\-$!0]/
const heredocSpace = /[\t\r ]/

class Expander {
  private readonly characters: readonly string[]
  private readonly lookup: Lookup
  private readonly options: ExpandOptions
  private index = 0
  private depth = 0
  private readonly budget: Budget
  private rawEscapes: boolean
  /** Shared by nested words, which empty it: BuildKit loses the beginning of an outer word this way. */
  private word = ''

  constructor(input: string, lookup: Lookup, options: ExpandOptions) {
    // Go's scanner skips a byte order mark at the beginning
    this.characters = Array.from(input.startsWith('\ufeff') ? input.slice(1) : input)
    this.lookup = lookup
    this.options = options
    this.rawEscapes = options.rawEscapes ?? false
    this.budget = options.budget ?? createBudget()
  }

  run(): Expansion {
    return this.expandUntil(END, this.rawEscapes, false)
  }

  private peek(): string {
    return this.characters[this.index] ?? END
  }

  private next(): string {
    return this.characters[this.index++] ?? END
  }

  private expandUntil(stop: string, rawEscapes: boolean, forPattern: boolean): Expansion {
    if (++this.depth > MAX_EXPANSION_DEPTH) {
      throw new ExpansionError(`substitutions are nested deeper than ${MAX_EXPANSION_DEPTH}`, 'limit')
    }
    const outerRawEscapes = this.rawEscapes
    this.rawEscapes = rawEscapes
    this.word = ''
    const words: string[] = []
    let inWord = false
    let text = ''

    const wantsWords = this.options.words === true

    const addRaw = (part: string): void => {
      if (!wantsWords) return
      this.word += part
      inWord = true
    }
    const addCharacter = (character: string): void => {
      if (!wantsWords) return
      if (!isSpace(character)) addRaw(character)
      else if (inWord && this.word !== '') {
        words.push(this.word)
        this.word = ''
        inWord = false
      }
    }
    const finish = (): Expansion => {
      if (this.word !== '') words.push(this.word)
      this.word = ''
      this.rawEscapes = outerRawEscapes
      this.depth--
      return { text, words }
    }

    for (;;) {
      const character = this.peek()
      if (character === END) break
      if (character === stop) {
        this.index++
        return finish()
      }
      const special = this.expandSpecial(character, forPattern)
      if (special !== undefined) {
        text += special
        if (character === '$' && wantsWords) for (const part of special) addCharacter(part)
        else addRaw(special)
      } else {
        this.index++
        let plain = character
        if (character === this.options.escapeCharacter) {
          if (this.rawEscapes) {
            addRaw(character)
            text += character
          }
          plain = this.next()
          if (plain === END) break
          addRaw(plain)
        } else addCharacter(plain)
        text += plain
      }
      this.bound(text)
    }
    if (stop !== END) throw new ExpansionError(`the statement ends where ${JSON.stringify(stop)} was expected`)
    return finish()
  }

  private expandSpecial(character: string, forPattern: boolean): string | undefined {
    if (character === '$') return this.expandDollar()
    if (character === '<') return this.readHeredocMark()
    if (this.options.plainQuotes === true) return undefined
    if (character === "'") return this.readSingleQuoted(forPattern)
    if (character === '"') return this.readDoubleQuoted(forPattern)
    return undefined
  }

  private readSingleQuoted(forPattern: boolean): string {
    const opening = this.next()
    let text = this.options.rawQuotes === true ? opening : ''
    for (;;) {
      const character = this.next()
      if (character === END) throw new ExpansionError('a single quote is not closed')
      if (character === "'") return this.options.rawQuotes === true ? text + character : text
      if (forPattern && character === this.options.escapeCharacter) text += character
      text += character
    }
  }

  private readDoubleQuoted(forPattern: boolean): string {
    const { escapeCharacter, rawQuotes = false } = this.options
    const opening = this.next()
    let text = rawQuotes ? opening : ''
    for (;;) {
      const character = this.peek()
      if (character === END) throw new ExpansionError('a double quote is not closed')
      if (character === '$') {
        text += this.expandDollar()
        this.bound(text)
        continue
      }
      this.index++
      if (character === '"') return rawQuotes ? text + character : text
      if (character !== escapeCharacter) {
        text += character
        continue
      }
      const escaped = this.peek()
      if (escaped === END) continue
      // only quotes, dollar signs and the escape character itself can be escaped here
      if (escaped === '"' || escaped === '$' || escaped === escapeCharacter) {
        if (this.rawEscapes) text += character
        text += this.next()
      } else {
        if (this.rawEscapes && (!rawQuotes || forPattern)) text += character
        text += character
      }
    }
  }

  private expandDollar(): string {
    this.index++
    if (this.peek() !== '{') {
      const name = this.readName()
      if (name === '') return '$'
      const value = this.read(name)
      return value ?? (this.options.keepUnset === true ? `$${name}` : '')
    }
    this.index++
    const first = this.peek()
    if (first === END) throw new ExpansionError('} is missing')
    if (first === '{' || first === '}' || first === ':') throw new ExpansionError('bad substitution')
    const name = this.readName()
    const operator = this.next()
    switch (operator) {
      case '}': {
        const value = this.read(name)
        return value ?? (this.options.keepUnset === true ? `\${${name}}` : '')
      }
      case ':':
        return this.expandModifier(name, this.next(), true)
      case '+':
      case '-':
      case '?':
      case '#':
      case '%':
        return this.expandModifier(name, operator, false)
      case '/':
        return this.expandReplacement(name)
      default:
        throw new ExpansionError(`unsupported modifier ${JSON.stringify(operator)} in a substitution`)
    }
  }

  private expandModifier(name: string, operator: string, emptyIsUnset: boolean): string {
    const isPattern = operator === '#' || operator === '%'
    const written = emptyIsUnset ? `:${operator}` : operator
    if (emptyIsUnset && isPattern) {
      throw new ExpansionError(`unsupported modifier ${JSON.stringify(written)} in a substitution`)
    }
    const word = this.expandUntil('}', isPattern, isPattern).text
    const value = this.read(name)
    if (this.options.keepUnset === true && value === undefined) return `\${${name}${written}${word}}`
    const isSet = value !== undefined && !(emptyIsUnset && value === '')
    // whether a value that is known in part is empty can be told, one that is not known at all may be unset
    const isOpen = value !== undefined && isUnknown(value)
    switch (operator) {
      case '-':
        return isSet ? value : word
      case '+':
        if (isOpen) return value === UNKNOWN ? UNKNOWN : word
        return isSet ? word : ''
      case '?':
        if (isSet) return value
        throw new ExpansionError(
          `${name}: ${word === '' ? `is not allowed to be ${value === '' ? 'empty' : 'unset'}` : word}`,
        )
      case '#':
      case '%': {
        if (isOpen || isUnknown(word)) return UNKNOWN
        const longest = word.startsWith(operator)
        const pattern = longest ? word.slice(1) : word
        const trim = operator === '#' ? trimPrefix : trimSuffix
        return this.matching(pattern, () => trim(value ?? '', pattern, longest, this.budget.spendSteps))
      }
      default:
        throw new ExpansionError(`unsupported modifier ${JSON.stringify(written)} in a substitution`)
    }
  }

  private expandReplacement(name: string): string {
    const all = this.peek() === '/'
    if (all) this.index++
    const pattern = this.expandUntil('/', true, true).text
    const replacement = this.expandUntil('}', true, false).text
    const value = this.read(name)
    if (this.options.keepUnset === true && value === undefined) return `\${${name}/${pattern}/${replacement}}`
    if (isUnknown(value ?? '') || isUnknown(pattern) || isUnknown(replacement)) return UNKNOWN
    return this.matching(pattern, () =>
      replacePattern(value ?? '', pattern, replacement, { all, spend: this.budget.spendSteps }),
    )
  }

  private matching(pattern: string, match: () => string): string {
    try {
      return match()
    } catch (error) {
      if (!(error instanceof InvalidPattern)) throw error
      throw new ExpansionError(`invalid pattern ${JSON.stringify(pattern)} in a substitution: ${error.message}`)
    }
  }

  private read(name: string): string | undefined {
    const value = this.lookup(name)
    if (value !== undefined) this.budget.spendChars(value.length)
    return value
  }

  private readName(): string {
    const first = this.peek()
    let name = ''
    if (digit.test(first)) {
      while (digit.test(this.peek())) name += this.next()
      return name
    }
    if (first !== END && specialParameter.test(first)) return this.next()
    while (letterOrDigit.test(this.peek())) name += this.next()
    return name
  }

  /** `<<` and the spaces after it stay with the word that follows. */
  private readHeredocMark(): string {
    this.index++
    if (this.peek() !== '<') return '<'
    this.index++
    let mark = '<<'
    while (heredocSpace.test(this.peek())) mark += this.next()
    return mark
  }

  private bound(text: string): void {
    if (text.length > MAX_EXPANDED_CHARS) {
      throw new ExpansionError(`a word expands to more than ${MAX_EXPANDED_CHARS} characters`, 'limit')
    }
  }
}
