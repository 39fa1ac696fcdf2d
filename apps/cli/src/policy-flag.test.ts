import { describe, expect, it } from 'vitest'
import { conformanceJSON, hasConformance } from '../../../test/conformance.ts'
import { type PolicyConfig, parsePolicyFlag, readPolicyConfig, resolvePolicyConfigs } from './policy-flag.ts'

interface FlagCase {
  value?: string
  hcl?: (string | Record<string, unknown>)[]
  result?: unknown
  error?: string
  errorContains?: string
}
interface ResolutionCase {
  default: string[]
  configs: Partial<PolicyConfig>[]
  result?: unknown
  error?: string
}
type Vectors = { policy_flag_parse: { cases: FlagCase[] }; policy_flags: { cases: ResolutionCase[] } }

/** JSON of the reference leaves out what is false or empty. */
const withoutEmpty = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, member) => (isEmpty(member) ? undefined : member)))
const isEmpty = (value: unknown) => value === false || (Array.isArray(value) && value.length === 0)

describe.skipIf(!hasConformance)('docker buildx', () => {
  const data: Vectors = hasConformance
    ? conformanceJSON('vectors', 'buildx.json')
    : { policy_flag_parse: { cases: [] }, policy_flags: { cases: [] } }

  it.each(data.policy_flag_parse.cases)(
    'reads --policy $value $hcl',
    ({ value, hcl, result, error, errorContains }) => {
      const read = () => (hcl !== undefined ? hcl.map(readPolicyConfig) : parsePolicyFlag(value ?? ''))
      if (error === undefined && errorContains === undefined) {
        const configs = read()
        expect(Array.isArray(configs) ? configs.map(withoutEmpty) : withoutEmpty(configs)).toEqual(result)
      } else {
        expect(read).toThrow(expect.objectContaining({ code: 'invalid_policy_flag' }))
        expect(read).toThrow(error ?? errorContains)
      }
    },
  )

  it.each(data.policy_flags.cases)('resolves $configs over $default', ({ default: files, configs, result, error }) => {
    const resolve = () =>
      resolvePolicyConfigs(
        files.length === 0 ? [] : [{ files }],
        configs.map(config => ({ files: [], ...config })),
      )
    if (error !== undefined) expect(resolve).toThrow(error)
    else expect(resolve().map(withoutEmpty)).toEqual(result)
  })
})

describe('parsePolicyFlag', () => {
  it.each([
    [' FileName =a.rego', { files: ['a.rego'] }],
    ['"filename=a,b.rego",strict=1', { files: ['a,b.rego'], strict: true }],
    ['"filename=say ""x"".rego"', { files: ['say "x".rego'] }],
    ['log-level=WARN', { files: [], logLevel: 'warning' }],
    ['log-level=none', { files: [], logLevel: 'none' }],
    ['reset=T,filename=x', { files: ['x'], reset: true }],
    ['disabled=false', { files: [], disabled: false }],
  ])('reads %s', (value, config) => expect(parsePolicyFlag(value)).toEqual(config))

  it.each(['', 'a.rego', 'filename="a"b', '"filename=a', 'constructor=x', 'strict=', 'strict=yes'])(
    'refuses %j',
    value => expect(() => parsePolicyFlag(value)).toThrow(expect.objectContaining({ code: 'invalid_policy_flag' })),
  )
})

describe('readPolicyConfig', () => {
  const printed = { Files: null, Reset: false, Disabled: false, Strict: null, LogLevel: null }
  const file = (name: string) => ({ Filename: name, Data: null })

  it.each([
    ['extra.rego', { files: ['extra.rego'] }],
    ['a dir/x.rego', { files: ['a dir/x.rego'] }],
    ['filename=x.rego', { files: ['x.rego'] }],
    [
      { ...printed, Files: [file('a.rego'), file('cwd://b.rego')], Strict: true },
      { files: ['a.rego', 'cwd://b.rego'], strict: true },
    ],
    [
      { ...printed, Files: [file('a.rego')], Reset: true, LogLevel: 'debug' },
      { files: ['a.rego'], reset: true, logLevel: 'debug' },
    ],
    [
      { ...printed, Disabled: true },
      { files: [], disabled: true },
    ],
    [
      { ...printed, LogLevel: 'warning' },
      { files: [], logLevel: 'warning' },
    ],
  ])('reads %j', (entry, config) => expect(readPolicyConfig(entry)).toEqual(config))

  it.each([
    { ...printed, Files: 'a.rego' },
    { ...printed, Files: [{ Filename: 'a.rego', Data: 'cGFja2FnZQ==' }] },
    { ...printed, Files: [file('')] },
    { ...printed, Files: ['a.rego'] },
    { ...printed, Strict: 'maybe' },
    { ...printed, Other: 1 },
    { files: ['a.rego'] },
  ])('refuses %j', entry => {
    expect(() => readPolicyConfig(entry)).toThrow(expect.objectContaining({ code: 'invalid_policy_flag' }))
  })

  it('makes of a printed entry that disables policies one that may stand alone', () => {
    expect(resolvePolicyConfigs([{ files: ['x'] }], [readPolicyConfig({ ...printed, Disabled: true })])).toEqual([])
  })
})

describe('resolvePolicyConfigs', () => {
  const resolve = (files: string[], ...flags: string[]) =>
    resolvePolicyConfigs(files.length === 0 ? [] : [{ files }], flags.map(parsePolicyFlag))

  it.each([
    ['adds policies after the default one', [['d'], 'filename=a'], [{ files: ['d'] }, { files: ['a'] }]],
    ['forgets the default one', [['d'], 'reset=true,filename=a'], [{ files: ['a'] }]],
    [
      'keeps settings for a policy that follows',
      [[], 'strict=true', 'filename=a,log-level=debug'],
      [{ files: ['a'], strict: true, logLevel: 'debug' }],
    ],
    [
      'changes the last policy',
      [['d'], 'filename=a', 'log-level=error'],
      [{ files: ['d'] }, { files: ['a'], logLevel: 'error' }],
    ],
  ] as const)('%s', (_, [files, ...flags], result) => expect(resolve([...files], ...flags)).toEqual(result))
})
