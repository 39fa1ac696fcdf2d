import fc from 'fast-check'

const literals = fc.constantFrom('1', '2', '"x"', '"y"', 'true', 'false', 'null')

/** Scalars from the base documents, so that no type is known before evaluation. */
const scalars = fc.constantFrom('one', 'two', 'x', 'y', 'yes', 'no', 'nothing').map(key => `data.c.${key}`)

/** The base documents that the policies refer to. */
export const data = { c: { one: 1, two: 2, x: 'x', y: 'y', yes: true, no: false, nothing: null } }

const fields = fc.constantFrom(
  'input.a',
  'input.b',
  'input.b.x',
  'input.o',
  'input.o.x',
  'input.o.y',
  'input.o.w',
  'input.l',
  'input.l[0]',
  'input.l[1]',
  'input.m',
  'input.m[0]',
  'input.m[1].x',
  'input.n',
  'input.n.x',
  'input',
)
const collections = fc.constantFrom('input.l', 'input.m', 'input.o', 'input.b', 'input.n', 'input.o.y')

/** Expressions that refer to nothing but the input. `#` stands for a name of its own. */
const plain = fc.oneof(
  ...[
    (f: string, s: string) => `${f} == ${s}`,
    (f: string, s: string) => `${f} != ${s}`,
    (f: string) => f,
    (f: string) => `not ${f}`,
    (f: string, s: string) => `not ${f} == ${s}`,
    (f: string, s: string) => `v# := ${f}\n\tv# == ${s}`,
    (f: string) => `v# := ${f}\n\tw# := [v#, 1]\n\tw#[1] == 1`,
    (f: string, s: string) => `[q#, r#] = [${f}, ${s}]\n\tq# == r#`,
    (f: string, s: string) => `object.get(input.o, "x", ${s}) == ${f}`,
    (_: string, s: string) => `object.get(input, ["o", "x"], ${s}) == ${s}`,
    (f: string) => `is_string(${f})`,
    (f: string) => `count(${f}) > 1`,
    (f: string, s: string) => `f#l(${f}) == ${s}`,
    (f: string, s: string) => `load(${s})\n\t${f}`,
    (f: string) => `verify(input.o, ${f})`,
    (f: string, s: string) => `verify(input.b, ${s}) == ${f}`,
    (f: string, s: string) => `{"p": ${s}, "q": ${f}} == {"p": data.c.x, "q": input.a}`,
    (f: string, s: string) => `some k#, e# in [{"z": ${f}}, {"z": ${s}}]\n\tk# == data.c.one\n\te#.z == ${s}`,
    (f: string, s: string) => `v# := {"p": ${f}, "q": ${s}}\n\tsome e# in v#\n\te# == ${s}`,
    (f: string, s: string) => `every e# in [${f}, ${s}] { e# != ${s} }`,
    (f: string, s: string) => `not [${f}, ${s}][1] == ${s}`,
  ].map(make => fc.tuple(fields, scalars).map(([f, s]) => make(f, s))),
  ...[
    (c: string, s: string) => `some e# in ${c}\n\te# == ${s}`,
    (c: string, s: string) => `some k#, e# in ${c}\n\tk# != ${s}\n\te# == ${s}`,
    (c: string, s: string) => `${c}[i#] == ${s}`,
    (c: string, s: string) => `${c}[i#].x == ${s}`,
    (c: string, s: string) => `every e# in ${c} { e# != ${s} }`,
    (c: string, s: string) => `every k#, e# in ${c} { e# == input.a; k# != ${s} }`,
    (c: string) => `count([e# | e# := ${c}[_]]) == 2`,
    (c: string, s: string) => `count({e# | some e# in ${c}; e# != ${s}}) > 0`,
    (c: string, s: string) => `{k#: e# | some k#, e# in ${c}}.x == ${s}`,
    (c: string, s: string) => `${s} in ${c}`,
    (c: string, s: string) => `not ${s} in ${c}`,
    (c: string, s: string) => `{"x": z#} = ${c}\n\tz# == ${s}`,
    (c: string, s: string) => `[z#, ${s}] = ${c}`,
    (c: string) => `walk(${c}, [p#, "x"])\n\tcount(p#) == 1`,
  ].map(make => fc.tuple(collections, scalars).map(([c, s]) => make(c, s))),
)

