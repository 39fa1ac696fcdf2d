/*
 * A bake file of 100 targets over 30 images, against one target with the same images: requests and wall time of the built
 * command, each time in a process of its own as people run it, in alternating rounds. Run by `npm run bench:bake`; fails where
 * an image is asked for twice or the time is beyond the limit.
 */
import { execFile } from 'node:child_process'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { buildImage, startRegistry } from '@source-policy/testkit'
import { regoPolicy, temporaryDirectory } from '../apps/cli/src/run-cli.ts'

const COMMAND = fileURLToPath(new URL('../apps/cli/dist/source-policy.js', import.meta.url))
const execute = promisify(execFile)

const TARGETS = 100
const IMAGES = 30
const ROUNDS = 7
const MAX_TIME_RATIO = 3

const registry = await startRegistry()
for (let index = 0; index < IMAGES; index++) {
  registry.push(`image${index}`, buildImage({ labels: { index: String(index) } }), '1')
}

const nameOf = (index: number) => `${registry.host}/image${index % IMAGES}:1`
const policy = regoPolicy('allow if to_number(input.image.labels.index) >= 0')
const names = Array.from({ length: TARGETS }, (_, index) => `t${index}`)

/** Each target has a directory of its own and builds on three images. */
const many = {
  'docker-bake.json': JSON.stringify({
    group: { default: { targets: names } },
    target: Object.fromEntries(names.map(name => [name, { context: name, args: { NAME: name } }])),
  }),
  ...Object.fromEntries(
    names.flatMap((name, index) => [
      [
        `${name}/Dockerfile`,
        `ARG NAME\nFROM ${nameOf(index)} AS a\nFROM ${nameOf(index + 7)} AS b\nFROM ${nameOf(index + 13)}\nCOPY --from=a / /\nCOPY --from=b / /\n`,
      ],
      [`${name}/Dockerfile.rego`, policy],
    ]),
  ),
}
const all = Array.from({ length: IMAGES }, (_, index) => index)
const one = {
  'docker-bake.json': JSON.stringify({ target: { default: {} } }),
  Dockerfile: [
    ...all.map(index => `FROM ${nameOf(index)} AS s${index}`),
    'FROM scratch',
    ...all.map(index => `COPY --from=s${index} / /`),
    '',
  ].join('\n'),
  'Dockerfile.rego': policy,
}

async function measure(files: Readonly<Record<string, string>>) {
  const directory = temporaryDirectory(files)
  registry.clearLog()
  const started = performance.now()
  const network = ['--allow-address', registry.host, '--insecure-registry', registry.host]
  // rejects where it does not end with 0: all is to be allowed
  await execute(process.execPath, [COMMAND, 'check', '--bake', 'docker-bake.json', ...network], { cwd: directory.path })
  const ms = performance.now() - started
  directory.remove()
  const asked = registry.contentRequests().map(({ method, path }) => `${method} ${path}`)
  return { ms, requests: asked.length, repeated: asked.length - new Set(asked).size }
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0

await measure(one)
await measure(many)
const rounds = { one: [] as number[], many: [] as number[] }
let requests = { one: 0, many: 0, repeated: 0 }
for (let round = 0; round < ROUNDS; round++) {
  const ofOne = await measure(one)
  const ofMany = await measure(many)
  rounds.one.push(ofOne.ms)
  rounds.many.push(ofMany.ms)
  requests = {
    one: ofOne.requests,
    many: ofMany.requests,
    repeated: requests.repeated + ofOne.repeated + ofMany.repeated,
  }
}
await registry.close()

const ratio = median(rounds.many) / median(rounds.one)
const load = os.loadavg().map(value => value.toFixed(1))
console.log(`1 target over ${IMAGES} images: ${median(rounds.one).toFixed(0)} ms, ${requests.one} requests`)
console.log(`${TARGETS} targets over ${IMAGES} images: ${median(rounds.many).toFixed(0)} ms, ${requests.many} requests`)
console.log(
  `ratio ${ratio.toFixed(2)} (limit ${MAX_TIME_RATIO}), asked for twice: ${requests.repeated} (limit 0); load ${load.join(' ')}`,
)
if (ratio >= MAX_TIME_RATIO || requests.repeated > 0 || requests.many !== requests.one) process.exitCode = 1
