import { type Module, parseModule, readAnnotations, type Term } from '@source-policy/rego/syntax'
import { placeOf, ruleName } from '../explain/rule-index.ts'
import { refPath } from '../ref-path.ts'

/** A rule that is a test. */
export interface FoundTest {
  readonly name: string
  /** From `data`, without it: `['docker']`. */
  readonly package: readonly string[]
  /** `data.docker.test_x`. */
  readonly rule: string
  readonly place: string
  /** The recorded source that it wants for its input. */
  readonly fixture: string | undefined
}

/** Terms that are no boolean, whatever they hold. */
const plainValues: ReadonlySet<Term['kind']> = new Set<Term['kind']>([
  'null',
  'number',
  'string',
  'template',
  'array',
  'object',
  'set',
  'array-comprehension',
  'object-comprehension',
  'set-comprehension',
])

/**
 * The tests of modules: complete rules without arguments whose name begins with `test_`, each once. What is written as another
 * value than a boolean is what tests are made of, as for docker buildx: `test_image := {...}`.
 */
export function findTests(modules: Readonly<Record<string, string>>): FoundTest[] {
  const tests = new Map<string, FoundTest>()
  for (const [file, text] of Object.entries(modules)) {
    const module = parseModule(file, text)
    const fixtures = fixturesOf(module)
    for (const rule of module.rules) {
      const { reference, args, key, value } = rule.head
      const isPlain = value !== undefined && plainValues.has(value.kind)
      const isComplete = args === undefined && key === undefined && reference.path.length === 0 && !isPlain
      const name = reference.head.kind === 'var' ? reference.head.name : ''
      const id = ruleName(module, rule)
      if (!isComplete || !name.startsWith('test_') || tests.has(id)) continue
      const [, ...path] = refPath(module.package.path)
      tests.set(id, { name, package: path, rule: id, place: placeOf(rule.span), fixture: fixtures.get(name) })
    }
  }
  return [...tests.values()]
}

/** `custom.fixture` in the metadata of rules, by their name. */
function fixturesOf(module: Module): ReadonlyMap<string, string> {
  const fixtures = new Map<string, string>()
  for (const { target, fields } of readAnnotations(module).annotations) {
    const custom = fields.custom as { readonly fixture?: unknown } | undefined
    if (target?.kind !== 'rule' || typeof custom?.fixture !== 'string') continue
    const { head } = target.head.reference
    if (head.kind === 'var') fixtures.set(head.name, custom.fixture)
  }
  return fixtures
}
