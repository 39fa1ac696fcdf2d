/** A policy that tries to hang the process or to fill its memory: its name, and rules of which `r` is asked for. */
export type HostilePolicy = readonly [name: string, rules: string]

const lines = (count: number, make: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => make(i)).join('\n')

/** Rules `<name>0` to `<name><count>`, each made of the one before. */
const chain = (name: string, first: string, count: number, next: (before: string) => string): string =>
  `${name}0 := ${first}\n${lines(count, i => `${name}${i + 1} := ${next(`${name}${i}`)}`)}`

const grows = (first: string, next: (before: string) => string, count = 60): string =>
  `${chain('s', first, count, next)}\nr := s${count}`

/** Values whose parts are shared: as small in memory as they are large once written out. */
const shared = `dup(x) := [x, x]\n${chain('a', 'input.a', 40, a => `dup(${a})`)}\n${chain('b', 'input.b', 40, b => `dup(${b})`)}`

/** Shared values just below the limits of what may be written out or compared. */
const large = `dup(x) := [x, x]\n${chain('a', 'input.a', 20, a => `dup(${a})`)}\n${chain('b', 'input.b', 20, b => `dup(${b})`)}`

/** A document that is deeper than the text of any policy may be. */
const nestedByRules = chain('a', '[1]', 60, a => '['.repeat(400) + a + ']'.repeat(400))

/** A string of a million letters. */
const repeated = (letter: string): string => `replace(sprintf("%1000000d", [0]), " ", "${letter}")`
const million = 'numbers.range(1, 1000000)'

/** What is asked of each of a million numbers. */
const forMillion = (value: string): string => `r := [v | some i in ${million}; v := ${value}]`
const setOfMillion = (value: string): string => `r := {v | some i in ${million}; v := ${value}}`
const often = (setUp: string, value: string): string => `${setUp}\nr := [v | some i in ${million}; v := ${value}]`

const loops: readonly HostilePolicy[] = [
  [
    'loops inside loops',
    'r := count([1 | some a in numbers.range(1, 10000); some b in numbers.range(1, 10000); a == b; some c in numbers.range(1, 10000); c == a])',
  ],
  [
    'a product of comprehensions',
    'r := {[a, b, c] | some a in input.many; some b in input.many; some c in input.many}',
  ],
  ['a product of arrays', 'r := [[a, b, c] | some a in input.many; some b in input.many; some c in input.many]'],
  ['a product of objects', 'r := [{"a": a, "b": b, "c": {"d": [a]}} | some a in input.many; some b in input.many]'],
  ['a product of sets', 'r := [{a, b, i} | some a in input.many; some b in input.many; some i in input.many]'],
  [
    'a product in the keys of an object',
    'r := {sprintf("%d-%d", [a, b]): a | some a in input.many; some b in input.many}',
  ],
  [
    'a product in a partial set',
    'p contains [a, b, c] if {\n\tsome a in input.many\n\tsome b in input.many\n\tsome c in input.many\n}\nr := count(p)',
  ],
  [
    'a product in a partial object',
    'p[[a, b]] := [a, b] if {\n\tsome a in input.many\n\tsome b in input.many\n}\nr := count(p)',
  ],
  [
    'a product in sets below keys',
    'p[a] contains b if {\n\tsome a in input.many\n\tsome b in input.many\n}\nr := count(p)',
  ],
  [
    '`with` in a loop',
    'q := count([1 | some x in input.many; x > input.a])\nr := [v | some i in input.many; some j in input.many; v := q with input.a as i * j]',
  ],
  [
    '`with` in a large object, in a loop',
    'r := [v | some i in input.many; some j in input.many; v := input.wide.a with input.wide.a as i * j]',
  ],
  [
    '`with` of data in a loop',
    'q := data.x\nr := [v | some i in input.many; some j in input.many; v := q with data.x as [i, j]]',
  ],
  [
    'functions of many arguments',
    'f(x, y) := [x, y]\nr := count([1 | some a in input.many; some b in input.many; f(a, b)])',
  ],
  [
    '`every` inside `every`',
    'r if { every x in input.many { every y in input.many { every z in input.many { x + y + z >= 0 } } } }',
  ],
  ['`not` in a loop', 'r if { some a in input.many; some b in input.many; not a + b >= 0 }'],
  ['errors by the million', `r := count([1 | some i in ${million}; some j in input.many; to_number("x")])`],
  ['type errors by the million', `r := count([1 | some i in ${million}; some j in input.many; json.unmarshal("{")])`],
  ['calls that double', `f0(_) := 1\n${lines(60, i => `f${i + 1}(x) := f${i}([x]) + f${i}([x])`)}\nr := f60(1)`],
  ['rules inside rules', `${lines(600, i => `p${i} := p${i + 1}`)}\np600 := 1\nr := p0`],
  ['a chain of ten thousand rules', `${lines(10_000, i => `p${i} := p${i + 1}`)}\np10000 := 1\nr := p0`],
  ['functions inside functions', `${lines(3_000, i => `f${i}(x) := f${i + 1}(x)`)}\nf3000(x) := x\nr := f0(1)`],
  ['a body of thousands of expressions', `r if {\n${lines(8_000, i => `input.many[${i % 3000}] >= 0`)}\n}`],
  ['a result for each of a million', `q contains i if some i in ${million}\nr := i if { some i in q; i == 0 }`],
]

