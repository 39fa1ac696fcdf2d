/** A program that tries to hang the compiler or to fill its memory: its name, and its rules. */
export type HostileProgram = readonly [name: string, rules: string]

const lines = (count: number, make: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => make(i)).join('\n')

const doubling = (name: string): string => lines(60, i => `${name}${i + 1} := [${name}${i}, ${name}${i}]`)
const nested = (open: string, inside: string, close: string, depth: number): string =>
  open.repeat(depth) + inside + close.repeat(depth)

const types: readonly HostileProgram[] = [
  ['rules whose types double', `a0 := [1, "x"]\n${doubling('a')}\nr := a60`],
  ['locals whose types double', `r := a60 if {\na0 := [1, "x"]\n${doubling('a')}\n}`],
  ['a comparison of types that double', `r if {\na0 := 1\nb0 := 1\n${doubling('a')}\n${doubling('b')}\na60 == b60\n}`],
  ['a message about a large type', `r if {\na0 := 1\n${lines(10, i => `a${i + 1} := [a${i}, a${i}]`)}\na10 == 1\n}`],
  ['types inside types', `r if {\na0 := 1\n${lines(3000, i => `a${i + 1} := [a${i}]`)}\na3000 == 1\n}`],
  ['a comparison of nested literals', `r if ${nested('[', '1', ']', 100)} == ${nested('[', '2', ']', 100)}`],
  [
    'objects whose types double',
    `r := a40 if {\na0 := input.x\n${lines(40, i => `a${i + 1} := {"a": a${i}, "b": a${i}}`)}\n}`,
  ],
  [
    'functions whose types double',
    `f0(x) := [x, x]\n${lines(40, i => `f${i + 1}(x) := [f${i}(x), f${i}(x)]`)}\nr := f40(1)`,
  ],
  ['a set of thousands of types', lines(3000, i => `r contains {"k${i}": ${i}}`)],
  [
    'unions of types, one on the other',
    `a0 := [1] if input.x\na0 := "a" if input.y\n${lines(60, i => `a${i + 1} := [a${i}] if input.x\na${i + 1} := {"k": a${i}} if input.y`)}\nr := a60`,
  ],
  [
    'a union of thousands of objects',
    `${lines(3000, i => `a := {"k${i}": {"l": ${i}}} if input.x == ${i}`)}\nr := a.k1.l`,
  ],
  ['a function of thousands of definitions', `${lines(3000, i => `f(${i}) := {"k${i}": ${i}}`)}\nr := f(input.x)`],
]

const chains: readonly HostileProgram[] = [
  ['a chain of thousands of rules', `r := a3000\na0 := 1\n${lines(3000, i => `a${i + 1} := a${i} + 1`)}`],
  ['a chain of ten thousand rules', `r := a0\na10000 := 1\n${lines(10_000, i => `a${i} := a${i + 1}`)}`],
  [
    'a chain of ten thousand functions',
    `r := f0(1)\nf10000(x) := x\n${lines(10_000, i => `f${i}(x) := f${i + 1}(x)`)}`,
  ],
  ['a cycle of thousands of rules', `r := a0\n${lines(2000, i => `a${i} := a${(i + 1) % 2000}`)}`],
  ['rules that all name each other', `r := 1\n${lines(150, i => `p${i} if { ${lines(150, j => `p${j}`)} }`)}`],
  ['rules that all name a package', `r := 1\n${lines(3000, i => `p${i} := count(data) if input.x == ${i}`)}`],
  [
    'thousands of branches',
    `r := 1 if { input.x == 0 }${lines(2000, i => ` else := ${i} if { input.x == ${i} }`).replaceAll('\n', '')}`,
  ],
  ['twenty thousand branches', `r := 1 if { input.x == 0 }${' else := 2 if { input.x == 1 }'.repeat(20_000)}`],
  ['thousands of definitions', lines(20_000, i => `r := ${i} if input.x == ${i}`)],
  ['thousands of rules of one body', `r if { true }${' { true }'.repeat(10_000)}`],
  ['thousands of partial rules', lines(10_000, i => `r[${i}] := ${i} if input.x`)],
  ['thousands of rules below each other', lines(400, i => `r${lines(i, j => `.a${j}`).replaceAll('\n', '')}.z := 1`)],
]

