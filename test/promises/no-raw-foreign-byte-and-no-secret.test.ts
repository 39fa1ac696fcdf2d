import { inspect } from 'node:util'
import { createEvaluator } from '@source-policy/core'
import { opaEngine } from '@source-policy/engine-opa'
import { createRegistryClient } from '@source-policy/oci'
import { gitResolver } from '@source-policy/resolver-git'
import { httpResolver } from '@source-policy/resolver-http'
import { imageResolver } from '@source-policy/resolver-image'
import { buildImage, type HTTPOrigin, type Registry, startHTTPOrigin, startRegistry } from '@source-policy/testkit'
import { createTransport } from '@source-policy/transport'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CliRun } from '../../apps/cli/src/run-cli.ts'
import { type Attempt, attempt, DENY, outputOf, UNLESS_BAD } from './harness.ts'

/* Promise 5: no raw foreign byte in a terminal or a CI log command, and no secret in what is written. */

let registry: Registry
let origin: HTTPOrigin
beforeAll(async () => {
  registry = await startRegistry()
  origin = await startHTTPOrigin({ files: { '/a': 'content' } })
})
beforeEach(() => {
  registry.faults.clear()
  origin.faults.clear()
})
afterAll(() => Promise.all([registry.close(), origin.close()]))

/** The run once for each way in which the command speaks. */
async function eachWay({ argv = ['check'], ...rest }: Attempt): Promise<CliRun[]> {
  const ways = [[], ['--format', 'json']]
  const allow = [registry.host, origin.host]
  const runs: CliRun[] = []
  for (const flags of ways)
    runs.push(await attempt({ allow, ...rest, argv: [...argv, '--log-level', 'debug', ...flags] }))
  expect(() => JSON.parse(runs[1]!.stdout) as unknown).not.toThrow()
  return runs
}

/** Escapes of terminals, carriage returns that overwrite, commands of CI systems, text that reads backwards or not at all. */
const HOSTILE = [
  '\u001b[2J\u001b]0;owned\u0007\u009b31m',
  '\r\u0008\u007f',
  '\n::error file=a::b\n::add-mask::yes\n::set-output name=a::b\n',
  '##vso[task.complete result=Succeeded]##[error]x ##teamcity[buildProblem]',
  '\u202ereversed\u2066\u2069\u200b\u200d\ufeff\u2028\u2029\u0085\u034f\u3164\ufe0f\u{e0041}',
  '</script><img src=x onerror=alert(1)>]]>&quot;',
].join(' ')
/** What of it can stand within a line of a Dockerfile or a URL, and in the name of a file. */
const LINE = HOSTILE.replace(/[\n\r]/g, '')
const NAME = LINE.replaceAll('/', '').slice(0, 90)

const raw = /[\0-\x09\x0b-\x1f\x7f-\x9f\p{Zl}\p{Zp}]|\p{Cf}|\p{Default_Ignorable_Code_Point}/u
const ciCommand = /^\s*::|##[A-Za-z]*\[/m

function expectHarmless(run: CliRun) {
  for (const text of [run.stdout, run.stderr]) {
    expect(raw.exec(text)?.[0], text).toBeUndefined()
    expect(ciCommand.exec(text)?.[0], text).toBeUndefined()
  }
}

const quoted = (text: string) => JSON.stringify(text)
const rego = (decision: string) => `package docker\n\ndecision := ${decision}\n`

