import { createHash } from 'node:crypto'
import { createSigstore } from '@source-policy/testkit'
import { afterAll, describe, expect, it } from 'vitest'
import { conformanceJSON, conformancePath, hasConformance } from '../../../test/conformance.ts'
import { runCli, temporaryDirectory } from './run-cli.ts'

const sigstore = createSigstore()
const identity = {
  subject: 'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1',
  issuer: 'https://token.actions.githubusercontent.com',
}
const signer = sigstore.issue(identity)
const byKey = sigstore.withKey()
const app = 'the artifact'
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
/** As BuildKit's local exporter writes it: one subject for each file. */
const statement = (...files: string[]) => ({
  _type: 'https://in-toto.io/Statement/v0.1',
  predicateType: 'https://slsa.dev/provenance/v0.2',
  subject: files.map(text => ({ name: 'file', digest: { sha256: sha256(text) } })),
  predicate: { builder: { id: '' }, buildType: 'https://mobyproject.org/buildkit@v1' },
})
const noLog = { log: 'none', timestamp: false } as const
const directory = temporaryDirectory({
  app,
  readme: 'read me',
  other: 'another artifact',
  'provenance.json': JSON.stringify(statement(app, 'read me')),
  'nothing.json': JSON.stringify(statement()),
  'bundle.json': signer.signStatement(statement(app)),
  'artifact.json': signer.signArtifact(Buffer.from(app), { log: 'rekor2' }),
  'key.json': byKey.signArtifact(Buffer.from(app)),
  'offline.json': byKey.signArtifact(Buffer.from(app), noLog),
  'cut.json': signer.signStatement(statement(app)).slice(0, -9),
  'strange.json': '{"hello":"\u001b[31mworld"}',
  'bad-statement.json': '{"_type":"https://in-toto.io/Statement/v9"}',
  'unlogged.json': signer.signStatement(statement(app), { log: 'none' }),
  'undated.json': signer.signStatement(statement(app), noLog),
  'root.json': sigstore.trustedRoot,
  'unlogged-root.json': JSON.stringify({ ...JSON.parse(sigstore.trustedRoot), tlogs: [], ctlogs: [] }),
  'other-root.json': createSigstore().trustedRoot,
  'key.pub': byKey.publicKey,
  'other.pub': sigstore.withKey().publicKey,
})
afterAll(() => directory.remove())

const run = (...argv: string[]) => runCli(['verify-attestation', ...argv], { cwd: directory.path })
const ROOT = ['--trust-root', 'root.json']
const WHO = ['--identity', identity.subject, '--issuer', identity.issuer, ...ROOT]
const OF_APP = ['--artifact', 'app']

describe('exit codes', () => {
  it.each([
    // it holds
    [0, ['bundle.json', ...OF_APP, ...WHO]],
    [0, ['artifact.json', ...OF_APP, ...WHO]],
    [
      0,
      [
        'bundle.json',
        ...OF_APP,
        '--identity-regexp',
        'https://github.com/acme/.*',
        '--issuer',
        identity.issuer,
        ...ROOT,
      ],
    ],
    [0, ['bundle.json', ...OF_APP, '--identity', identity.subject, '--issuer-regexp', 'https://.*', ...ROOT]],
    [0, ['bundle.json', ...OF_APP, ...WHO, '--trust-root', 'other-root.json']],
    [0, ['key.json', ...OF_APP, '--key', 'key.pub', ...ROOT]],
    [0, ['offline.json', ...OF_APP, '--key', 'key.pub', '--no-log']],
    [0, ['unlogged.json', ...OF_APP, ...WHO, '--trust-root', 'unlogged-root.json']],
    [0, ['provenance.json', ...OF_APP, '--artifact', 'readme', '--allow-unsigned']],
    // it does not
    [1, ['bundle.json', '--artifact', 'other', ...WHO]],
    [1, ['bundle.json', ...OF_APP, '--artifact', 'other', ...WHO]],
    [1, ['artifact.json', '--artifact', 'other', ...WHO]],
    [1, ['bundle.json', ...OF_APP, '--identity', 'acme/app', '--issuer', identity.issuer, ...ROOT]],
    [1, ['bundle.json', ...OF_APP, '--identity-regexp', 'acme/app', '--issuer', identity.issuer, ...ROOT]],
    [1, ['bundle.json', ...OF_APP, '--identity', identity.subject, '--issuer', 'https://accounts.google.com', ...ROOT]],
    [1, ['bundle.json', ...OF_APP, '--identity', identity.subject, '--issuer', identity.issuer]],
    [1, ['bundle.json', ...OF_APP, '--key', 'key.pub', ...ROOT]],
    [1, ['key.json', ...OF_APP, ...WHO]],
    [1, ['unlogged.json', ...OF_APP, ...WHO]],
    [1, ['undated.json', ...OF_APP, ...WHO, '--trust-root', 'unlogged-root.json']],
    [1, ['key.json', ...OF_APP, '--key', 'other.pub', ...ROOT]],
    [1, ['offline.json', ...OF_APP, '--key', 'key.pub', ...ROOT]],
    [1, ['provenance.json', ...OF_APP, ...WHO]],
    [1, ['provenance.json', ...OF_APP, '--key', 'key.pub']],
    [1, ['provenance.json', '--artifact', 'other', '--allow-unsigned']],
    [1, ['nothing.json', ...OF_APP, '--allow-unsigned']],
    // wrong arguments, or files of the operator
    [2, ['bundle.json']],
    [2, ['bundle.json', ...OF_APP]],
    [2, ['provenance.json', ...OF_APP]],
    [2, ['bundle.json', ...OF_APP, '--allow-unsigned']],
    [2, ['bundle.json', ...OF_APP, '--identity', identity.subject]],
    [2, ['bundle.json', ...OF_APP, '--issuer', identity.issuer]],
    [2, ['bundle.json', ...OF_APP, '--identity-regexp', '(', '--issuer', identity.issuer]],
    [2, ['bundle.json', ...OF_APP, ...WHO, '--key', 'key.pub']],
    [2, ['bundle.json', ...OF_APP, ...WHO, '--no-log']],
    [2, ['key.json', ...OF_APP, '--key', 'app']],
    [2, ['key.json', ...OF_APP, '--key', 'missing']],
    [2, ['bundle.json', ...OF_APP, ...WHO, '--trust-root', 'app']],
    [2, ['bundle.json', '--artifact', 'missing', ...WHO]],
    [2, ['bundle.json', '--artifact', '.', ...WHO]],
    [2, ['missing.json', ...OF_APP, ...WHO]],
    [2, []],
    // it cannot be read
    [3, ['cut.json', ...OF_APP, ...WHO]],
    [3, ['strange.json', ...OF_APP, ...WHO]],
    [3, ['bad-statement.json', ...OF_APP, '--allow-unsigned']],
  ])('%i: %j', async (exitCode, argv) => {
    const { stdout, stderr, ...rest } = await run(...argv)
    expect(rest, stdout + stderr).toEqual({ exitCode })
    if (exitCode === 0) expect(stderr).toBe('')
    else expect(stdout).toBe('')
  })
})