const bodies: readonly HostileProgram[] = [
  ['a body in the worst order', `r if {\n${lines(1000, i => `x${i} = x${i + 1} + 1`)}\nx1000 = 1\n}`],
  ['a body in the worst order, twice as long', `r if {\n${lines(2000, i => `x${i} = x${i + 1} + 1`)}\nx2000 = 1\n}`],
  ['thousands of unsafe variables', `r if {\n${lines(3000, i => `x${i} == x${i + 1}`)}\n}`],
  ['thousands of variables without an order', `r if {\n${lines(3000, i => `x${i} = x${(i + 1) % 3000} + 1`)}\n}`],
  ['a body of fifty thousand expressions', `r if {\n${lines(50_000, () => 'input.x == 1')}\n}`],
  ['a body of thousands of locals', `r := x9999 if {\nx0 := 1\n${lines(9_999, i => `x${i + 1} := x${i}`)}\n}`],
  ['comprehensions inside each other', `r := ${nested('[x | x := ', '1', ']', 100)}`],
  ['comprehensions beside each other', `r if {\n${lines(3000, i => `x${i} := [y | some y in input.x; y > ${i}]`)}\n}`],
  [
    'thousands of `with`',
    `q if input.x\nr if {\n${lines(1000, i => `q with input as {"x": ${i}} with data.z as 1`)}\n}`,
  ],
  [
    'a `with` of thousands of targets',
    `q if input.x\nr if q ${lines(3000, i => `with input.k${i} as ${i}`).replaceAll('\n', ' ')}`,
  ],
  ['thousands of `every`', `r if {\n${lines(500, () => 'every x in [1, 2] { x > 0 }')}\n}`],
  ['`every` inside each other', `r if { ${nested('every x in [1] { x == 1; ', 'true', ' }', 100)} }`],
  ['`some` by the thousand', `r if {\nsome ${lines(10_000, i => `x${i}`).replaceAll('\n', ', ')}\ninput[x0]\n}`],
  ['`not` by the thousand', `r if {\n${lines(10_000, i => `not input.k${i}`)}\n}`],
  ['unused locals by the thousand', `r if {\n${lines(10_000, i => `x${i} := ${i}`)}\n}`],
  ['template strings by the thousand', `r if {\n${lines(3000, i => `$"{input.x} {${i}}" == "a"`)}\n}`],
  ['calls by the thousand in one expression', `r := [${lines(5_000, i => `count([${i}])`).replaceAll('\n', ', ')}]`],
  ['errors by the thousand', `r if {\n${lines(10_000, i => `count(${i})`)}\n}`],
  ['undefined functions by the thousand', `r if {\n${lines(10_000, i => `f${i}(${i})`)}\n}`],
  ['a destructuring of thousands', `r if [${lines(5_000, i => `x${i}`).replaceAll('\n', ', ')}] = input.x`],
]

const texts: readonly HostileProgram[] = [
  ['a template of thousands of parts', `r := $"${'{input.x}'.repeat(2000)}"`],
  ['a name of thousands of parts', `r${'.b'.repeat(5000)} := 1`],
  ['a ref of thousands of parts', `r := input${'.b'.repeat(50_000)}`],
  ['a ref of thousands of variables', `r := input${lines(3000, i => `[x${i}]`).replaceAll('\n', '')}`],
  ['a huge object', `r := {${lines(20_000, i => `"k${i}": {"a": ${i}},`)}}`],
  ['a huge set', `r := {${lines(50_000, i => `"k${i}"`).replaceAll('\n', ', ')}}`],
  ['a huge set of calls', `r := {${lines(5_000, i => `count([${i}])`).replaceAll('\n', ', ')}}`],
  [
    'a huge set of alike arrays',
    `r := {${lines(1_000, i => `[${'input.x, '.repeat(100)}${i}, input.y]`).replaceAll('\n', ', ')}}`,
  ],
  ['a huge array', `r := [${'1,'.repeat(200_000)}]`],
  ['a huge text', `r := "${'x'.repeat(1_000_000)}"`],
  ['a text of escapes', `r := "${'\\u0041'.repeat(200_000)}"`],
  ['a number of a million digits', `r := ${'9'.repeat(1_000_000)} == ${'9'.repeat(999_999)}8`],
  ['a huge exponent', 'r := 1e999999999 == 1e999999998'],
  ['a million blank lines', `${'\n'.repeat(1_000_000)}r := 1`],
  ['a comment of a million letters', `# ${'x'.repeat(1_000_000)}\nr := 1`],
  ['annotations by the thousand', lines(2_000, i => `# METADATA\n# title: t${i}\nr${i} := 1\n`)],
  [
    'an annotation of thousands of lines',
    `# METADATA\n# custom:\n${lines(20_000, i => `#   k${i}: v`)}\nr := rego.metadata.rule()`,
  ],
  ['an annotation nested by brackets', `# METADATA\n# custom: ${'['.repeat(20_000)}\nr := rego.metadata.rule()`],
  [
    'an annotation of anchors that double',
    `# METADATA\n# custom:\n#   a0: &a0 [x, x]\n${lines(60, i => `#   a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`)}\nr := rego.metadata.rule()`,
  ],
]