/** Small values that are large once they are written out or compared; also to be asked while `input.a[0]` is unknown. */
export const sharedParts: readonly HostilePolicy[] = [
  ['a result that is endless', `${shared}\nr := a40`],
  ['an endless comparison', `${shared}\nr := a40 == b40`],
  ['an endless order', `${shared}\nr := a40 < b40`],
  ['an endless member', `${shared}\nr := count({a40})`],
  ['an endless partial set', `${shared}\np contains a40\nr := count(p)`],
  ['an endless key', `${shared}\nr := count({a40: 1})`],
  ['an endless membership', `${shared}\nr if a40 in [b40]`],
  ['an endless union', `${shared}\nr := union({{a40}, {b40}})`],
  ['endless JSON', `${shared}\nr := json.marshal(a40)`],
  ['endless JSON over many lines', `${shared}\nr := json.marshal_with_options(a40, {"pretty": true})`],
  ['endless YAML', `${shared}\nr := yaml.marshal(a40)`],
  ['an endless text', `${shared}\nr := sprintf("%v", [a40])`],
  ['an endless template', `${shared}\nr := $"{a40}"`],
  ['an endless print', `${shared}\nr if { print(a40) }`],
  ['an endless walk', `${shared}\nr := count([1 | walk(a40, _)])`],
  ['an order of many equal texts', `${shared}\nr := sort([a40, b40])`],
  ['an endless subset', `${shared}\nr := object.subset({"a": [a40]}, {"a": [b40]})`],
  ['an endless filter', `${shared}\nr := json.filter({"a": a40}, ["a/0/0/0/0/0/0/0"])`],
  ['an endless patch', `${shared}\nr := json.patch({"a": a40}, [{"op": "test", "path": "/a", "value": b40}])`],
  ['an endless render', `${shared}\nr := strings.render_template("{{.a}}", {"a": a40})`],
  ['an endless query', `${shared}\nr := urlquery.encode_object({"a": a40})`],
  ['an endless object.get', `${shared}\nr := object.get({"a": 1}, [a40], b40)`],
  ['an endless flattening', `${shared}\nr := array.flatten(a40)`],
  ['an endless pattern', `${shared}\nr if [a40, b40] = [b40, a40]`],
  ['an endless argument', `${shared}\nf(x) := 1 if x == b40\nr := f(a40)`],
  ['an endless conflict', `${shared}\nr := a40\nr := b40`],
  ['an endless intersection', `${shared}\nr := {a40} & {b40}`],
  ['an endless reach', `${shared}\nr := graph.reachable({"x": [a40]}, ["x", a40])`],
  ['large comparisons in a loop', often(large, 'a20 == b20')],
  ['large orders in a loop', often(large, 'a20 < b20')],
  ['large members in a loop', often(large, 'a20 in {b20}')],
  ['large members of arrays in a loop', often(large, 'a20 in [b20, i]')],
  ['large keys in a loop', often(`${large}\no := {b20: 1}`, 'o[a20]')],
  ['large texts in a loop', often(large, 'count(sprintf("%v", [a20]))')],
  ['large JSON in a loop', often(large, 'count(json.marshal([a20, i]))')],
  ['large sets in a loop', often(large, 'count({a20, i})')],
  ['large keys that are kept', often(large, '{[a20, i]}')],
  ['large arguments in a loop', often(`${large}\nf(x, y) := 1 if x == y`, 'f([a20, i], [b20, i])')],
  ['large templates in a loop', often(large, 'count($"{a20}{i}")')],
  ['large operands by the hundred', `${large}\nr := sprintf("%d", [${Array(400).fill('a20').join(', ')}])`],
  ['large prints by the hundred', `${large}\nr if { print(${Array(400).fill('a20').join(', ')}) }`],
  ['large templates by the hundred', `${large}\nr := count($"${Array(400).fill('{a20}').join('')}")`],
  ['large walks in a loop', often(large, 'count([1 | walk(a20, _)])')],
]

