import { describe, expect, it } from 'vitest'
import { conformanceJSON, hasConformance } from '../../../test/conformance.ts'
import { fieldPrerequisites, fieldsToLoad, parseField } from './fields.ts'
import { formatPath, type Path } from './path.ts'

const field = (text: string): Path => parseField(text) ?? expect.fail(`${text} is no field`)
const texts = (paths: readonly Path[]) => paths.map(path => formatPath(path).replace('input.', ''))

describe('parseField', () => {
  it.each([
    ['image.labels', ['image', 'labels']],
    ['input.image.labels', ['image', 'labels']],
    ['image.provenance.materials[3].git.tag', ['image', 'provenance', 'materials', 3, 'git', 'tag']],
    ['image..labels', undefined],
    ['image.labels[x]', undefined],
    ['', undefined],
    ['[0]', undefined],
  ])('%j', (text, path) => expect(parseField(text)).toEqual(path))
})

interface EvalFields {
  cases: { fields: string[]; unknowns: string[]; reload: string[]; invalid: string[] }[]
  prerequisites: [field: string, paths: string[] | null][]
}

describe.skipIf(!hasConformance)('fields of buildx policy eval', () => {
  const data = hasConformance
    ? conformanceJSON<{ eval_fields: EvalFields }>('vectors', 'buildx.json').eval_fields
    : { cases: [], prerequisites: [] }

  it.each(data.cases)('$fields with $unknowns', ({ fields, unknowns, reload, invalid }) => {
    const plan = fieldsToLoad(fields.map(field), unknowns.map(field))
    expect({ reload: texts(plan.load), invalid: texts(plan.invalid) }).toEqual({ reload, invalid })
  })

  it.each(data.prerequisites)('%s needs %j', (text, paths) => {
    expect(texts(fieldPrerequisites(field(text)))).toEqual(paths ?? [])
  })
})

it('refuses what lies beneath an unknown field', () => {
  expect(fieldsToLoad([field('image.labels.foo')], [field('image.labels')])).toEqual({
    load: [],
    invalid: [['image', 'labels', 'foo']],
  })
})

it('takes what lies beneath a provenance or a list of attestations for a field of its own', () => {
  const needs = (text: string) => texts(fieldPrerequisites(field(text)))
  expect(needs('image.provenance.verified')).toEqual(['image.provenance'])
  expect(needs('image.provenance.materials[0].image.attestations[2].predicate')).toEqual([
    'image.provenance',
    'image.provenance.materials[0].image.attestations',
  ])
  expect(needs('image.attestations')).toEqual([])
})