describe('no raw foreign byte', () => {
  it.each<[string, () => Pick<Attempt, 'files' | 'argv'>]>([
    [
      'a deny message',
      () => ({
        files: { Dockerfile: 'FROM x', 'Dockerfile.rego': rego(`{"allow": false, "deny_msg": [${quoted(HOSTILE)}]}`) },
      }),
    ],
    [
      'what a policy prints',
      () => ({
        files: {
          Dockerfile: 'FROM x',
          'Dockerfile.rego': `${rego('{"allow": true} if print(msg)')}\nmsg := ${quoted(HOSTILE)}`,
        },
      }),
    ],
    [
      'a policy that does not parse',
      () => ({ files: { Dockerfile: 'FROM x', 'Dockerfile.rego': `package docker\n\nx := "${LINE}" oops ${LINE}\n` } }),
    ],
    [
      'an error of evaluation',
      () => ({
        files: {
          Dockerfile: 'FROM x',
          'Dockerfile.rego': `${rego('{"allow": allow}')}\nallow := ${quoted(HOSTILE)}\n\nallow := true`,
        },
      }),
    ],
    [
      'a capability of a policy',
      () => ({
        files: { Dockerfile: 'FROM x', 'Dockerfile.rego': rego(`{"allow": true, "caps": {${quoted(HOSTILE)}: true}}`) },
      }),
    ],
    [
      'a path of load_json',
      () => ({
        files: {
          Dockerfile: 'FROM x',
          'Dockerfile.rego': rego(`{"allow": load_json(${quoted(HOSTILE.replaceAll('\0', ''))})}`),
        },
      }),
    ],
    [
      'an import',
      () => ({
        files: { Dockerfile: 'FROM x', 'Dockerfile.rego': `package docker\n\nimport data[${quoted(HOSTILE)}].x\n` },
      }),
    ],
    ['an instruction', () => ({ files: { Dockerfile: `FROM x\n${LINE}\n`, 'Dockerfile.rego': DENY } })],
    ['a flag', () => ({ files: { Dockerfile: `FROM x\nCOPY --${LINE}=1 a b\n`, 'Dockerfile.rego': DENY } })],
    ['an image', () => ({ files: { Dockerfile: `FROM "${LINE}"\n`, 'Dockerfile.rego': DENY } })],
    ['a stage', () => ({ files: { Dockerfile: `FROM x AS ${LINE}\n`, 'Dockerfile.rego': DENY } })],
    ['a platform', () => ({ files: { Dockerfile: `FROM --platform="${LINE}" x\n`, 'Dockerfile.rego': DENY } })],
    [
      'a URL',
      () => ({
        files: { Dockerfile: `FROM scratch\nADD "https://a.example.com/${LINE}" /\n`, 'Dockerfile.rego': DENY },
      }),
    ],
    [
      'a git ref',
      () => ({
        files: { Dockerfile: `FROM scratch\nADD "https://a.example.com/x.git#${LINE}" /\n`, 'Dockerfile.rego': DENY },
      }),
    ],
    ['a syntax directive', () => ({ files: { Dockerfile: `# syntax=${LINE}\nFROM x\n`, 'Dockerfile.rego': DENY } })],
    [
      'a variable that is demanded',
      () => ({ files: { Dockerfile: `FROM \${X:?${LINE}}\n`, 'Dockerfile.rego': DENY } }),
    ],
    [
      'an argument',
      () => ({
        files: { Dockerfile: 'FROM x', 'Dockerfile.rego': DENY },
        argv: ['check', '--build-arg', `A=${HOSTILE}`],
      }),
    ],
    [
      'a target',
      () => ({ files: { Dockerfile: 'FROM x', 'Dockerfile.rego': DENY }, argv: ['check', '--target', HOSTILE] }),
    ],
    [
      'an option',
      () => ({ files: { Dockerfile: 'FROM x', 'Dockerfile.rego': DENY }, argv: ['check', '--platform', HOSTILE] }),
    ],
    [
      'a file name',
      () => ({
        files: {
          [`${NAME}.Dockerfile`]: 'FROM x',
          [`${NAME}.Dockerfile.rego`]: DENY,
        },
        argv: ['check', '-f', `${NAME}.Dockerfile`],
      }),
    ],
  ])('from %s', async (_, build) => {
    for (const run of await eachWay(build())) {
      expect(run.exitCode).toBeLessThan(4)
      expectHarmless(run)
    }
  })

  it('from labels, variables, volumes and triggers of an image', async () => {
    const options = { labels: { [HOSTILE]: HOSTILE }, env: [`A=${HOSTILE}`], user: HOSTILE, volumes: [HOSTILE] }
    registry.push('hostile', buildImage(options), '1')
    registry.push('triggers', buildImage({ onBuild: [`ADD ${LINE} /`] }), '1')
    const files = {
      Dockerfile: `FROM ${registry.host}/hostile:1\n`,
      'Dockerfile.rego': `${rego('{"allow": input.image.user == "", "deny_msg": messages}')}
messages contains sprintf("%v %v %v", [input.image.labels, input.image.env, input.image.volumes]) if print(input.image)\n`,
    }
    for (const run of await eachWay({ files })) {
      expectHarmless(run)
      expect(outputOf(run)).toContain('owned')
    }
    const triggers = { Dockerfile: `FROM ${registry.host}/triggers:1\n`, 'Dockerfile.rego': rego('{"allow": true}') }
    for (const run of await eachWay({ files: triggers })) expectHarmless(run)
  })

  const json = (value: unknown) => JSON.stringify(value)
  it.each<[string, Readonly<Record<string, string>>, string]>([
    ['codes of errors', {}, json({ errors: [{ code: HOSTILE, message: HOSTILE }] })],
    ['keys of a document', {}, `{${quoted(HOSTILE)}: 1, ${quoted(HOSTILE)}: 2}`],
    ['media types', {}, json({ schemaVersion: 2, mediaType: HOSTILE })],
    ['digests', {}, json({ schemaVersion: 2, config: { digest: HOSTILE, size: 1, mediaType: HOSTILE } })],
    ['malformed JSON', {}, `{"a": ${HOSTILE}}`],
    ['a content type', { 'content-type': 'text/\u009b31m::error::' }, '{}'],
    ['a digest header', { 'docker-content-digest': 'sha256:\u009b31m' }, json({ schemaVersion: 2, manifests: [] })],
    ['a location', { location: 'http://\u009b31m/##vso[a]' }, ''],
    ['a challenge', { 'www-authenticate': 'Bearer realm="\u009b31m::error::", \u0085' }, ''],
  ])('from %s of a registry', async (_, headers, body) => {
    const status = headers.location ? 302 : headers['www-authenticate'] ? 401 : body.startsWith('{"errors') ? 400 : 200
    registry.faults.add({ match: /manifests/, fault: { kind: 'status', status, headers, body } })
    const files = { Dockerfile: `FROM ${registry.host}/x:1\n`, 'Dockerfile.rego': UNLESS_BAD }
    for (const run of await eachWay({ files })) {
      expect(run.exitCode, outputOf(run)).toBe(3)
      expectHarmless(run)
    }
  })

  it.each([
    ['an error packet', `${packet(`ERR ${HOSTILE}`)}`],
    ['a service', `${packet(`# service=${HOSTILE}\n`)}0000`],
    ['a ref', `${packet('# service=git-upload-pack\n')}0000${packet(`${'0'.repeat(40)} ${HOSTILE}\n`)}0000`],
    [
      'a capability',
      `${packet('# service=git-upload-pack\n')}0000${packet('version 2\n')}${packet(`${HOSTILE}\n`)}0000`,
    ],
  ])('from %s of a git server', async (_, body) => {
    const headers = { 'content-type': 'application/x-git-upload-pack-advertisement' }
    origin.faults.add({ fault: { kind: 'status', status: 200, headers, body } })
    const files = {
      Dockerfile: `FROM scratch\nADD ${origin.url}/x.git#main /\n`,
      'Dockerfile.rego': rego('{"allow": input.git.commit.message == "x"}'),
    }
    for (const run of await eachWay({ files })) expectHarmless(run)
  })
})

function packet(text: string): string {
  return (Buffer.byteLength(text) + 4).toString(16).padStart(4, '0') + text
}

const SECRET = 's3cr3t-hunter2'
const basicAuth = Buffer.from(`user:${SECRET}`).toString('base64')
const told = `${rego('{"allow": false, "deny_msg": messages}')}
messages contains json.marshal(input) if print(input)

messages contains input.http.url

messages contains input.http.checksum

messages contains input.git.remote

messages contains input.git.commit.message

messages contains input.image.labels.x
`

function expectSecret(run: CliRun) {
  for (const form of [SECRET, Buffer.from(SECRET).toString('base64').slice(0, 12), encodeURIComponent(SECRET)]) {
    expect(outputOf(run).includes(form), outputOf(run)).toBe(false)
  }
}

describe('no secret', () => {
  it.each<[string, string, (readonly string[])?]>([
    ['user and password of a URL', `ADD http://user:${SECRET}@<origin>/a /`],
    ['a user alone', `ADD http://${SECRET}@<origin>/a /`],
    ['an escaped password', `ADD http://user:%73${SECRET.slice(1)}@<origin>/a /`],
    ['a password that JSON quotes', `ADD http://user:%22${SECRET}%0A%22@<origin>/a /`],
    ['a signed URL', `ADD http://<origin>/a?X-Amz-Signature=${SECRET}&X-Amz-Security-Token=${SECRET} /`],
    ['a token in a URL', `ADD http://<origin>/a?jwt=${SECRET}&access_token=${SECRET} /`],
    ['a URL of a server that is not there', `ADD http://user:${SECRET}@<origin>/missing?token=${SECRET} /`],
    ['a URL that may not be contacted', `ADD http://user:${SECRET}@127.0.0.1:1/a /`],
    ['a URL that is read in several ways', `ADD http://user:${SECRET}@<origin>/../a /`],
    ['a malformed URL', `ADD http://user:${SECRET}@[::/a /`],
    ['a git URL', `ADD http://user:${SECRET}@<origin>/x.git#main /`],
    ['a git URL with a query', `ADD http://user:${SECRET}@<origin>/x.git?branch=main&nothing=1 /`],
    ['git over SSH', `ADD ssh://user:${SECRET}@127.0.0.1/x.git#main /`],
    ['a word that is not known', `ADD http://user:${SECRET}@$NOBODY_KNOWS/a /`],
    ['a line that is wrong', `ADD --wrong=http://user:${SECRET}@a.example.com/ a /`],
    ['an unfinished line', `ADD "http://user:${SECRET}@a.example.com/ /`],
    ['a build argument', 'ARG URL\nADD $URL /', ['--build-arg', `URL=http://user:${SECRET}@<origin>/a`]],
    [
      'a build argument that is named so',
      'ARG NPM_TOKEN\nADD http://<origin>/$NPM_TOKEN /',
      ['--build-arg', `NPM_TOKEN=${SECRET}`],
    ],
    ['a named context', 'COPY --from=lib / /', ['--build-context', `lib=http://user:${SECRET}@<origin>/x.git`]],
  ])('of %s', async (_, line, flags = []) => {
    origin.faults.add({ match: /info\/refs/, fault: { kind: 'status', status: 500 }, times: 100 })
    const filled = (text: string) => text.replaceAll('<origin>', origin.host)
    const files = {
      Dockerfile: `FROM ${registry.host}/none:1 AS base\nFROM base\n${filled(line)}\n`,
      'Dockerfile.rego': told,
    }
    for (const run of await eachWay({ files, argv: ['check', ...flags.map(filled)] })) {
      expect([1, 2, 3]).toContain(run.exitCode)
      expectSecret(run)
    }
  })

  it.each([
    ['a context', `https://user:${SECRET}@github.com/a/b.git`],
    ['a context over SSH', `ssh://user:${SECRET}@github.com/a/b.git`],
  ])('of %s', async (_, context) => {
    for (const run of await eachWay({ files: {}, argv: ['check', context] })) expectSecret(run)
  })

  it.each([
    `http://user:${SECRET}@<origin>/a`,
    `http://user:${SECRET}@<origin>/x.git#main`,
    `docker-image://user:${SECRET}@<origin>/a`,
    `nothing://user:${SECRET}@<origin>/a`,
  ])('of what is evaluated: %s', async url => {
    const source = url.replace('<origin>', origin.host)
    const files = { 'Dockerfile.rego': told }
    for (const more of [[], ['--print']]) {
      const run = await attempt({
        files,
        argv: ['eval', source, '--log-level', 'debug', ...more],
        allow: [origin.host],
      })
      expectSecret(run)
    }
  })

  it('that a redirect carries', async () => {
    const location = `http://user:${SECRET}@127.0.0.1:1/x?X-Amz-Signature=${SECRET}&sig=${SECRET}`
    origin.faults.add({ fault: { kind: 'redirect', location } })
    registry.faults.add({ fault: { kind: 'redirect', location } })
    const files = { Dockerfile: `FROM ${registry.host}/a:1\nADD ${origin.url}/a /\n`, 'Dockerfile.rego': told }
    for (const run of await eachWay({ files })) {
      expect(run.exitCode).toBe(1)
      expectSecret(run)
    }
  })

  it.each([
    ['a header', { 'docker-content-digest': `sha256:${basicAuth}` }, '{"schemaVersion":2}'],
    ['a body', {}, `{"${SECRET}":1,"${SECRET}":2}`],
  ])('that Docker keeps, even where a registry repeats it in %s', async (_, headers, body) => {
    const guarded = await startRegistry({ auth: { kind: 'basic', users: {} } })
    guarded.faults.add({
      match: () => guarded.log.at(-1)?.headers.authorization === `Basic ${basicAuth}`,
      fault: { kind: 'status', status: 200, headers, body },
    })
    const config = JSON.stringify({ auths: { [guarded.host]: { auth: basicAuth } } })
    const rules = rego('{"allow": input.image.labels == {}}')
    const files = { Dockerfile: `FROM ${guarded.host}/a:1\n`, 'Dockerfile.rego': rules }
    for (const run of await eachWay({ files, env: { DOCKER_AUTH_CONFIG: config }, allow: [guarded.host] })) {
      expect(run.exitCode).toBe(2)
      expect(outputOf(run)).toMatch(/checking manifest|decoding manifest/)
      expect(outputOf(run)).not.toContain(basicAuth)
      expectSecret(run)
    }
    await guarded.close()
  })

  it('changes the words of the report: a password may be one of them', async () => {
    const words = [
      'deny',
      'denied',
      'outcome',
      'true',
      'false',
      'null',
      'kind',
      'exitCode',
      'https',
      'server',
      '"sources"',
    ]
    const adds = words.map(word => `ADD https://user:${word}@a.example.com/x /\n`).join('')
    const files = { Dockerfile: `FROM scratch\n${adds}`, 'Dockerfile.rego': DENY }
    const [text, json] = await eachWay({ files })
    expect(text!.stdout).toMatch(/^ {2}deny .*\n/m)
    expect(text!.stdout).toMatch(/^denied: /m)
    const report = JSON.parse(json!.stdout) as { outcome: string; sources: { decision: { kind: string } }[] }
    expect(report.outcome).toBe('denied')
    expect(report.sources.length).toBeGreaterThanOrEqual(words.length)
    expect(new Set(report.sources.map(({ decision }) => decision.kind))).toEqual(new Set(['deny']))
  })

  it.each([
    `http://user:${SECRET}@<origin>/a?token=${SECRET}`,
    `http://user:${SECRET}@<origin>/../a?token=${SECRET}`,
    `http://user:${SECRET}@127.0.0.1:1/a`,
    `git://http://user:${SECRET}@<origin>/x.git#main`,
    `git://http://user:${SECRET}%zz@<origin>/x.git#main`,
    `git://ssh://user:${SECRET}@127.0.0.1/x.git#main`,
    `nothing://user:${SECRET}@<origin>/x`,
  ])('in decisions, reports and errors of the packages: %s', async url => {
    const transport = createTransport({ allowAddresses: [origin.host], retries: 0 })
    const policy = await opaEngine().load({
      name: 'p',
      files: [{ path: 'p.rego', text: rego('{"allow": input.http.checksum == input.git.commit.message}') }],
      root: { read: async () => undefined },
      origin: 'operator',
    })
    const images = createRegistryClient({ transport })
    const resolvers = [httpResolver({ transport }), gitResolver({ transport }), imageResolver({ registry: images })]
    const { evaluate } = createEvaluator({ policies: [policy], resolvers })
    const { decision, report } = await evaluate(url.replace('<origin>', origin.host))
    await transport.close()
    expect(decision.kind).not.toBe('allow')
    const { source: _, ...shown } = decision as { source?: unknown }
    expect(inspect([shown, report], { depth: 20, showHidden: true })).not.toContain(SECRET)
  })

  it('in the chain of causes of what is thrown', async () => {
    const transport = createTransport({ allowAddresses: [origin.host], retries: 0 })
    const { createRun } = await import('@source-policy/core')
    const run = createRun()
    const base = { method: 'GET', maxBytes: 10, run, signal: run.signal } as const
    const authorization = { host: origin.host, value: `Bearer ${SECRET}` }
    const failures = [
      { ...base, url: `http://user:${SECRET}@127.0.0.1:1/a?token=${SECRET}` },
      { ...base, url: `http://user:${SECRET}@[::/a` },
      { ...base, url: `ftp://user:${SECRET}@${origin.host}/a` },
      { ...base, url: `${origin.url}/a`, authorization: { host: origin.host, value: `Bearer ${SECRET}\n` } },
      { ...base, url: `${origin.url}/a`, headers: { authorization: SECRET } },
      { ...base, url: `${origin.url}/a`, authorization, accept: () => false },
      { ...base, url: `http://example.com/a`, authorization: { ...authorization, host: 'example.com' } },
    ]
    for (const request of failures) {
      const thrown: unknown = await transport.request(request).catch((error: unknown) => error)
      expect(thrown).toBeInstanceOf(Error)
      expect(inspect(thrown, { depth: 20, showHidden: true })).not.toContain(SECRET)
    }
    await transport.close()
  })
})