describe.runIf(hasConformance)('what the public instance vouches for', () => {
  const NAME = 'happy-path-v0.1'
  interface Case {
    readonly name: string
    readonly bundle: string
    readonly artifact: string
    readonly identity: string
    readonly issuer: string
  }
  const find = () => {
    const { cases } = conformanceJSON<{ cases: Case[] }>('sigstore', 'index.json')
    return cases.find(({ name }) => name === NAME)!
  }
  const file = (name: string) => conformancePath('sigstore', name)

  it.each([[[]], [ROOT], [[...ROOT, '--trust-root', 'other-root.json']]])(
    'holds with %j, as for check',
    async roots => {
      const { bundle, artifact, identity, issuer } = find()
      const who = ['--identity', identity, '--issuer', issuer]
      const { exitCode, stdout } = await run(file(bundle), '--artifact', file(artifact), ...who, ...roots)
      expect({ exitCode, root: /^trust root +(.*)$/m.exec(stdout)?.[1] }).toEqual({
        exitCode: 0,
        root: 'public-good, as of 2026-03-24',
      })
    },
  )
})

describe('output', () => {
  it('tells who signed what, and when', async () => {
    const { stdout } = await run('artifact.json', ...OF_APP, ...WHO)
    expect(stdout).toMatch(
      `artifact    app sha256:${sha256(app)}\nsigned by   ${identity.subject} (${identity.issuer})\nat          `,
    )
    expect(stdout).toMatch('trust root  root.json:1\n')
  })

  it('says that nobody signed a statement', async () => {
    const { stdout } = await run('provenance.json', ...OF_APP, '--allow-unsigned')
    expect(stdout).toMatch(
      'signed by  nobody: anybody can have written this\nstatement  https://slsa.dev/provenance/v0.2\n',
    )
  })

  it('says why not', async () => {
    const { stderr } = await run(
      'bundle.json',
      ...OF_APP,
      '--identity',
      'acme/app',
      '--issuer',
      identity.issuer,
      ...ROOT,
    )
    expect(stderr).toBe(`error: denied: it was signed by ${identity.subject} (issuer ${identity.issuer})\n`)
  })

  it('is one document as JSON', async () => {
    const { stdout, exitCode } = await run('bundle.json', ...OF_APP, ...WHO, '--format', 'json')
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      outcome: 'allowed',
      exitCode: 0,
      file: 'bundle.json',
      artifacts: [{ file: 'app', digest: `sha256:${sha256(app)}` }],
      signature: {
        type: 'bundle-v0.3',
        signer: { issuer: identity.issuer },
        trustRoot: { name: 'root.json:1' },
        refused: [],
      },
      statement: { predicateType: 'https://slsa.dev/provenance/v0.2' },
    })
    const denied = await run('bundle.json', '--artifact', 'other', ...WHO, '--format', 'json')
    expect(JSON.parse(denied.stdout)).toMatchObject({ outcome: 'denied', error: { code: 'subject_mismatch' } })
    const broken = await run('bundle.json', '--format', 'json')
    expect(JSON.parse(broken.stdout)).toMatchObject({ outcome: 'broken', error: { code: 'usage' } })
  })
})