const strings: readonly HostilePolicy[] = [
  ['strings that double', grows('"abcdefgh"', s => `concat("", [${s}, ${s}])`)],
  ['templates that double', grows('"abcdefgh"', s => `$"{${s}}{${s}}"`)],
  ['formats that double', grows('"abcdefgh"', s => `sprintf("%s%s", [${s}, ${s}])`)],
  ['quotations that double', grows('"\\"\\""', s => `sprintf("%q", [${s}])`)],
  ['hexadecimal that doubles', grows('"abcdefgh"', s => `sprintf("%x", [${s}])`)],
  ['replacements that double', grows('"aaaa"', s => `replace(${s}, "a", "aa")`)],
  ['several replacements that double', grows('"abab"', s => `strings.replace_n({"a": "aa", "b": "bb"}, ${s})`)],
  ['replacements of nothing that double', grows('"abab"', s => `replace(${s}, "", "c")`)],
  ['regex replacements that double', grows('"aaaa"', s => `regex.replace(${s}, "a", "\${0}\${0}")`)],
  ['texts replaced by themselves', grows('"abcd"', s => `replace(${s}, "a", ${s})`)],
  ['texts put between all letters', grows('"abcd"', s => `replace(${s}, "", ${s})`)],
  ['texts put between all matches', grows('"abcd"', s => `regex.replace(${s}, "", ${s})`)],
  ['encodings of encodings', grows('"aaaa"', s => `base64.encode(${s})`, 80)],
  ['URL encodings of encodings', grows('"aaaa"', s => `base64url.encode(${s})`, 80)],
  ['hexadecimal of hexadecimal', grows('"aaaa"', s => `hex.encode(${s})`)],
  ['queries of queries', grows('"%%%%"', s => `urlquery.encode(${s})`, 400)],
  ['JSON of JSON', grows('"\\"\\""', s => `json.marshal(${s})`)],
  ['JSON that doubles', grows('"abcdefgh"', s => `json.marshal([${s}, ${s}])`)],
  ['YAML of YAML', grows('"\\"\\""', s => `yaml.marshal([${s}, ${s}])`)],
  ['JSON with a growing indent', grows('"\\t"', s => `json.marshal_with_options([[[1]]], {"indent": ${s}})`)],
  ['upper case that grows', grows('"ßßßß"', s => `concat("", [upper(${s}), lower(${s})])`)],
  ['a text of emoji turned round', often(`s := ${repeated('😀')}`, 'strings.reverse(s)')],
  ['letters of emoji one by one', often(`s := ${repeated('😀')}`, 'substring(s, i, 1)')],
  ['places of emoji', often(`s := ${repeated('😀')}`, 'indexof_n(s, "😀")')],
  ['case of foreign letters', often(`s := ${repeated('ä')}`, 'upper(s)')],
  ['all places of a letter', often(`s := ${repeated('a')}`, 'indexof_n(s, "a")')],
  ['all places of a long text', `s := ${repeated('a')}\nr := indexof_n(s, substring(s, 0, 500000))`],
  [
    'a search that always nearly fits',
    often(`s := ${repeated('a')}\nq := concat("", ["b", substring(s, 0, 500000)])`, 'contains(s, q)'),
  ],
  [
    'a search from the other end',
    often(`s := ${repeated('a')}\nq := concat("", [substring(s, 0, 500000), "b"])`, 'indexof(s, q)'),
  ],
  [
    'a split that always nearly fits',
    often(`s := ${repeated('a')}\nq := concat("", ["b", substring(s, 0, 500000)])`, 'split(s, q)'),
  ],
  [
    'a count that always nearly fits',
    often(`s := ${repeated('a')}\nq := concat("", ["b", substring(s, 0, 500000)])`, 'strings.count(s, q)'),
  ],
  [
    'a replacement that always nearly fits',
    often(`s := ${repeated('a')}\nq := concat("", ["b", substring(s, 0, 500000)])`, 'replace(s, q, "c")'),
  ],
  [
    'prefixes that nearly fit',
    `s := ${repeated('a')}\nl := [concat("", [substring(s, 0, 900000), format_int(i, 10)]) | some i in numbers.range(1, 300)]\nr := strings.any_prefix_match(l, [concat("", [x, "b"]) | some x in l])`,
  ],
  [
    'suffixes that nearly fit',
    `s := ${repeated('a')}\nl := [concat("", [format_int(i, 10), substring(s, 0, 900000)]) | some i in numbers.range(1, 300)]\nr := strings.any_suffix_match(l, [concat("", ["b", x]) | some x in l])`,
  ],
  ['large texts that are kept', often(`s := ${repeated('a')}`, 'concat("", [s, format_int(i, 10)])')],
  ['large texts in a set', `s := ${repeated('a')}\n${setOfMillion('concat("", [s, format_int(i, 10)])')}`],
  ['large texts as keys', `s := ${repeated('a')}\nr := {concat("", [s, format_int(i, 10)]): i | some i in ${million}}`],
  ['large texts in arrays as members', `s := ${repeated('a')}\n${setOfMillion('[s, i]')}`],
  ['small texts by the million', setOfMillion('sprintf("%d-%d", [i, i])')],
  ['texts split to letters', often(`s := ${repeated('a')}`, 'split(s, "")')],
  ['texts split and put together', often(`s := ${repeated('a')}`, 'concat("ab", split(s, ""))')],
  ['a separator of a million letters', `s := ${repeated('a')}\nr := concat(s, split(s, ""))`],
  ['a cutset of a million letters', often(`s := ${repeated('a')}`, 'trim(s, s)')],
  ['a number padded to 2^31 places', 'r := sprintf("%2147483647d", [1])'],
  [
    'numbers padded to a million places',
    `r := sprintf("${'%1000000d'.repeat(200)}", [${Array(200).fill('1').join(', ')}])`,
  ],
  ['a fraction of 2^31 places', 'r := sprintf("%.2147483647f", [1.5])'],
  ['fractions of a million places', forMillion('count(sprintf("%.1000000f", [0.1]))')],
  ['exponents of a million places', forMillion('count(sprintf("%.1000000e", [1e300]))')],
  ['a width of 2^31 that is an operand', 'r := sprintf("%*d", [2147483647, 1])'],
  ['a format of a million verbs', often(`s := replace(${repeated('a')}, "a", "%d")`, 'count(sprintf(s, [1]))')],
  ['letters as hexadecimal', often(`s := ${repeated('a')}`, 'count(sprintf("% x", [s]))')],
  ['a decoding in a loop', often(`s := base64.encode(${repeated('a')})`, 'base64.decode(s)')],
  ['a decoding of broken text', often(`s := base64.encode(${repeated('a')})`, 'base64.is_valid(concat("", [s, "!"]))')],
  ['a decoding of what is no UTF-8', `s := hex.decode(replace(${repeated('a')}, "a", "ff"))\nr := count(s)`],
  ['a query of a million parts', `s := replace(${repeated('a')}, "a", "a=b&")\nr := count(urlquery.decode_object(s))`],
  ['a query decoded in a loop', often(`s := replace(${repeated('a')}, "a", "%41")`, 'urlquery.decode(s)')],
  ['digests in a loop', often(`s := ${repeated('a')}`, '[crypto.sha256(s), crypto.md5(s), crypto.hmac.sha512(s, s)]')],
  [
    'template programs in a loop',
    often(`s := replace(${repeated('a')}, "a", "{{.x}}")`, 'strings.render_template(s, {"x": "0123456789"})'),
  ],
  [
    'nested template loops',
    'r := strings.render_template("{{range .l}}{{range $.l}}{{range $.l}}x{{end}}{{end}}{{end}}", {"l": input.many})',
  ],
]

