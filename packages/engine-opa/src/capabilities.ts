const operators =
  'eq equal assign neq lt lte gt gte plus minus mul div rem abs ceil floor round and or internal.member_2 internal.member_3 ' +
  'bits.or bits.and bits.negate bits.xor bits.lsh bits.rsh'
const aggregates = 'count sum product max min any all sort'
const collections =
  'array.concat array.flatten array.slice array.reverse set_diff intersection union ' +
  'object.union object.union_n object.remove object.filter object.get object.keys object.subset'
const types =
  'to_number cast_array cast_set cast_string cast_boolean cast_null cast_object ' +
  'is_number is_string is_boolean is_array is_set is_object is_null type_name'
const strings =
  'concat format_int indexof indexof_n substring lower upper contains startswith endswith split replace ' +
  'strings.any_prefix_match strings.any_suffix_match strings.count strings.replace_n strings.reverse strings.render_template ' +
  'trim trim_left trim_right trim_prefix trim_suffix trim_space sprintf internal.template_string'
const patterns =
  'regex.is_valid regex.match regex.split regex.globs_match regex.template_match regex.find_n ' +
  'regex.find_all_string_submatch_n regex.replace re_match glob.match glob.quote_meta'
const encodings =
  'json.marshal json.marshal_with_options json.unmarshal json.is_valid json.filter json.remove json.patch ' +
  'base64.encode base64.decode base64.is_valid base64url.encode base64url.encode_no_pad base64url.decode ' +
  'urlquery.encode urlquery.decode urlquery.encode_object urlquery.decode_object ' +
  'yaml.marshal yaml.unmarshal yaml.is_valid hex.encode hex.decode'
const others =
  'numbers.range numbers.range_step rand.intn ' +
  'time.now_ns time.parse_ns time.parse_rfc3339_ns time.parse_duration_ns time.format time.date time.clock time.weekday ' +
  'time.add_date time.diff units.parse units.parse_bytes uuid.rfc4122 uuid.parse semver.is_valid semver.compare print internal.print'

/** The builtins that docker buildx lets a policy call: pure ones, without network, cryptography and introspection. */
export const BUILDX_BUILTINS: readonly string[] = [
  operators,
  aggregates,
  collections,
  types,
  strings,
  patterns,
  encodings,
  others,
].flatMap(names => names.split(' '))
