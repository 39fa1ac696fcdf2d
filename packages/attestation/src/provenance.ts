import { foldCase, type ProvenanceInput } from '@source-policy/core'
import { AttestationError } from './error.ts'
import { createReader, isObject, type JSONObject } from './json.ts'
import { MAX_MATERIAL_URI_LENGTH, MAX_MATERIALS } from './limits.ts'
import type { Statement } from './statement.ts'

/** A source that a provenance names, as it stands there. */
export interface Material {
  readonly uri: string
  /** Algorithm to hexadecimal. */
  readonly digest: Readonly<Record<string, string>>
}

/** What a SLSA provenance claims, in the fields of the policy input; the materials not yet read as sources. */
export interface Provenance extends Omit<ProvenanceInput, 'materials'> {
  readonly materials: readonly Material[]
}

export const SLSA_V0_2 = 'https://slsa.dev/provenance/v0.2'
export const SLSA_V1 = 'https://slsa.dev/provenance/v1'

const reader = createReader('invalid_predicate', 'SLSA provenance')
const BUILD_ARG = 'build-arg:'

/** Where each version keeps what the input has; keys are compared without case, as Go does. */
interface Layout {
  readonly buildType: string
  readonly builderID: string
  readonly configSource: string
  readonly configPath: string
  readonly request: string
  readonly metadata: string
  readonly invocationID: string
  readonly startedOn: string
  readonly finishedOn: string
  readonly reproducible: string
  readonly hermetic: string
  readonly completeness: Readonly<Partial<Record<'parameters' | 'environment' | 'materials', string>>>
  readonly completenessOf: string
  readonly materials: string
}

const layouts: Readonly<Record<string, Layout>> = {
  [SLSA_V1]: {
    buildType: 'buildDefinition.buildType',
    builderID: 'runDetails.builder.id',
    configSource: 'buildDefinition.externalParameters.configSource',
    configPath: 'path',
    request: 'buildDefinition.externalParameters.request',
    metadata: 'runDetails.metadata',
    invocationID: 'invocationId',
    startedOn: 'startedOn',
    finishedOn: 'finishedOn',
    reproducible: 'buildkit_reproducible',
    hermetic: 'buildkit_hermetic',
    completenessOf: 'buildkit_completeness',
    completeness: { parameters: 'request', materials: 'resolvedDependencies' },
    materials: 'buildDefinition.resolvedDependencies',
  },
  [SLSA_V0_2]: {
    buildType: 'buildType',
    builderID: 'builder.id',
    configSource: 'invocation.configSource',
    configPath: 'entryPoint',
    request: 'invocation.parameters',
    metadata: 'metadata',
    invocationID: 'buildInvocationID',
    startedOn: 'buildStartedOn',
    finishedOn: 'buildFinishedOn',
    reproducible: 'reproducible',
    hermetic: 'https://mobyproject.org/buildkit@v1#hermetic',
    completenessOf: 'completeness',
    completeness: { parameters: 'parameters', environment: 'environment', materials: 'materials' },
    materials: 'materials',
  },
}

/** Whether `readProvenance` knows the type: SLSA provenance 0.2 or 1. */
export function isProvenance(predicateType: string): boolean {
  return Object.hasOwn(layouts, predicateType)
}

/**
 * The fields of the policy input that a SLSA provenance (0.2, 1) claims; undefined where the predicate is of another type, or
 * names neither a build type nor a builder. Throws `invalid_predicate` and `too_large`.
 *
 * @see https://slsa.dev/spec/v1.0/provenance
 */
export function readProvenance({
  predicateType,
  predicate,
}: Pick<Statement, 'predicateType' | 'predicate'>): Provenance | undefined {
  const layout = Object.hasOwn(layouts, predicateType) ? layouts[predicateType] : undefined
  if (layout === undefined) return undefined
  const root = reader.object(predicate, 'the predicate')
  const text = (from: JSONObject | undefined, path: string) => {
    const value = select(from, path)
    return value === undefined ? '' : reader.string(value, path)
  }
  const buildType = text(root, layout.buildType)
  const builderID = text(root, layout.builderID)
  if (buildType === '' && builderID === '') return undefined

  const request = objectAt(root, layout.request)
  const rawArgs = stringsAt(request, 'args')
  const buildArgs = Object.entries(rawArgs)
    .filter(([key]) => key.startsWith(BUILD_ARG) && key.length > BUILD_ARG.length)
    .map(([key, value]) => [key.slice(BUILD_ARG.length), value])
  const metadata = objectAt(root, layout.metadata)
  return {
    predicateType,
    ...nonEmpty('buildType', buildType),
    ...nonEmpty('builderID', builderID),
    configSource: configSource(objectAt(root, layout.configSource), layout),
    ...nonEmpty('frontend', text(request, 'frontend')),
    ...(Object.keys(rawArgs).length > 0 && { rawArgs }),
    ...(buildArgs.length > 0 && { buildArgs: Object.fromEntries(buildArgs) }),
    ...(metadata !== undefined && readMetadata(metadata, layout, text)),
    materials: readMaterials(select(root, layout.materials)),
  }
}