const expressions: readonly HostilePolicy[] = [
  [
    'an expression with many readings',
    `r := regex.match("(a|a|aa)*(a|a|aa)*(a|a|aa)*$", concat("", [${repeated('a')}, "!"]))`,
  ],
  [
    'an expression with many readings in a loop',
    often(`s := concat("", [${repeated('a')}, "!"])`, 'regex.match("(a+a+)+$", s)'),
  ],
  [
    'repetitions inside repetitions',
    'r := regex.match("((a{0,100}){0,100}){0,100}$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!")',
  ],
  ['a repetition of a thousand in a long text', `r := regex.match("(a?){1000}b", ${repeated('a')})`],
  ['a repetition of a thousand classes in a long text', `r := regex.match("[ab]{500,1000}c", ${repeated('a')})`],
  [
    'a long alternation in a long text',
    `q := concat("|", [concat("", ["a*", format_int(i, 10)]) | some i in numbers.range(1, 3000)])\nr := regex.match(q, ${repeated('a')})`,
  ],
  ['expressions by the thousand', forMillion('regex.match(sprintf("(x{0,900}){%d}", [i % 1000]), "xxxxxxxx")')],
  [
    'expressions by the thousand that are kept',
    `r := [regex.match(sprintf("%d([a-z]{0,1000}|\\\\pL{0,1000})", [i]), "x") | some i in ${million}]`,
  ],
  ['an expression of a million letters', `s := ${repeated('a')}\nr := regex.match(s, s)`],
  ['an expression of a million brackets', `r := regex.is_valid(${repeated('(')})`],
  ['an expression of a million stars', `r := regex.is_valid(replace(${repeated('a')}, "a", "(a*)*"))`],
  ['all matches of nothing', often(`s := ${repeated('a')}`, 'count(regex.find_n("", s, -1))')],
  [
    'all groups of all matches',
    often(`s := ${repeated('a')}`, 'count(regex.find_all_string_submatch_n("(((((a)))))", s, -1))'),
  ],
  ['matches that look to the end', often(`s := ${repeated('a')}`, 'count(regex.find_n("a*?b|a", s, -1))')],
  ['a split at each letter', often(`s := ${repeated('a')}`, 'count(regex.split("", s))')],
  ['a template of many braces', `r := regex.template_match(replace(${repeated('a')}, "a", "{a}"), "aaaa", "{", "}")`],
  ['a glob with many readings', `r := glob.match("{a,aa}*{a,aa}*{a,aa}*{a,aa}*{a,aa}*b", [], ${repeated('a')})`],
  ['a glob of many stars', `s := replace(${repeated('a')}, "a", "*a")\nr := glob.match(s, [], ${repeated('a')})`],
  ['a glob of many braces', `r := glob.match("${'{a,b,'.repeat(200)}c${'}'.repeat(200)}", [], "b")`],
  ['a glob of many choices', `r := glob.match("${'{a,b,ab}'.repeat(1000)}", [], ${repeated('a')})`],
  [
    'globs by the thousand',
    forMillion('glob.match(sprintf("*{%d,a}*{b,c}*", [i]), ["/"], "aaaaaaaaaaaaaaaaaaaaaaaaaa/b")'),
  ],
  ['two globs that nearly meet', `r := regex.globs_match("${'[a-z]*'.repeat(100)}", "${'[b-y]+'.repeat(100)}0")`],
  [
    'two long globs',
    `r := regex.globs_match(replace(${repeated('a')}, "a", "a*"), replace(${repeated('a')}, "a", "a+"))`,
  ],
  [
    'two globs of thousands of repetitions',
    `r := regex.globs_match(replace(substring(${repeated('a')}, 0, 3000), "a", "a*b*c+"), replace(substring(${repeated('a')}, 0, 3000), "a", "c*b+a*"))`,
  ],
  [
    'two globs of large ranges',
    `r := regex.globs_match(replace(substring(${repeated('a')}, 0, 2500), "a", "[一-龥]*x"), replace(substring(${repeated('a')}, 0, 2500), "a", "[丁-龤]*y"))`,
  ],
]