/** Expressions that refer to the rules of the level below: h, s, p, f, g. `@` stands for that level. */
const over = fc.oneof(
  ...[
    () => 'h@',
    (_: string, s: string) => `f#l(h@) == ${s}`,
    (_: string, s: string) => `some e# in f#l({"x": h@})\n\te# == ${s}`,
    (_: string, s: string) => `every e# in f#l({"x": h@}) { e# != ${s} }`,
    (_: string, s: string) => `count(f#l({"x": h@})) == ${s}`,
    (_: string, s: string) => `g@(h@, ${s})`,
    (_: string, s: string) => `not g@(${s}, h@)`,
    (f: string) => `h@ with input.b as h@\n\t${f}`,
    () => 'not h@',
    (_: string, s: string) => `h@ == ${s}`,
    (_: string, s: string) => `s@[${s}]`,
    (_: string, s: string) => `not s@[${s}]`,
    (_: string, s: string) => `some e# in s@\n\te# == ${s}`,
    () => 'count(s@) == 0',
    (_: string, s: string) => `p@[data.c.x] == ${s}`,
    (_: string, s: string) => `p@[k#] == ${s}`,
    (_: string, s: string) => `not p@[data.c.y] == ${s}`,
    (f: string, s: string) => `g@(${f}, ${s})`,
    (f: string, s: string) => `not g@(${f}, ${s})`,
    (f: string, s: string) => `g@(${s}, ${f}) == ${s}`,
    (f: string, s: string) => `h@ == ${s} with input.a as ${f}`,
    (f: string) => `h@ with input.o.x as ${f}`,
    (f: string) => `not h@ with input.b as ${f}`,
    (_: string, s: string) => `count(s@) > 0 with input as {"a": ${s}, "l": [1, 2]}`,
    (_: string, s: string) => `h@ == ${s} with data.p.s@ as {data.c.one}`,
    (f: string, s: string) => `g@(${f}, ${s}) with load as 1`,
    (_: string, s: string) => `r@[data.c.x].q == ${s}`,
    (_: string, s: string) => `r@[k#].q == ${s}`,
    () => 'every e# in s@ { e# != data.c.one }',
    () => 'x# := {"h": p@, "s": s@}\n\tx#.s',
  ].map(make => fc.tuple(fields, scalars).map(([f, s]) => make(f, s))),
)

const bodies = fc.array(
  fc.oneof({ weight: 3, arbitrary: plain }, { weight: 3, arbitrary: over }, { weight: 1, arbitrary: literals }),
  { minLength: 1, maxLength: 3 },
)

const values = fc.oneof(
  literals,
  scalars,
  fields,
  fc.constantFrom('[data.c.one, 1]', '{"x": data.c.x}', '[input.a, 1]', '{"x": input.a}', 's@', 'p@', '[e | some e in input.l]', 'h@'),
)

interface Level {
  readonly complete: readonly {
    readonly value: string
    readonly body: readonly string[]
    readonly otherwise: string | undefined
  }[]
  readonly fallback: string | undefined
  readonly set: readonly { readonly value: string; readonly body: readonly string[] }[]
  readonly object: readonly { readonly key: string; readonly value: string; readonly body: readonly string[] }[]
  readonly nested: readonly { readonly key: string; readonly value: string; readonly body: readonly string[] }[]
  readonly functions: readonly { readonly pattern: string; readonly value: string; readonly body: readonly string[] }[]
}

