// Asks the real OPA what it says of the programs in packages/rego/src/compiler/testdata, and records it for the tests.
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { readPrograms } from '../packages/rego/src/compiler/testdata/programs.mjs'
import { buildPeer } from './peers.mjs'

const testdata = fileURLToPath(new URL('../packages/rego/src/compiler/testdata', import.meta.url))
const opa = buildPeer('opa')

const peer = spawn(opa, { stdio: ['pipe', 'pipe', 'inherit'] })
const answers = createInterface({ input: peer.stdout })[Symbol.asyncIterator]()

async function check({ modules, query, strict }) {
  peer.stdin.write(`${JSON.stringify({ op: 'check', modules, query, strict })}\n`)
  const { value, done } = await answers.next()
  if (done) throw new Error('the peer ended')
  return JSON.parse(value).errors ?? []
}

/** Where several rules are wrong OPA goes through them at random; of parse errors the first comes first. */
function inOrder(errors) {
  if (errors[0].code === 'rego_parse_error') return errors
  return errors.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

const recorded = {}
const misplaced = []
for (const program of readPrograms(path.join(testdata, 'invalid'))) {
  const errors = await check(program)
  if (errors.length === 0) misplaced.push(`invalid/${program.name}`)
  else if (recorded[program.name] !== undefined) misplaced.push(`twice: ${program.name}`)
  else
    recorded[program.name] = inOrder(
      errors.map(({ code, message, file, row, col }) => ({ code, message, file, row, col })),
    )
}
for (const program of readPrograms(path.join(testdata, 'valid'))) {
  const [error] = await check(program)
  if (error !== undefined) misplaced.push(`valid/${program.name}: ${error.text}`)
}
peer.stdin.end()

const rows = Object.entries(recorded).map(([name, errors]) => `${JSON.stringify(name)}: ${JSON.stringify(errors)}`)
writeFileSync(path.join(testdata, 'invalid.json'), `{\n${rows.join(',\n')}\n}\n`)
console.log(`${rows.length} programs recorded`)
for (const name of misplaced) console.error(`misplaced: ${name}`)
if (misplaced.length > 0) process.exitCode = 1