const numeric: readonly HostilePolicy[] = [
  ['a range of 10^12', 'r := count(numbers.range(1, 1000000000000))'],
  ['a range of 10^12 in steps', 'r := numbers.range_step(1, 1000000000000, 1)'],
  ['a range between huge numbers', 'r := numbers.range(1e5000, 1e6000)'],
  ['ranges that are kept', forMillion('numbers.range(1, 100000)')],
  ['numbers that double their digits', grows('10.5', n => `${n} * ${n}`)],
  ['fractions that double their digits', grows('0.000001', n => `${n} * ${n}`)],
  ['quotients that grow', grows('10.5', n => `${n} / 1e-300`)],
  ['a product of a million', 'r := count($"{product([1e300 | some i in numbers.range(1, 1000000)])}")'],
  ['a product of a million fractions', 'r := count($"{product([1e-300 | some i in numbers.range(1, 1000000)])}")'],
  ['a sum of numbers of all sizes', `r := sum([to_number(sprintf("1e%d", [i % 9000])) | some i in ${million}])`],
  ['a shift by a billion', 'r := bits.lsh(1, 1000000000)'],
  ['shifts that are kept', forMillion('bits.lsh(1, 99999)')],
  ['shifts to the right', forMillion('bits.rsh(bits.lsh(1, 30000), 1)')],
  ['large fractions as keys', setOfMillion('1e-9000 * i')],
  ['large powers as keys', setOfMillion('1e9000 * i')],
  ['large powers as texts', forMillion('count($"{1e9000 * i}")')],
  ['numbers of a million digits', often(`s := ${repeated('9')}`, 'to_number(concat("", [s, format_int(i, 10)]))')],
  [
    'an order of numbers of many digits',
    `s := substring(${repeated('9')}, 0, 100000)\nr := count(sort([to_number(concat("", [s, format_int(i, 10)])) | some i in numbers.range(1, 2000)]))`,
  ],
  [
    'a comparison of numbers of many digits',
    often(`s := ${repeated('9')}\na := to_number(s)\nb := to_number(concat("", [s, ".0"]))`, 'a < b'),
  ],
  [
    'huge exponents',
    'a := json.unmarshal("1e1000000000")\nb := json.unmarshal("1e-1000000000")\nr := [a == b, a < b, {a, b}, sprintf("%d %v %f", [a, a, b])]',
  ],
  ['huge exponents in arithmetic', 'r := json.unmarshal("1e1000000000") + 1'],
  ['huge exponents as integers', 'r := format_int(json.unmarshal("1e1000000000"), 2)'],
  ['huge exponents rounded', 'r := [round(1e9999), floor(-1e9999), ceil(1e-9999), abs(-1e9999), 1e9999 % 7]'],
  ['units of huge exponents', 'r := units.parse("1e1000000000Ei")'],
  ['units of a million digits', often(`s := concat("", [${repeated('9')}, "Mi"])`, 'units.parse(s)')],
  ['bytes of huge exponents', 'r := units.parse_bytes("1e1000000000GiB")'],
  ['a duration of a million hours', often(`s := replace(${repeated('a')}, "a", "1h")`, 'time.parse_duration_ns(s)')],
  [
    'a layout of a million months',
    often(`s := replace(${repeated('a')}, "a", "January")`, 'count(time.format([1700000000000000000, "UTC", s]))'),
  ],
  [
    'a time to a layout of a million years',
    often(`s := replace(${repeated('a')}, "a", "2006")`, 'time.parse_ns(s, s)'),
  ],
  ['dates far away', forMillion('time.add_date(i, 9007199254740991, 9007199254740991, 9007199254740991)')],
  ['dates in all zones', forMillion('time.clock([i, "America/New_York"])')],
  [
    'versions of a million parts',
    often(`s := concat("", ["1.0.0-", replace(${repeated('a')}, "a", "a.")])`, 'semver.is_valid(s)'),
  ],
  ['random numbers by the million', setOfMillion('rand.intn(sprintf("%d", [i]), 1000000000)')],
  ['UUIDs by the million', setOfMillion('uuid.rfc4122(sprintf("%d", [i]))')],
]