const depth = 100_000
const nestings: readonly HostileProgram[] = [
  ['brackets', `r := ${nested('[', '1', ']', depth)}`],
  ['open brackets', `r := ${'['.repeat(depth)}`],
  ['braces', `r := ${nested('{', '1', '}', depth)}`],
  ['objects', `r := ${nested('{"a":', '1', '}', depth)}`],
  ['parentheses', `r := ${nested('(', '1', ')', depth)}`],
  ['calls', `r := ${nested('count(', '1', ')', depth)}`],
  ['selected calls', `r := f${'(1)[0]'.repeat(depth)}`],
  ['refs in brackets', `r := input${nested('[input', '', ']', depth)}`],
  ['refs in brackets, flat', `r := input${'[input.x]'.repeat(depth)}`],
  ['comprehensions', `r := ${nested('[x | x := ', '1', ']', depth)}`],
  ['sums', `r := 1${' + 1'.repeat(depth)}`],
  ['unions', `r := {1}${' | {1}'.repeat(depth)}`],
  ['comparisons', `r if 1${' == 1'.repeat(depth)}`],
  ['memberships', `r if { 1${' in [1]'.repeat(depth)} }`],
  ['minus signs', `r := ${'- '.repeat(depth)}1`],
  ['`every`', `r if { ${nested('every x in [1] { ', 'true', ' }', depth)} }`],
  ['`not`', `r if { ${'not '.repeat(depth)}true }`],
  ['templates', `r := ${nested('$"{', '1', '}"', depth)}`],
  ['`with` in `with`', `r if ${'true with input as '.repeat(depth)}1`],
  ['`with` beside `with`', `r if true${' with input as 1'.repeat(depth)}`],
  ['`else`', `r if { false }${' else if { false }'.repeat(depth / 5)}`],
  ['assignments', `r if { x := ${'y := '.repeat(depth)}1 }`],
  ['sets of objects in refs', `r := ${'{"a": ['.repeat(250)}1${']}'.repeat(250)}[0]`],
  [
    'the deepest term that is read',
    `r := ${nested('[', '1', ']', 490)} if ${nested('[', '1', ']', 490)} == ${nested('[', 'x', ']', 490)}`,
  ],
  ['the deepest objects', `r := ${nested('{"a": ', 'input.x', '}', 490)}`],
  ['the deepest sets', `r := ${nested('{', 'input.x', '}', 490)}`],
  ['the deepest calls', `r := ${nested('abs(', 'input.x', ')', 160)}`],
  ['the deepest comprehensions', `r := ${nested('[x | x := ', 'input.x', ']', 160)}`],
  ['the deepest sum', `r := input.x${' + 1'.repeat(490)}`],
  ['the deepest `every`', `r if { ${nested('every x in [1] { x == 1; ', 'true', ' }', 200)} }`],
  ['the deepest template', `r := ${nested('$"{', 'input.x', '}"', 120)}`],
  ['the deepest refs', `r := ${nested('input[', 'input.x', ']', 240)}`],
  ['the deepest patterns', `f(${nested('[', 'x', ']', 490)}) := x\nr := f(input.x)`],
]

/** All of them. Each must compile, or be refused with a code. */
export const hostilePrograms: readonly HostileProgram[] = [
  ...types,
  ...chains,
  ...bodies,
  ...texts,
  ...nestings.map(([name, rules]): HostileProgram => [`nested: ${name}`, rules]),
]

/** Those that are refused, by the code of the error; all others compile. */
export const refusedPrograms: Readonly<Record<string, readonly string[]>> = {
  rego_compile_error: ['`some` by the thousand', 'a name of thousands of parts'],
  rego_parse_error: [
    'a number of a million digits',
    'a huge exponent',
    'an annotation nested by brackets',
    'an annotation of anchors that double',
    'nested: brackets',
    'nested: open brackets',
    'nested: braces',
    'nested: objects',
    'nested: parentheses',
    'nested: calls',
    'nested: selected calls',
    'nested: refs in brackets',
    'nested: comprehensions',
    'nested: sums',
    'nested: unions',
    'nested: comparisons',
    'nested: memberships',
    'nested: minus signs',
    'nested: `every`',
    'nested: `not`',
    'nested: templates',
    'nested: assignments',
    'nested: sets of objects in refs',
  ],
  rego_recursion_error: [
    'a cycle of thousands of rules',
    'rules that all name each other',
    'rules that all name a package',
  ],
  rego_type_error: ['a message about a large type', 'errors by the thousand', 'undefined functions by the thousand'],
  rego_unsafe_var_error: [
    'thousands of unsafe variables',
    'thousands of variables without an order',
    'nested: the deepest term that is read',
  ],
}