function readMetadata(
  metadata: JSONObject,
  layout: Layout,
  text: (from: JSONObject | undefined, path: string) => string,
): Pick<ProvenanceInput, 'invocationID' | 'startedOn' | 'finishedOn' | 'reproducible' | 'hermetic' | 'completeness'> {
  const completeness = objectAt(metadata, layout.completenessOf)
  return {
    ...nonEmpty('invocationID', text(metadata, layout.invocationID)),
    ...nonEmpty('startedOn', time(text(metadata, layout.startedOn), layout.startedOn)),
    ...nonEmpty('finishedOn', time(text(metadata, layout.finishedOn), layout.finishedOn)),
    reproducible: flagAt(metadata, layout.reproducible),
    hermetic: flagAt(metadata, layout.hermetic),
    completeness: Object.fromEntries(
      Object.entries(layout.completeness).map(([field, key]) => [field, flagAt(completeness, key)]),
    ),
  }
}

/** There in any case, perhaps empty, as in buildx. */
function configSource(from: JSONObject | undefined, layout: Layout): NonNullable<ProvenanceInput['configSource']> {
  const digest = stringsAt(from, 'digest')
  return {
    ...nonEmpty('uri', stringAt(from, 'uri')),
    ...(Object.keys(digest).length > 0 && { digest }),
    ...nonEmpty('path', stringAt(from, layout.configPath)),
  }
}

function readMaterials(value: unknown): Material[] {
  if (value === undefined) return []
  return reader.array(value, 'materials', MAX_MATERIALS).map((item, n) => {
    const material = reader.object(item, `material ${n}`)
    const uri = stringAt(material, 'uri')
    if (uri.length > MAX_MATERIAL_URI_LENGTH) {
      throw new AttestationError(
        'too_large',
        `reading SLSA provenance: material ${n} has a URI of ${uri.length} characters, at most ${MAX_MATERIAL_URI_LENGTH} are read`,
      )
    }
    return { uri, digest: stringsAt(material, 'digest') }
  })
}

/**
 * What stands at a path, keys compared without case; undefined where nothing or null does. The path of one key may hold dots
 * only where it is a URI.
 */
function select(from: JSONObject | undefined, path: string): unknown {
  let value: unknown = from
  for (const key of path.includes('://') ? [path] : path.split('.')) {
    if (value === undefined) return undefined
    value = memberOf(reader.object(value, `what holds ${key}`), key) ?? undefined
  }
  return value
}

function memberOf(object: JSONObject, key: string): unknown {
  const names = Object.keys(object).filter(name => foldCase(name) === foldCase(key))
  if (names.length > 1) reader.fail(`${names.join(' and ')} both stand for ${key}`)
  return names[0] === undefined ? undefined : object[names[0]]
}

function objectAt(from: JSONObject | undefined, path: string): JSONObject | undefined {
  const value = select(from, path)
  if (value === undefined || isObject(value)) return value
  return reader.object(value, path)
}

function stringAt(from: JSONObject | undefined, path: string): string {
  const value = select(from, path)
  return value === undefined ? '' : reader.string(value, path)
}

function stringsAt(from: JSONObject | undefined, path: string): Record<string, string> {
  const value = select(from, path)
  return value === undefined ? {} : { ...reader.strings(value, path) }
}

function flagAt(from: JSONObject | undefined, path: string): boolean {
  const value = select(from, path)
  if (value === undefined || typeof value === 'boolean') return value ?? false
  return reader.fail(`expected ${path} to be true or false`)
}

/** RFC 3339 in UTC, to the second. */
function time(text: string, where: string): string {
  if (text === '') return ''
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at)) return reader.fail(`${where} is no RFC 3339 time: ${JSON.stringify(text)}`)
  return `${new Date(at).toISOString().slice(0, 19)}Z`
}

function nonEmpty<K extends string>(key: K, value: string): { [key in K]?: string } {
  return value === '' ? {} : ({ [key]: value } as { [key in K]: string })
}