const collections: readonly HostilePolicy[] = [
  ['walks inside walks', 'r := count([1 | walk(input, _); walk(input, _)])'],
  ['a deep walk', often('', 'count([1 | walk(input.deep, _)])')],
  [
    'objects joined one by one',
    'r := object.union_n([{sprintf("%d", [i * j]): j} | some i in input.many; some j in input.many])',
  ],
  [
    'objects that double',
    grows(
      '{"a": 1}',
      o => `object.union({sprintf("%v", [k]): k | some k, _ in ${o}}, {sprintf("%vx", [k]): k | some k, _ in ${o}})`,
    ),
  ],
  [
    'objects joined in a loop',
    often(`o := {format_int(i, 10): i | some i in numbers.range(1, 100000)}`, 'object.union(o, {"a": i})'),
  ],
  ['arrays that double', grows('[1, 2, 3, 4]', a => `array.concat(${a}, ${a})`)],
  ['arrays flattened', grows('[1, 2, 3, 4]', a => `array.flatten([${a}, ${a}])`)],
  ['arrays joined by comprehensions', grows('[1, 2, 3, 4]', a => `[x | some y in [${a}, ${a}]; some x in y]`)],
  ['arrays turned round', often(`a := ${million}`, 'array.reverse(a)')],
  ['arrays sliced', often(`a := ${million}`, 'array.slice(a, 0, 900000)')],
  ['arrays sorted', often(`a := ${million}`, 'sort(a)')],
  ['arrays sorted against their order', often(`a := [x | some i in ${million}; x := 1000000 - i]`, 'sort(a)')],
  ['pairs sorted', `r := count(sort([[i % 7, 1000000 - i] | some i in ${million}]))`],
  ['texts sorted', `r := count(sort([sprintf("%d", [1000000 - i]) | some i in ${million}]))`],
  ['sets that double', grows('{1, 2, 3, 4}', s => `${s} | {[x] | some x in ${s}}`)],
  ['sets of pairs of sets', grows('{1, 2}', s => `{[x, y] | some x in ${s}; some y in ${s}}`)],
  ['sets of sets', grows('{1}', s => `{{x, y} | some x in ${s}; some y in ${s}} | {${s}}`)],
  ['sets joined in a loop', often(`s := {[i] | some i in numbers.range(1, 100000)}`, 's | {[i, i]}')],
  ['sets cut in a loop', often(`s := {[i] | some i in numbers.range(1, 100000)}`, 's & s')],
  ['sets taken away in a loop', often(`s := {[i] | some i in numbers.range(1, 100000)}`, 's - {[i]}')],
  ['the union of many sets', `r := union({{i, j} | some i in input.many; some j in input.many})`],
  [
    'the intersection of many sets',
    `r := intersection({numbers_of(i) | some i in input.many})\nnumbers_of(i) := {x | some x in input.many; x != i}`,
  ],
  [
    'a run in an array of equals',
    `a := [1 | some i in ${million}]\nr := object.subset(a, array.concat(array.slice(a, 0, 500000), [2]))`,
  ],
  [
    'subsets in a loop',
    often(`o := {format_int(i, 10): i | some i in numbers.range(1, 100000)}`, 'object.subset(o, o)'),
  ],
  ['keys in a loop', often(`o := {format_int(i, 10): i | some i in numbers.range(1, 100000)}`, 'object.keys(o)')],
  [
    'filters in a loop',
    often(`o := {format_int(i, 10): i | some i in numbers.range(1, 100000)}`, 'object.filter(o, o)'),
  ],
  [
    'removals in a loop',
    often(`o := {format_int(i, 10): i | some i in numbers.range(1, 100000)}`, 'object.remove(o, [1])'),
  ],
  [
    'paths removed by the thousand',
    `o := {"a": input.many}\nr := count(json.remove(o, [sprintf("a/%d", [i]) | some i in ${million}]).a)`,
  ],
  [
    'paths kept by the thousand',
    `o := {"a": input.many}\nr := count(json.filter(o, [sprintf("a/%d", [i]) | some i in ${million}]).a)`,
  ],
  [
    'patches by the thousand',
    `r := count(json.patch([], [{"op": "add", "path": "0", "value": i} | some i in numbers.range(1, 200000)]))`,
  ],
  [
    'patches of an object by the thousand',
    `r := count(json.patch({}, [{"op": "add", "path": sprintf("k%d", [i]), "value": i} | some i in numbers.range(1, 100000)]))`,
  ],
  [
    'patches that copy',
    `r := json.patch({"a": [1]}, [p | some i in numbers.range(1, 200); p := {"op": "copy", "from": "a", "path": "a/0"}])`,
  ],
  [
    'a patch of a deep document',
    often(
      '',
      'json.patch(input.deep, [{"op": "add", "path": concat("/", ["" | some x in numbers.range(1, 1000)]), "value": 1}])',
    ),
  ],
  [
    'all reached in a full graph',
    'g := {a: input.many | some a in input.many}\nr := [graph.reachable(g, {a}) | some a in input.many]',
  ],
  [
    'all paths of a full graph',
    'g := {a: numbers.range(1, 12) | some a in numbers.range(1, 12)}\nr := count(graph.reachable_paths(g, {1}))',
  ],
  [
    'all paths of a long chain',
    'g := {i: [i + 1] | some i in numbers.range(1, 100000)}\nr := count(graph.reachable_paths(g, {1}))',
  ],
  ['all addresses there are', 'r := net.cidr_expand("0.0.0.0/0")'],
  ['all addresses of many networks', forMillion('net.cidr_expand("10.0.0.0/12")')],
  [
    'networks merged',
    `r := net.cidr_merge([sprintf("%d.%d.%d.0/24", [a, b, c]) | some a in numbers.range(1, 100); some b in numbers.range(1, 100); some c in numbers.range(1, 100)])`,
  ],
  [
    'networks matched',
    `l := [sprintf("10.%d.%d.0/24", [a, b]) | some a in numbers.range(1, 200); some b in numbers.range(1, 200)]\nr := count(net.cidr_contains_matches(l, l))`,
  ],
  ['the size of a set of a million', setOfMillion('[i]')],
  ['a set of objects', setOfMillion('{"a": i, "b": [i]}')],
  ['a set of large arrays', `a := numbers.range(1, 10000)\n${setOfMillion('array.concat(a, [i])')}`],
]

