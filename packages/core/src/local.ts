import type { Resolver } from './resolver.ts'

/** Sources that lie with the client: `local://context`. Everything is known of them. */
export function localResolver(): Resolver {
  return {
    kind: 'local',
    schemes: ['local'],
    parse: (identifier, { attrs }) => ({ kind: 'local', identifier, attrs }),
    describe: ({ identifier }) => {
      const name = identifier.slice('local://'.length)
      return { input: { local: name === '' ? {} : { name } }, unknown: [] }
    },
    resolve: async () => ({ known: [], absent: [], unavailable: [], children: [] }),
  }
}
