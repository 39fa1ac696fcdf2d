import { expect, it } from 'vitest'
import type { Facts } from './facts.ts'
import type { Resolver } from './resolver.ts'
import { createResolvers } from './resolvers.ts'
import { createRun } from './run.ts'
import { plantTree } from './source-tree.ts'

const nothing: Facts = { known: [], absent: [], unavailable: [], children: [] }
const resolver: Resolver = {
  kind: 'image',
  schemes: ['docker-image'],
  parse: identifier => ({ kind: 'image', identifier, attrs: {} }),
  describe: () => ({ input: {}, unknown: [['user']] }),
  resolve: async () => nothing,
}
const { parse } = createResolvers([resolver])
const { source } = parse('docker-image://alpine', { attrs: {}, platform: undefined })

it('does not ask again for what was unavailable before its material came', () => {
  const tree = plantTree(source, resolver, {
    resolvers: createResolvers([resolver]),
    run: createRun(),
    env: { depth: 0 },
  })
  const user = ['materials', 0, 'user']
  const down = { code: 'offline', message: 'down' }
  tree.add(tree.root, [], { ...nothing, holes: [user] })
  tree.add(tree.root, [user], { ...nothing, unavailable: [{ path: user, error: down }] })
  tree.add(tree.root, [], { ...nothing, children: [{ path: ['materials', 0], identifier: 'docker-image://other' }] })
  expect(tree.isHole(user)).toBe(true)
  expect(tree.whyUnavailable(user)).toBe(down)
  tree.add(tree.ownerOf(user), [], { ...nothing, known: [{ path: ['user'], value: 'root', basis: 'digest' }] })
  expect(tree.isHole(user)).toBe(true)
})
