// A process that decides sources by a label and ends. Prints the milliseconds from its start to the last decision.
import { createEvaluator, createRun, isWithin } from '@source-policy/core'
import { createRegistryClient, parsePlatform } from '@source-policy/oci'
import { createDiskCache } from '@source-policy/oci/disk-cache'
import { imageResolver } from '@source-policy/resolver-image'
import { createTransport } from '@source-policy/transport'

const { host, identifiers, connections, directory } = JSON.parse(process.argv[2])
const labels = ['image', 'labels']
const policy = {
  name: 'gold only',
  evaluate({ input, unknown }) {
    if (unknown.some(hole => isWithin(labels, hole))) return { kind: 'missing', paths: [labels], calls: [] }
    const allow = input.image?.labels?.tier === 'gold'
    return { kind: 'verdict', verdict: { allow, messages: [], pins: [], caps: {}, warnings: [] } }
  },
}
const transport = createTransport({ allowAddresses: [host], perHostConcurrency: connections })
const cache = createDiskCache({ directory })
const registry = createRegistryClient({ transport, cache, rememberTags: true })
const { evaluate } = createEvaluator({ policies: [policy], resolvers: [imageResolver({ registry })] })
const options = { platform: parsePlatform('linux/arm64'), run: createRun() }
const results = await Promise.all(identifiers.map(identifier => evaluate(identifier, options)))
console.log(performance.now())
for (const { decision } of results) if (decision.kind !== 'allow') throw new Error(JSON.stringify(decision))
await cache.settled()
process.exit()
