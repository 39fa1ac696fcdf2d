import { createMutator } from '@source-policy/testkit'
import { expect, it } from 'vitest'
import { FUZZ_RUNS, FUZZ_SEED, fuzz } from '../../../test/fuzz.ts'
import { BakeError, readBake } from './index.ts'

const variables = new Map<string, string | undefined>([
  ['V', 'value'],
  ['UNSET', undefined],
])

/** Whatever the text is: targets whose parts are texts, or an error with a code. */
function read(text: string, file: string): void {
  try {
    for (const target of readBake(text, { file, variables }).targets) {
      for (const part of [target.context, ...Object.values(target.args), ...Object.values(target.contexts)]) {
        expect(typeof part).toBe('string')
      }
      expect(Object.getPrototypeOf(target.args)).toBe(Object.prototype)
    }
  } catch (error) {
    if (!(error instanceof BakeError)) throw error
  }
}

it('bake files are read or refused, whatever they are', async () => {
  const { next } = createMutator({
    samples: [
      '{"variable":{"V":{"default":"1"}},"group":{"default":{"targets":["a"]}},"target":{"a":{"context":"${V}","args":{"A":"$${x}","B":null},"inherits":["b"],"policy":["filename=x",{"filename":"y"}],"attest":["type=sbom"]},"b":{"contexts":{"c":"target:c"}},"c":{}}}',
    ],
    pieces: [
      '${',
      '%{',
      '$${',
      '{',
      '}',
      '[',
      ']',
      '"target:a"',
      '"inherits":["a"]',
      '"__proto__"',
      'null',
      '"matrix"',
    ],
    seed: FUZZ_SEED,
  })
  await fuzz(next, input => read(Buffer.from(input).toString(), 'docker-bake.json'))
  expect(FUZZ_RUNS).toBeGreaterThan(0)
})

it('compose files are read or refused, whatever they are', async () => {
  const { next } = createMutator({
    samples: [
      'x: &x\n  args: {A: "${V:-${UNSET:+y}}"}\nservices:\n  a:\n    build:\n      <<: *x\n      context: ./$V\n      additional_contexts: [b=service:b]\n  b: {build: {dockerfile_inline: "FROM scratch", x-bake: {platforms: [linux/amd64]}}}\n',
    ],
    pieces: [
      '${',
      '$$',
      '*x',
      '&x',
      '<<: ',
      '- ',
      '? ',
      '[',
      '{',
      '|\n',
      '!!binary ',
      '!!set ',
      '\t',
      'services:',
      '%YAML 1.1\n---\n',
    ],
    seed: FUZZ_SEED,
  })
  await fuzz(next, input => read(Buffer.from(input).toString(), 'compose.yaml'))
})
