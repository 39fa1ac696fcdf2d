import { createHash } from 'node:crypto'
import { parseTrustRoot, type TrustRoot } from '@source-policy/attestation'
import { type Answer, createRun, type Path, type PolicyFiles, type Run } from '@source-policy/core'
import { createSigstore, type HTTPOrigin, type SigstoreSigner, startHTTPOrigin } from '@source-policy/testkit'
import { createTransport } from '@source-policy/transport'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type HTTPResolverOptions, httpResolver } from './resolver.ts'

const content = Buffer.from('the release')
const digest = createHash('sha256').update(content).digest('hex')
const workflow = 'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1'
const identity = {
  subject: workflow,
  issuer: 'https://token.actions.githubusercontent.com',
  extensions: {
    9: workflow,
    11: 'github-hosted',
    12: 'https://github.com/acme/app',
    14: 'refs/tags/v1',
  },
}
const sigstore = createSigstore()
const internal = createSigstore({ organization: 'GitHub, Inc.', intermediate: 'Fulcio Intermediate l1' })
const token = 's3cr3t-t0ken'

const statement = (subject = digest, predicateType = 'https://slsa.dev/provenance/v1') => ({
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'app', digest: { sha256: subject } }],
  predicateType,
  predicate: { buildDefinition: { buildType: 'x' }, runDetails: { builder: { id: 'y' } } },
})
let signer: SigstoreSigner
let trust: TrustRoot
let internalTrust: TrustRoot
let origin: HTTPOrigin
/** GitHub's API, and where it keeps large bundles. */
let api: HTTPOrigin
let storage: HTTPOrigin
let run: Run
const made = new Map<string, string>()
const files: PolicyFiles = {
  async read(path) {
    const text = made.get(path)
    return text === undefined ? undefined : Uint8Array.from(Buffer.from(text))
  },
}

beforeAll(async () => {
  signer = sigstore.issue(identity)
  trust = await parseTrustRoot(sigstore.trustedRoot, { name: 'test', publicGood: true })
  internalTrust = await parseTrustRoot(internal.trustedRoot, { name: 'GitHub' })
  ;[origin, api, storage] = await Promise.all([startHTTPOrigin(), startHTTPOrigin(), startHTTPOrigin()])
})
afterAll(() => Promise.all([origin.close(), api.close(), storage.close()]))
beforeEach(() => {
  run = createRun()
  origin.setFile('/file', content)
})
afterEach(() => {
  for (const server of [origin, api, storage]) {
    server.clearLog()
    server.faults.clear()
  }
})

interface Asked {
  readonly options?: Partial<HTTPResolverOptions>
  readonly attrs?: Record<string, string>
  readonly path?: Path
  readonly anonymous?: boolean
}

function call(name: string, argument: unknown, { options = {}, attrs = {}, path = ['http'], anonymous }: Asked = {}) {
  const allowAddresses = [origin, api, storage].map(({ host }) => host)
  const transport = createTransport({ allowAddresses, retries: 0, headersTimeoutMs: 200, maxRedirects: 2 })
  const github = { api: api.url, ...options.github }
  const resolver = httpResolver({ transport, trustRoots: () => [trust], ...options, github })
  const source = resolver.parse(`${origin.url}/file`, { attrs })
  const context = { run, signal: run.signal, anonymous: anonymous === true, source, path, files }
  return resolver.functions![name]!([{}, argument], context)
}
const artifact = (bundle: string, asked?: Asked): Promise<Answer> => {
  made.set('bundle.json', bundle)
  return call('artifact_attestation', 'bundle.json', asked)
}
const reasonOf = (name: string) => expect.stringMatching(new RegExp(`^${name}: `))
const signature = {
  kind: 'self-signed-github-repo',
  type: 'bundle-v0.3',
  timestamps: [{ type: 'Tlog', uri: expect.any(String), timestamp: expect.stringMatching(/Z$/) }],
  signer: {
    certificateIssuer: 'CN=sigstore-intermediate,O=sigstore.dev',
    subjectAlternativeName: workflow,
    issuer: identity.issuer,
    buildSignerURI: workflow,
    runnerEnvironment: 'github-hosted',
    sourceRepositoryURI: 'https://github.com/acme/app',
    sourceRepositoryRef: 'refs/tags/v1',
  },
}

