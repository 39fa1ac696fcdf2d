import type { Type } from './documents.ts'

/**
 * A builtin that the generator calls: its result, and its operands: types, texts to choose from, or what another builtin
 * makes of a type.
 */
export interface Call {
  readonly name: string
  readonly result: Type
  readonly args: readonly (Type | { readonly of: readonly string[] } | Made)[]
}

/** An operand that is the result of another builtin. */
export interface Made {
  readonly by: string
  readonly from: Type
}

const N: Type = 'number'
const S: Type = 'string'
const B: Type = 'boolean'
const NS: Type = { array: N }
const SS: Type = { array: S }
const SET_N: Type = { set: N }
const SET_S: Type = { set: S }
const OBJECT_N: Type = { object: N }
const OBJECT_S: Type = { object: S }
const small = { of: ['0', '1', '2', '3', '-1', '5'] }
const bits = { of: ['0', '1', '2', '5', '12', '255'] }
const patterns = {
  of: [
    '`^a`',
    '`[a-z]+`',
    '`(\\w+)/(\\w+)`',
    '`\\d+`',
    '`a*`',
    '`^v\\d+\\.\\d+`',
    '`(?i)A`',
    '`[^/]+$`',
    '`b|a`',
    '``',
    '`(`',
  ],
}
const globs = { of: ['"*"', '"**"', '"a*"', '"*.io/**"', '"v?.*"', '"{a,b}*"', '"[a-c]*"', '"*/*"'] }
const delimiters = { of: ['[]', 'null', '["/"]', '[".", "/"]'] }
const times = { of: ['0', '1714979289000000000', '-1', '1e18', '9223372036854775807'] }
const zones = {
  of: [
    '1714979289123456789',
    '[1714979289000000000, "UTC"]',
    '[1714979289000000000, "Europe/Berlin"]',
    '[1704067200000000000, "America/New_York"]',
  ],
}
const layouts = { of: ['"2006-01-02T15:04:05Z07:00"', '"RFC3339"', '"2006-01-02"', '"Mon Jan _2 15:04:05 2006"'] }
const formats = {
  of: [
    '"%v"',
    '"%s"',
    '"%d"',
    '"%5.2f"',
    '"%q"',
    '"%x"',
    '"%08d"',
    '"%-6v|"',
    '"%v %v"',
    '"%e"',
    '"%t"',
    '"%%"',
    '"%c"',
    '"%U"',
  ],
}
const versions = { of: ['"1.2.3"', '"1.2.3-rc.1"', '"v2.0.0"', '"1.10.0+build"', '"1.2"'] }
const quantities = { of: ['"10Ki"', '"1.5M"', '"100m"', '"2"', '"1e3k"', '"x"', '"5GB"', '"1.25Gi"', '"12e"', '"0.1"'] }
const cidrs = { of: ['"10.0.0.0/8"', '"10.1.0.0/16"', '"192.168.0.0/30"', '"2001:db8::/32"', '"10.0.0.1"', '"x"'] }
const paths = { of: ['["a"]', '["a/b", "name"]', '[["a"], "k1"]', '{"a"}', '[]'] }

/*
 * What is decoded is UTF-8 here, or malformed altogether. OPA's strings are bytes: it hands on decoded bytes that are no
 * UTF-8 and shows U+FFFD only in the result. Strings of JavaScript cannot hold them, so ours has U+FFFD at once, which
 * shows where such a text is encoded, hashed or checked again. This difference is documented, and not generated.
 */
const base64Texts = {
  of: ['"YS9i"', '"5pel5pys"', '"w4RyZ2Vy"', '""', '"YQ"', '"YQ==="', '"Y Q=="', '"*"', '"YQ==\\n"'],
}
const base64URLTexts = { of: ['"YS9i"', '"5pel5pys"', '"w4RyZ2Vy"', '""', '"YQ"', '"YQ=="', '"Pz8_"', '"Pz8/"', '"*"'] }
const hexTexts = { of: ['"61"', '"E697A5"', '"c384"', '""', '"6"', '"6g"', '"0x61"', '"00"'] }
const queryTexts = { of: ['"a%20b+c"', '"%E6%97%a5"', '""', '"%"', '"%zz"', '"a=1&b=2&a=3"', '"a;b=1"', '"a&&=x"'] }
const made = (by: string, from: Type): Made => ({ by, from })

const call = (name: string, result: Type, ...args: Call['args']): Call => ({ name, result, args })

