/** The HTTP client that tuf-js brings along is never used: it is given the transport. */
export function noFetcher() {
  return {
    name: 'no-fetcher',
    resolveId: { filter: { id: /^make-fetch-happen$/ }, handler: () => '\0no-fetcher' },
    load: {
      filter: { id: /^\0no-fetcher$/ },
      handler: () => `export default () => { throw new Error('the transport is to be used') }`,
    },
  }
}
