import type { EvaluationRequest, Input, Path, Policy } from '@source-policy/core'
import { type EngineBehaviour, testEngine } from '@source-policy/testkit/contracts'
import { describe, expect, it } from 'vitest'
import { type JsPolicyOptions, jsPolicy } from './js-policy.ts'

const behaviours: Record<EngineBehaviour, JsPolicyOptions['evaluate']> = {
  allow: () => true,
  deny: () => ({ allow: false, deny_msg: ['first', 'second'] }),
  repo: ({ image }) => image?.repo === 'alpine',
  label: ({ image }) => image?.labels?.tier === 'gold',
  'no label': ({ image }) => image?.labels?.blocked === undefined,
  'repo and label': ({ image }) => image?.repo === 'alpine' && image.labels?.tier === 'gold',
  'message from label': ({ image }) => ({ allow: false, deny_msg: [`tier ${image?.labels?.tier} is too low`] }),
  'two fields': ({ image }) => image?.user === 'app' && image.workingDir === '/app',
  pin: ({ image }, { pinImage }) => image !== undefined && pinImage(image, `sha256:${'a'.repeat(64)}`),
  verified: ({ git }, { call }) => call('verify_git_signature', git?.commit, 'key.asc') === true,
  print: (_input, { print }) => {
    print('hello')
    return true
  },
  'wrong type': () => ({ allow: 'yes' as unknown as boolean }),
}

testEngine({
  name: 'js',
  load: async behaviour => jsPolicy({ name: behaviour, evaluate: behaviours[behaviour] }),
  describe,
  it,
  expect,
})

describe('jsPolicy', () => {
  const holes: Path[] = [
    ['image', 'labels'],
    ['image', 'provenance', 'materials', 1, 'git', 'tag'],
  ]
  const input: Input = {
    image: { repo: 'alpine', provenance: { materials: [{ git: { host: 'a' } }, { git: { host: 'b' } }] } },
  }
  const request: EvaluationRequest = {
    input,
    unknown: holes,
    answers: new Map(),
    time: 1_700_000_000_000_000_000n,
    seed: 1,
    limits: { maxSteps: 1_000, timeoutMs: 1_000 },
  }
  const evaluate = (decide: JsPolicyOptions['evaluate']) => jsPolicy({ name: 'p', evaluate: decide }).evaluate(request)

  it.each<[string, JsPolicyOptions['evaluate']]>([
    ['a read', ({ image }) => image?.labels !== undefined],
    ['a read beneath', ({ image }) => image?.labels?.['org.example/x'] === 'y'],
    [
      'a read that was caught',
      ({ image }) => {
        try {
          return image?.labels === undefined
        } catch {
          return true
        }
      },
    ],
    [
      'an error after it',
      ({ image }) => {
        try {
          void image?.labels
        } catch {
          throw new TypeError('disguised')
        }
        return true
      },
    ],
    ['destructuring', ({ image: { labels } = {} }) => labels === undefined],
    ['listing', ({ image }) => !Object.keys(image ?? {}).includes('labels')],
    ['spreading', ({ image }) => ({ ...image }).labels === undefined],
    ['"in"', ({ image }) => image !== undefined && !('labels' in image)],
    ['hasOwn', ({ image }) => image !== undefined && !Object.hasOwn(image, 'labels')],
    ['serialising', ({ image }) => JSON.stringify(image) === '{}'],
    ['a variable', ({ image }) => (image as unknown as Record<string, unknown>)[['la', 'bels'].join('')] === undefined],
    [
      'a promise',
      async ({ image }) => {
        await Promise.resolve()
        return image?.labels === undefined
      },
    ],
  ])('notices %s of what is unknown', async (_name, decide) => {
    expect(await evaluate(decide)).toEqual({ kind: 'missing', paths: [holes[0]], calls: [] })
  })

  it('iterates over materials without asking for what it does not look at', async () => {
    const hosts = await evaluate(
      ({ image }) => image?.provenance?.materials?.every(({ git }) => git?.host !== 'evil') ?? false,
    )
    expect(hosts).toMatchObject({ verdict: { allow: true } })
    const tags = await evaluate(
      ({ image }) => image?.provenance?.materials?.every(({ git }) => git?.tag === undefined) ?? false,
    )
    expect(tags).toEqual({ kind: 'missing', paths: [holes[1]], calls: [] })
  })

  it('gives objects no members but their own', async () => {
    const inherited = await evaluate(({ image }) => {
      const provenance: object = image?.provenance ?? {}
      return provenance.constructor === undefined && provenance.toString === undefined
    })
    expect(inherited).toMatchObject({ verdict: { allow: true } })
  })

  it('lets nobody change the input', async () => {
    const change = evaluate(({ image }) => {
      if (image !== undefined) image.repo = 'busybox'
      return true
    })
    await expect(change).rejects.toMatchObject({ code: 'policy_failed' })
    expect(input.image?.repo).toBe('alpine')
  })

  it('is broken where the function throws', async () => {
    const failing: Policy['evaluate'] = () =>
      evaluate(() => {
        throw new Error('boom')
      })
    await expect(failing(request)).rejects.toMatchObject({ code: 'policy_failed' })
  })

  it('tells the time of the run', async () => {
    expect(await evaluate((_input, { time }) => time.toISOString() === '2023-11-14T22:13:20.000Z')).toMatchObject({
      verdict: { allow: true },
    })
  })
})