const levels: fc.Arbitrary<Level> = fc.record({
  complete: fc.array(
    fc.record({
      value: fc.oneof({ weight: 2, arbitrary: fc.constant('true') }, { weight: 1, arbitrary: values }),
      body: bodies,
      otherwise: fc.option(values, { nil: undefined, freq: 4 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  fallback: fc.option(literals, { nil: undefined }),
  set: fc.array(fc.record({ value: values, body: bodies }), { minLength: 1, maxLength: 2 }),
  object: fc.array(
    fc.record({ key: fc.constantFrom('"x"', '"y"', 'input.a', 'input.o.x'), value: values, body: bodies }),
    { minLength: 1, maxLength: 2 },
  ),
  nested: fc.array(fc.record({ key: fc.constantFrom('"x"', 'input.a', 'input.l[_]'), value: values, body: bodies }), {
    minLength: 1,
    maxLength: 2,
  }),
  functions: fc.array(
    fc.record({
      pattern: fc.constantFrom('a, b', 'a, 1', '"x", b', 'a, _', '[a, _], b', '{"x": a}, b'),
      value: fc.constantFrom('true', '1', 'input.a'),
      body: bodies,
    }),
    { minLength: 1, maxLength: 2 },
  ),
})

const effect = fc.option(fc.tuple(plain, plain), { nil: undefined, freq: 3 })

/** Policies of a few levels of rules, each referring to the ones below, with a decision on top. All compile. */
export const policies: fc.Arbitrary<string> = fc
  .tuple(fc.array(levels, { minLength: 1, maxLength: 2 }), effect)
  .map(([all, pin]) =>
    [header, ...all.map(write), pin === undefined ? '' : pins(pin), decision(all.length, pin !== undefined)].join(
      '\n\n',
    ),
  )

const header = `package p

h0 if input.a
s0 contains 1 if input.a
s0 contains "x" if input.o.x
p0.x := input.a
p0[k] := 1 if some k in ["y", "z"]
r0.x.q := 1
g0(a, b) if a == b
g0(a, _) if a == "x"
fl(x) := x.x`

/** Gives names of their own to the variables of an expression, and the level to what it refers to. */
const name = (text: string, level: number): string =>
  text.replace(/f#l/g, 'fl').replace(/@/g, String(level)).replace(/#/g, '_')

const body = (statements: readonly string[], level: number): string =>
  statements.map((statement, i) => `\t${name(statement, level).replace(/\b([a-z])_(?![a-z(])/g, `$1${i}_`)}`).join('\n')

function write(level: Level, below: number): string {
  const n = below + 1
  const rules: string[] = []
  if (level.fallback !== undefined) rules.push(`default h${n} := ${level.fallback}`)
  for (const { value, body: b, otherwise } of level.complete) {
    rules.push(
      `h${n} := ${name(value, below)} if {\n${body(b, below)}\n}${otherwise === undefined ? '' : ` else := ${name(otherwise, below)}`}`,
    )
  }
  for (const { value, body: b } of level.set)
    rules.push(`s${n} contains ${name(value, below)} if {\n${body(b, below)}\n}`)
  for (const { key, value, body: b } of level.object)
    rules.push(`p${n}[${key}] := ${name(value, below)} if {\n${body(b, below)}\n}`)
  for (const { key, value, body: b } of level.nested)
    rules.push(`r${n}[${key}].q := ${name(value, below)} if {\n${body(b, below)}\n}`)
  for (const { pattern, value, body: b } of level.functions)
    rules.push(`g${n}(${pattern}) := ${value} if {\n${body(b, below)}\n}`)
  return rules.join('\n\n')
}

const pins = ([before, after]: readonly [string, string]): string =>
  `e contains 1 if {\n${body([before, 'pin(input.o, "k")', after], 0)}\n}`

const decision = (
  n: number,
  pins: boolean,
): string => `decision := {"h": top, "s": s${n}, "p": p${n}, "g": found${pins ? ', "e": e' : ''}}

default top := "none"

top := h${n}

found := [r${n}[k] | some k in ["x", 1]]`
