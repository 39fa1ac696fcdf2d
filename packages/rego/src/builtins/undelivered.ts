import { type BuiltinDefinition, defineBuiltin } from './signature.ts'
import { type TypeSpec, types as t } from './type-spec.ts'

const stringObject = t.object(t.string, t.any)
const anyObject = t.object(t.any, t.any)
const stringOrObject = t.anyOf(t.string, anyObject)
const certificates = t.array(stringObject)

/** Known to the type checker, but without an implementation: its call is an error unless the host gives one. */
const known = (name: string, args: readonly TypeSpec[], result: TypeSpec, extra: Partial<BuiltinDefinition> = {}) =>
  defineBuiltin({ name, args, result, ...extra })

const nondeterministic = true
const verifiers = ['rs', 'ps', 'es', 'hs'].flatMap(family => ['256', '384', '512'].map(size => `${family}${size}`))

/** Builtins of OPA that are declared and not delivered here. */
export const undelivered = [
  known('io.jwt.decode', [t.string], t.tuple(anyObject, anyObject, t.string)),
  ...[...verifiers, 'eddsa'].map(kind => known(`io.jwt.verify_${kind}`, [t.string, t.string], t.boolean)),
  known('io.jwt.decode_verify', [t.string, stringObject], t.tuple(t.boolean, anyObject, anyObject), {
    nondeterministic,
  }),
  known('io.jwt.encode_sign_raw', [t.string, t.string, t.string], t.string, { nondeterministic }),
  known('io.jwt.encode_sign', [stringObject, stringObject, stringObject], t.string, { nondeterministic }),
  known('crypto.x509.parse_certificates', [t.string], certificates),
  known('crypto.x509.parse_and_verify_certificates', [t.string], t.tuple(t.boolean, certificates)),
  known(
    'crypto.x509.parse_and_verify_certificates_with_options',
    [t.string, stringObject],
    t.tuple(t.boolean, certificates),
  ),
  known('crypto.x509.parse_certificate_request', [t.string], stringObject),
  known('crypto.x509.parse_rsa_private_key', [t.string], stringObject),
  known('crypto.x509.parse_keypair', [t.string, t.string], stringObject),
  known('crypto.parse_private_keys', [t.string], certificates),
  known('http.send', [stringObject], anyObject, { nondeterministic }),
  known('graphql.parse', [stringOrObject, stringOrObject], t.tuple(anyObject, anyObject)),
  known('graphql.parse_and_verify', [stringOrObject, stringOrObject], t.tuple(t.boolean, anyObject, anyObject)),
  known('graphql.parse_query', [t.string], anyObject),
  known('graphql.parse_schema', [t.string], anyObject),
  known('graphql.is_valid', [stringOrObject, stringOrObject], t.boolean),
  known('graphql.schema_is_valid', [stringOrObject], t.boolean),
  known('json.verify_schema', [stringOrObject], t.tuple(t.boolean, t.anyOf(t.null, t.string))),
  known(
    'json.match_schema',
    [stringOrObject, stringOrObject],
    t.tuple(t.boolean, t.array(t.record({ desc: t.string, error: t.string, field: t.string, type: t.string }))),
  ),
  known('providers.aws.sign_req', [stringObject, stringObject, t.number], anyObject),
  known('rego.parse_module', [t.string, t.string], stringObject),
  known('opa.runtime', [], stringObject, { nondeterministic }),
  known('net.lookup_ip_addr', [t.string], t.set(t.string), { nondeterministic }),
]
