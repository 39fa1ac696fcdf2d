import { createRun } from '@source-policy/core'
import { digestOf } from '@source-policy/oci'
import { expect, it } from 'vitest'
import { type Candidate, oneByOne } from './candidates.ts'

const digest = digestOf(Buffer.from('x'))
const candidate: Candidate = {
  place: { name: 'manifest', subject: { mediaType: 'x', digest, size: 1 } },
  kind: 'bundle',
  digest,
  bytes: Buffer.from('x'),
  annotations: {},
}

it('candidates that take long to verify do not outlast the time of the run', async () => {
  const run = createRun({ limits: { timeoutMs: 20 } })
  let verified = 0
  const verifyAll = async () => {
    for await (const _ of oneByOne(Array<Candidate>(1000).fill(candidate), { run, signal: run.signal })) {
      for (const until = performance.now() + 5; performance.now() < until; );
      verified++
    }
  }
  await expect(verifyAll()).rejects.toMatchObject({ code: 'timeout' })
  expect(verified).toBeLessThan(100)
})