/** The pure builtins, with the operands that a generated program gives them. */
export const calls: readonly Call[] = [
  call('count', N, SS),
  call('count', N, S),
  call('count', N, OBJECT_N),
  call('count', N, SET_S),
  call('sum', N, NS),
  call('sum', N, SET_N),
  call('product', N, NS),
  call('max', N, NS),
  call('min', N, NS),
  call('max', S, SET_S),
  call('min', N, SET_N),
  call('sort', NS, NS),
  call('sort', SS, SET_S),
  call('abs', N, N),
  call('ceil', N, N),
  call('floor', N, N),
  call('round', N, N),
  call('bits.and', N, bits, N),
  call('bits.or', N, bits, bits),
  call('bits.xor', N, bits, N),
  call('bits.negate', N, N),
  call('bits.lsh', N, bits, small),
  call('bits.rsh', N, N, small),
  call('array.concat', NS, NS, NS),
  call('array.concat', SS, SS, SS),
  call('array.reverse', SS, SS),
  call('array.slice', NS, NS, small, small),
  call('array.flatten', NS, { array: NS }),
  call('concat', S, S, SS),
  call('concat', S, { of: ['","', '"/"', '""'] }, SET_S),
  call('contains', B, S, S),
  call('startswith', B, S, S),
  call('endswith', B, S, S),
  call('format_int', S, N, { of: ['2', '8', '10', '16', '7'] }),
  call('indexof', N, S, S),
  call('indexof_n', NS, S, S),
  call('lower', S, S),
  call('upper', S, S),
  call('replace', S, S, S, S),
  call('split', SS, S, { of: ['"/"', '"."', '""', '" "', '","'] }),
  call('strings.reverse', S, S),
  call('strings.count', N, S, S),
  call('strings.any_prefix_match', B, SS, SET_S),
  call('strings.any_suffix_match', B, S, SS),
  call('strings.replace_n', S, { of: ['{"a": "b", "b": "c"}', '{"alp": "x", "a": "y"}', '{}'] }, S),
  call('substring', S, S, small, small),
  call('trim', S, S, S),
  call('trim_left', S, S, S),
  call('trim_right', S, S, S),
  call('trim_prefix', S, S, S),
  call('trim_suffix', S, S, S),
  call('trim_space', S, S),
  call('sprintf', S, formats, NS),
  call('sprintf', S, formats, SS),
  call('sprintf', S, formats, {
    of: ['[{"a": {1, 2}}]', '[null]', '[true]', '[[1, "x"]]', '[set()]', '[1e400]', '[1.0]', '[18446744073709551616]'],
  }),
  call('regex.match', B, patterns, S),
  call('regex.split', SS, patterns, S),
  call('regex.find_n', SS, patterns, S, small),
  call('regex.find_all_string_submatch_n', { array: SS }, patterns, S, small),
  call('regex.replace', S, S, patterns, { of: ['"$1"', '"<$0>"', '"${1}x"', '"$1x"', '"$$"', '""'] }),
  call('regex.is_valid', B, S),
  call('glob.match', B, globs, delimiters, S),
  call('glob.quote_meta', S, S),
  call('json.marshal', S, { array: { object: N } }),
  call('json.marshal', S, SS),
  call('json.is_valid', B, S),
  call('base64.encode', S, S),
  call('base64.decode', S, base64Texts),
  call('base64.decode', S, made('base64.encode', S)),
  call('base64.is_valid', B, S),
  call('base64url.encode', S, S),
  call('base64url.encode_no_pad', S, S),
  call('base64url.decode', S, base64URLTexts),
  call('base64url.decode', S, made('base64url.encode_no_pad', S)),
  call('urlquery.encode', S, S),
  call('urlquery.decode', S, queryTexts),
  call('urlquery.decode', S, made('urlquery.encode', S)),
  call('urlquery.encode_object', S, OBJECT_S),
  call('urlquery.decode_object', { object: SS }, queryTexts),
  call('urlquery.decode_object', { object: SS }, made('urlquery.encode_object', OBJECT_S)),
  call('hex.encode', S, S),
  call('hex.decode', S, hexTexts),
  call('hex.decode', S, made('hex.encode', S)),
  call('yaml.marshal', S, { object: SS }),
  call('yaml.marshal', S, OBJECT_N),
  call('object.get', N, OBJECT_N, S, N),
  call('object.keys', SET_S, OBJECT_N),
  call('object.union', OBJECT_N, OBJECT_N, OBJECT_N),
  call('object.union_n', OBJECT_S, { array: OBJECT_S }),
  call('object.remove', OBJECT_N, OBJECT_N, SS),
  call('object.filter', OBJECT_S, OBJECT_S, SET_S),
  call('object.subset', B, SET_S, SET_S),
  call('object.subset', B, NS, NS),
  call('json.filter', OBJECT_N, OBJECT_N, paths),
  call('json.remove', OBJECT_S, OBJECT_S, paths),
  call('intersection', SET_N, { set: SET_N }),
  call('union', SET_S, { set: SET_S }),
  call('numbers.range', NS, small, { of: ['0', '1', '4', '-3'] }),
  call('numbers.range_step', NS, small, { of: ['10', '0', '-6'] }, { of: ['1', '2', '3', '0'] }),
  call('to_number', N, S),
  call('to_number', N, B),
  call('is_number', B, N),
  call('is_string', B, S),
  call('type_name', S, OBJECT_N),
  call('type_name', S, SET_N),
  call('semver.compare', N, versions, versions),
  call('semver.is_valid', B, versions),
  call('units.parse', N, quantities),
  call('units.parse_bytes', N, quantities),
  call('time.format', S, zones),
  call('time.weekday', S, zones),
  call('time.date', NS, zones),
  call('time.clock', NS, zones),
  call('time.add_date', N, times, small, small, { of: ['0', '40', '-400'] }),
  call('time.diff', NS, zones, zones),
  call('time.parse_rfc3339_ns', N, S),
  call('time.parse_ns', N, layouts, S),
  call('time.parse_duration_ns', N, { of: ['"1h30m"', '"1.5s"', '"-2ms"', '"x"', '"3"', '"0"'] }),
  call('net.cidr_contains', B, cidrs, cidrs),
  call('net.cidr_intersects', B, cidrs, cidrs),
  call('net.cidr_is_valid', B, S),
  call('net.cidr_expand', SET_S, { of: ['"192.168.0.0/30"', '"10.0.0.1/32"', '"x"'] }),
  call('crypto.md5', S, S),
  call('crypto.sha256', S, S),
  call('crypto.hmac.sha512', S, S, S),
  call('graph.reachable', SET_S, { object: SS }, SET_S),
  call('uuid.parse', OBJECT_S, S),
]