const documents: readonly HostilePolicy[] = [
  ['JSON a million levels deep', `r := json.unmarshal(${repeated('[')})`],
  [
    'JSON of a million members',
    often(`s := concat("", ["[", replace(${repeated('a')}, "a", "0,"), "0]"])`, 'json.unmarshal(s)'),
  ],
  [
    'JSON of a million objects',
    often(`s := concat("", ["[", replace(${repeated('a')}, "a", "{},"), "0]"])`, 'json.unmarshal(s)'),
  ],
  [
    'JSON of many numbers of many digits',
    often(
      `s := concat("", ["[", replace(substring(${repeated('a')}, 0, 100000), "a", "1.00000000000000000001,"), "0]"])`,
      'json.unmarshal(s)',
    ),
  ],
  [
    'JSON that is checked',
    often(`s := concat("", ["[", replace(${repeated('a')}, "a", "0,"), "0]"])`, 'json.is_valid(s)'),
  ],
  ['JSON written in a loop', often(`a := ${million}`, 'json.marshal(a)')],
  ['JSON written over many lines', often(`a := ${million}`, 'json.marshal_with_options(a, {"pretty": true})')],
  ['YAML a million levels deep', `r := yaml.unmarshal(${repeated('[')})`],
  ['YAML a million lists deep', `r := yaml.unmarshal(replace(${repeated('a')}, "a", "- "))`],
  ['YAML of many members', often(`s := replace(${repeated('a')}, "a", "- a\\n")`, 'yaml.unmarshal(s)')],
  [
    'YAML of many keys',
    often(`s := concat("\\n", [sprintf("k%d: a", [i]) | some i in numbers.range(1, 100000)])`, 'yaml.unmarshal(s)'),
  ],
  ['YAML that is checked', often(`s := replace(${repeated('a')}, "a", "- a\\n")`, 'yaml.is_valid(s)')],
  ['YAML of a broken flow', often(`s := replace(${repeated('a')}, "a", "[a, ")`, 'yaml.unmarshal(s)')],
  ['YAML of a long line', often(`s := ${repeated('a')}`, 'yaml.unmarshal(s)')],
  ['YAML of quotes', often(`s := replace(${repeated('a')}, "a", "'")`, 'yaml.unmarshal(s)')],
  [
    'YAML anchors that double',
    `r := yaml.unmarshal("a0: &a0 [x, x]\\n${Array.from({ length: 60 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]\\n`).join('')}")`,
  ],
  [
    'YAML merges that double',
    `r := yaml.unmarshal("a0: &a0 {x: 1}\\n${Array.from({ length: 60 }, (_, i) => `a${i + 1}: &a${i + 1} {<<: [*a${i}, *a${i}], k${i}: *a${i}}\\n`).join('')}")`,
  ],
  ['YAML written in a loop', often('a := numbers.range(1, 100000)', 'yaml.marshal(a)')],
  ['YAML of a text of many words', often(`s := replace(${repeated('a')}, "a", "a b ")`, 'yaml.marshal(s)')],
  ['YAML of a deep document', often('', 'yaml.marshal(input.deep)')],
  ['a deep document compared', often('', 'input.deep == json.unmarshal(json.marshal(input.deep))')],
  ['a deep document selected', often('', 'input.deep[0][0][0][0][0][0][0][0]')],
  ['a document nested by rules', `${nestedByRules}\nr := a60 == [a60]`],
  ['a document nested by rules as a key', `${nestedByRules}\nr := {a60, [a60]}`],
  ['a document nested by rules as a text', `${nestedByRules}\nr := $"{a60}"`],
  ['a document nested by rules as JSON', `${nestedByRules}\nr := [json.marshal(a60), yaml.marshal(a60)]`],
  ['a document nested by rules walked', `${nestedByRules}\nr := count([1 | walk(a60, _)])`],
  ['a document nested by rules as a result', `${nestedByRules}\nr := a60`],
]

/** All of them. Each must end by itself or by a limit. */
export const hostilePolicies: readonly HostilePolicy[] = [
  ...loops,
  ...sharedParts,
  ...strings,
  ...expressions,
  ...numeric,
  ...collections,
  ...documents,
]
