import { expect, it } from 'vitest'
import type { Facts } from './facts.ts'
import { parseField } from './fields.ts'
import { inspectSource } from './inspect.ts'
import type { Path } from './path.ts'
import type { Resolver } from './resolver.ts'

const nothing: Facts = { known: [], absent: [], unavailable: [], children: [] }
const server = { basis: 'server' } as const

/** Images whose provenance names one git material; `asked` keeps what was resolved. */
function resolvers(answer: (path: string) => Partial<Facts> = () => ({})) {
  const asked: string[] = []
  const resolve: Resolver['resolve'] = async (source, paths) => {
    asked.push(`${source.kind}: ${paths.map(path => path.join('.')).join(' ')}`)
    return { ...nothing, ...answer(paths.map(path => path.join('.')).join(' ')) }
  }
  const of = (kind: string, scheme: string, unknown: Path[]): Resolver => ({
    kind,
    schemes: [scheme],
    parse: (identifier, { attrs }) => ({ kind, identifier, attrs }),
    describe: () => ({ input: { [kind]: {} }, unknown }),
    resolve,
  })
  const image = of('image', 'docker-image', [
    ['image', 'labels'],
    ['image', 'provenance'],
  ])
  return { asked, resolvers: [image, of('git', 'git', [['git', 'tag']])] }
}

const provenance: Partial<Facts> = {
  known: [{ path: ['image', 'provenance'], value: { materials: [{}] }, ...server }],
  children: [{ path: ['image', 'provenance', 'materials', 0], identifier: 'git://example.com/a.git' }],
}
const fields = (...texts: string[]) => texts.map(text => parseField(text) ?? [])

it('asks for nothing where no fields are wanted', async () => {
  const { asked, resolvers: all } = resolvers()
  const { input, unknown } = await inspectSource('docker-image://a', { resolvers: all })
  expect({ asked, input, unknown: unknown.length }).toEqual({ asked: [], input: { image: {} }, unknown: 2 })
})

it('fetches what names a material before the field of the material', async () => {
  const { asked, resolvers: all } = resolvers(path =>
    path === 'git.tag' ? { known: [{ path: ['git', 'tag'], value: { tag: 'v1' }, ...server }] } : provenance,
  )
  const wanted = fields('image.provenance.materials[0].git.tag')
  const { input, invalid } = await inspectSource('docker-image://a', { resolvers: all, fields: wanted })
  expect(asked).toEqual(['image: image.provenance', 'git: git.tag'])
  expect(input.image?.provenance?.materials?.[0]?.git?.tag).toEqual({ tag: 'v1' })
  expect(invalid).toEqual([])
})

it('tells fields that the source does not have from fields that could not be had', async () => {
  const error = { code: 'timeout', message: 'too slow' }
  const { resolvers: all } = resolvers(() => ({ unavailable: [{ path: ['image', 'provenance'], error }] }))
  const material = 'image.provenance.materials[0].git.tag'
  const inspection = await inspectSource('docker-image://a', {
    resolvers: all,
    fields: fields(material, 'image.nonsense', 'image.labels.foo'),
  })
  expect(inspection.invalid).toEqual(fields('image.nonsense', 'image.labels.foo'))
  expect(inspection.unavailable).toEqual([{ path: ['image', 'provenance'], error }])
})

it('rejects with the reason of its signal', async () => {
  const { resolvers: all } = resolvers()
  const signal: AbortSignal = AbortSignal.abort(new Error('enough'))
  const options = { resolvers: all, fields: fields('image.labels'), signal }
  await expect(inspectSource('docker-image://a', options)).rejects.toThrow('enough')
})