describe('artifact_attestation', () => {
  it('is the signature on a provenance of the content, in the words of docker buildx', async () => {
    expect(await artifact(signer.signStatement(statement()))).toEqual({ value: signature })
    const old = signer.signStatement(statement(digest, 'https://slsa.dev/provenance/v0.2'), { version: '0.1' })
    expect(await artifact(old)).toEqual({ value: signature })
    expect(origin.log).toHaveLength(1)
  })

  it.each([
    ['of another artifact', () => signer.signStatement(statement('0'.repeat(64)))],
    ['that is no provenance', () => signer.signStatement(statement(digest, 'https://spdx.dev/Document'))],
    ['of the artifact alone', () => signer.signArtifact(content)],
    ['by an authority that is not trusted', () => internal.issue(identity).signStatement(statement())],
    ['that is in no log', () => signer.signStatement(statement(), { log: 'none' })],
    ['without a promise of a certificate log', () => sigstore.issue(identity, { scts: 0 }).signStatement(statement())],
    ['that was changed', () => signer.signStatement(statement()).replace(/"payload":"..../, '"payload":"eyJh')],
    ['that is none', () => '{}'],
    ['that is not JSON', () => 'nothing'],
  ])('is undefined, with the reason: a bundle %s', async (_name, bundle) => {
    expect(await artifact(bundle())).toEqual({ undefined: reasonOf('artifact_attestation') })
  })

  it('is undefined, with the reason: no such file, no name of one, a part of the input', async () => {
    const undefinedAnswer = { undefined: reasonOf('artifact_attestation') }
    expect(await call('artifact_attestation', 'gone.json')).toEqual(undefinedAnswer)
    expect(await call('artifact_attestation', 42)).toEqual(undefinedAnswer)
    expect(await call('artifact_attestation', 'bundle.json', { path: ['http', 'url'] })).toEqual(undefinedAnswer)
    expect(origin.log).toEqual([])
  })

  it('is unavailable where the content cannot be had, or is not what the source names', async () => {
    const bundle = signer.signStatement(statement())
    const attrs = { 'http.checksum': `sha256:${'0'.repeat(64)}` }
    expect(await artifact(bundle, { attrs })).toMatchObject({ unavailable: { code: 'checksum_mismatch' } })
    run = createRun()
    origin.faults.add({ fault: { kind: 'status', status: 404 } })
    expect(await artifact(bundle)).toMatchObject({ unavailable: { code: 'not_found' } })
  })

  it('trusts the public Sigstore instance where nothing else is said', async () => {
    const asked = { options: { trustRoots: undefined } as unknown as Partial<HTTPResolverOptions> }
    expect(await artifact(signer.signStatement(statement()), asked)).toHaveProperty('undefined')
  })

  it("takes a timestamp for enough from GitHub's own authority, and from no other", async () => {
    const bundle = internal.issue(identity, { scts: 0 }).signStatement(statement(), { log: 'none' })
    const options = { github: { trustRoots: () => [internalTrust] } }
    expect(await artifact(bundle, { options })).toMatchObject({ value: { kind: 'untrusted' } })
    const ours = sigstore.issue(identity, { scts: 0 }).signStatement(statement(), { log: 'none' })
    expect(await artifact(ours, { options })).toHaveProperty('undefined')
  })
})

const listed = `/repos/acme/app/attestations/sha256:${digest}`
const page = (attestations: readonly object[], headers: Record<string, string> = {}) => ({
  body: JSON.stringify({ attestations }),
  headers: { 'content-type': 'application/json', ...headers },
})
const inline = (bundle = signer.signStatement(statement())) => ({ bundle: JSON.parse(bundle), repository_id: 1 })
const wrong = () => inline(signer.signStatement(statement('0'.repeat(64))))
const github = (asked?: Asked, repository: unknown = 'acme/app') => call('github_attestation', repository, asked)

/** A Snappy block of literals. */
function snappy(bytes: Buffer): Buffer {
  const length: number[] = []
  for (let rest = bytes.length; ; rest = Math.floor(rest / 128)) {
    length.push(rest < 128 ? rest : (rest % 128) + 128)
    if (rest < 128) break
  }
  const header = Buffer.alloc(5)
  header.writeUInt8(63 << 2)
  header.writeUInt32LE(bytes.length - 1, 1)
  return Buffer.concat([Buffer.from(length), header, bytes])
}

describe('github_attestation', () => {
  it('is the first attestation that holds, asked for as docker buildx asks', async () => {
    api.setFile(listed, page([wrong(), inline()]))
    expect(await github()).toEqual({ value: signature })
    const [request] = api.log
    expect(request?.path).toContain(`${listed}?predicate_type=https%3A%2F%2Fslsa.dev%2Fprovenance%2Fv1`)
    expect(request?.headers).toMatchObject({ accept: 'application/vnd.github+json' })
    expect(request?.headers).not.toHaveProperty('authorization')
  })

  it('is asked for once in a run', async () => {
    api.setFile(listed, page([inline()]))
    expect(await Promise.all([github(), github()])).toEqual([{ value: signature }, { value: signature }])
    expect(await github()).toEqual({ value: signature })
    expect([api.log.length, origin.log.length]).toEqual([1, 1])
  })

  it.each([
    ['as it is', '/bundle.json', (bytes: Buffer) => bytes],
    ['compressed', '/a/bundle.json.sn', snappy],
  ])('is fetched from where GitHub keeps it, %s, without the token', async (_name, path, encode) => {
    const stored = encode(Buffer.from(signer.signStatement(statement())))
    storage.setFile(path, stored)
    api.setFile(listed, page([{ bundle: null, bundle_url: `${storage.url}${path}?sig=x` }, wrong()]))
    expect(await github({ options: { github: { token } } })).toEqual({ value: signature })
    expect(api.log[0]?.headers).toMatchObject({ authorization: `Bearer ${token}` })
    expect(storage.log).toHaveLength(1)
    expect(JSON.stringify(storage.log)).not.toContain(token)
  })

  it('is fetched also where a bundle that does not hold stands beside its address, and only then', async () => {
    storage.setFile('/stored.json', signer.signStatement(statement()))
    const stored = { bundle_url: `${storage.url}/stored.json` }
    api.setFile(listed, page([{ ...wrong(), ...stored }]))
    expect(await github()).toEqual({ value: signature })
    expect(storage.log).toHaveLength(1)
    run = createRun()
    api.setFile(listed, page([{ ...inline(), ...stored }]))
    expect(await github()).toEqual({ value: signature })
    expect(storage.log).toHaveLength(1)
  })

  it('may be of a repository of a managed user', async () => {
    api.setFile(listed.replace('acme', 'octo_acme'), page([inline()]))
    expect(await github({}, 'octo_acme/app')).toEqual({ value: signature })
  })

  it('is looked for on the next page, which gets the token where it is at the same place', async () => {
    const next = `${listed}?page=2`
    const link = `<${api.url}${next}>; rel="next", <${api.url}/first>; rel="first"`
    let pages = 0
    const match = () => pages++ === 0
    api.setFile(listed, page([inline()]))
    const body = JSON.stringify({ attestations: [wrong()] })
    api.faults.add({ match, fault: { kind: 'status', status: 200, headers: { link }, body } })
    expect(await github({ options: { github: { token } } })).toEqual({ value: signature })
    expect(api.log.map(({ path, headers }) => [path.split('?')[1], headers.authorization])).toEqual([
      [expect.stringContaining('predicate_type='), `Bearer ${token}`],
      ['page=2', `Bearer ${token}`],
    ])
  })

  it('is unavailable where the next page is elsewhere, or there is no end of pages', async () => {
    api.setFile(listed, page([wrong()], { link: `<${storage.url}${listed}>; rel="next"` }))
    const options = { github: { token } }
    expect(await github({ options })).toMatchObject({ unavailable: { code: 'malformed_attestation' } })
    expect(storage.log).toEqual([])
    run = createRun()
    api.setFile(listed, page([wrong()], { link: `<${listed}?page=2>; rel=next` }))
    expect(await github({ options })).toMatchObject({ unavailable: { code: 'too_large' } })
  })

  it.each([
    ['no attestation at all', page([])],
    ['one of another artifact', () => page([wrong()])],
  ])('is undefined, with the reason: %s', async (_name, answer) => {
    api.setFile(listed, typeof answer === 'function' ? answer() : answer)
    expect(await github()).toEqual({ undefined: reasonOf('github_attestation') })
  })

  it('is undefined, with the reason: GitHub knows nothing of the digest', async () => {
    api.faults.add({ fault: { kind: 'status', status: 404 } })
    expect(await github()).toEqual({ undefined: reasonOf('github_attestation') })
  })

  it.each(['acme', 'acme/app/x', '../app', 'acme/..', 'acme/app?x', 'acme/a b', '', 42, '/app'])(
    'is undefined for %j, which names no repository, and nothing is asked',
    async repository => {
      expect(await github({}, repository)).toEqual({ undefined: reasonOf('github_attestation') })
      expect([api.log.length, origin.log.length]).toEqual([0, 0])
    },
  )

  it.each([
    ['401', { kind: 'status', status: 401 }, 'unauthorized'],
    ['403', { kind: 'status', status: 403 }, 'unauthorized'],
    ['a limit', { kind: 'status', status: 403, headers: { 'x-ratelimit-remaining': '0' } }, 'rate_limited'],
    ['429', { kind: 'status', status: 429 }, 'rate_limited'],
    ['500', { kind: 'status', status: 500 }, 'unexpected_status'],
    ['stall', { kind: 'stall' }, 'timeout'],
    ['no JSON', { kind: 'status', status: 200, body: 'x' }, 'invalid_json'],
    ['another JSON', { kind: 'status', status: 200, body: '[]' }, 'malformed_attestation'],
    ['a list of nothing', { kind: 'status', status: 200, body: '{"attestations":[{}]}' }, 'malformed_attestation'],
  ] as const)('is unavailable where the API fails: %s', async (_name, fault, code) => {
    api.setFile(listed, page([inline()]))
    api.faults.add({ fault })
    expect(await github({ options: { github: { token } } })).toMatchObject({ unavailable: { code } })
  })

  it.each([
    ['it is gone', '/gone.json', 'unexpected_status'],
    ['it is no Snappy block', '/broken.json.sn', 'malformed_attestation'],
  ])('is unavailable where a bundle cannot be had and no other holds: %s', async (_name, path, code) => {
    storage.setFile('/broken.json.sn', 'x')
    const stored = { bundle_url: `${storage.url}${path}` }
    api.setFile(listed, page([stored, wrong()]))
    expect(await github()).toMatchObject({ unavailable: { code } })
    run = createRun()
    api.setFile(listed, page([stored, inline()]))
    expect(await github()).toEqual({ value: signature })
  })

  it('for materials is asked for without the token', async () => {
    api.setFile(listed, page([inline()]))
    expect(await github({ options: { github: { token } }, anonymous: true })).toEqual({ value: signature })
    expect(JSON.stringify(api.log)).not.toContain(token)
  })
})
