import { appendFile, copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Finished, finish, startBuildKit } from '../builder/buildkit.ts'
import { KEY_KINDS, openCosign } from '../images/cosign.ts'
import { IDENTITY, startSigstoreServer } from '../images/sigstore-server.ts'

/*
 * Attestation files beside artifacts: statements that the local and tar exporters of the real buildkitd write, and bundles of the
 * real cosign over blobs, by keys of all kinds and without; read by the command as it is built. Each has to hold, and not for
 * another artifact, key or identity. The other way around, cosign has to accept what the testkit signs.
 */

const COMMAND = fileURLToPath(new URL('../../apps/cli/dist/source-policy.js', import.meta.url))
const base = await mkdtemp(path.join(tmpdir(), 'interop-attestation-'))
const tally = { passed: 0, failed: 0 }

const verify = (...args: string[]): Promise<Finished> =>
  finish(process.execPath, [COMMAND, 'verify-attestation', ...args], { cwd: base })

async function expectExit(what: string, exitCode: number, ...args: string[]): Promise<void> {
  const found = await verify(...args)
  const isRight = found.exitCode === exitCode
  tally[isRight ? 'passed' : 'failed']++
  if (!isRight) console.error(`${what}: expected ${exitCode}, got ${found.exitCode}: ${found.stdout}${found.stderr}`)
}

async function exporters(): Promise<void> {
  const buildkit = await startBuildKit(base, [])
  try {
    const context = path.join(base, 'context')
    await mkdir(context)
    await copyFile('/bin/busybox', path.join(context, 'busybox'))
    await writeFile(path.join(context, 'notes'), 'some notes')
    await writeFile(path.join(context, 'Dockerfile'), 'FROM scratch\nCOPY busybox /bin/busybox\nCOPY notes /notes\n')
    for (const version of ['v0.2', 'v1']) {
      for (const type of ['local', 'tar']) {
        const out = path.join(base, `out-${type}-${version}`)
        await mkdir(out)
        const destination = type === 'local' ? out : path.join(out, 'out.tar')
        const { exitCode, stderr } = await buildkit.buildctl([
          ...[
            'build',
            '--frontend',
            'dockerfile.v0',
            '--local',
            `context=${context}`,
            '--local',
            `dockerfile=${context}`,
          ],
          ...['--opt', `attest:provenance=mode=max,version=${version}`, '--output', `type=${type},dest=${destination}`],
        ])
        if (exitCode !== 0) throw new Error(`building for ${type}: ${stderr}`)
        if (type === 'tar') await finish('tar', ['-xf', destination, '-C', out])
        const name = (await readdir(out)).find(file => /provenance\.json$/.test(file))
        if (name === undefined) throw new Error(`${type}: no provenance among ${await readdir(out)}`)
        const file = path.join(out, name)
        const artifacts = ['--artifact', path.join(out, 'bin/busybox'), '--artifact', path.join(out, 'notes')]
        await expectExit(`${type} ${version}`, 0, file, ...artifacts, '--allow-unsigned')
        await expectExit(`${type} ${version}, unsigned`, 1, file, ...artifacts, '--identity', 'x', '--issuer', 'x')
        await appendFile(path.join(out, 'notes'), '!')
        await expectExit(`${type} ${version}, changed`, 1, file, ...artifacts, '--allow-unsigned')
      }
    }
  } finally {
    await buildkit.stop()
  }
}

async function bundles(): Promise<void> {
  const cosign = openCosign(base)
  const server = await startSigstoreServer(base)
  const file = (name: string) => path.join(base, name)
  await writeFile(file('app'), 'the artifact')
  await writeFile(file('other'), 'another artifact')
  await writeFile(file('predicate.json'), '{"tests":"passed"}')
  const commands = {
    'sign-blob': ['sign-blob'],
    'attest-blob': ['attest-blob', '--predicate', file('predicate.json'), '--type', 'https://example.com/tests/v1'],
  }
  try {
    for (const [name, command] of Object.entries(commands)) {
      for (const kind of KEY_KINDS) {
        const [key, other] = [await cosign.newKey(kind), await cosign.newKey(kind)]
        const [bundle, ours, theirs] = [file(`${name}-${kind}.json`), file(`${kind}.pub`), file(`${kind}-other.pub`)]
        await writeFile(ours, key.publicKey)
        await writeFile(theirs, other.publicKey)
        const flags = ['--yes', '--key', key.file, '--tlog-upload=false', '--use-signing-config=false']
        await cosign.run([...command, ...flags, '--new-bundle-format', '--bundle', bundle, file('app')])
        const asked = [bundle, '--no-log', '--artifact']
        await expectExit(`${name} ${kind}`, 0, ...asked, file('app'), '--key', ours)
        await expectExit(`${name} ${kind}, another key`, 1, ...asked, file('app'), '--key', theirs)
        await expectExit(`${name} ${kind}, another artifact`, 1, ...asked, file('other'), '--key', ours)
        await expectExit(`${name} ${kind}, log wanted`, 1, bundle, '--artifact', file('app'), '--key', ours)
      }
      const bundle = file(`${name}-keyless.json`)
      const flags = server.flags.bundle.filter(flag => !/^--allow-/.test(flag))
      await cosign.run([...command, ...flags, '--bundle', bundle, file('app')])
      const asked = [bundle, '--trust-root', file('trusted-root.json'), '--issuer', IDENTITY.issuer, '--identity']
      await expectExit(`${name} keyless`, 0, ...asked, IDENTITY.subject, '--artifact', file('app'))
      await expectExit(`${name} keyless, another identity`, 1, ...asked, 'acme/app', '--artifact', file('app'))
      await expectExit(`${name} keyless, another artifact`, 1, ...asked, IDENTITY.subject, '--artifact', file('other'))
    }
    const signer = server.sigstore.issue(IDENTITY)
    for (const log of ['rekor1', 'rekor2'] as const) {
      await writeFile(file('ours.json'), signer.signArtifact(Buffer.from('the artifact'), { log }))
      const who = ['--certificate-identity', IDENTITY.subject, '--certificate-oidc-issuer', IDENTITY.issuer]
      const root = ['--trusted-root', file('trusted-root.json'), '--new-bundle-format', '--bundle', file('ours.json')]
      const stamped = log === 'rekor2' ? ['--use-signed-timestamps'] : []
      const found = await cosign.run(['verify-blob', ...root, ...who, ...stamped, file('app')]).catch(String)
      tally[typeof found === 'string' ? 'failed' : 'passed']++
      if (typeof found === 'string') console.error(`cosign of ours, ${log}: ${found}`)
    }
  } finally {
    await server.close()
  }
}

try {
  await exporters()
  await bundles()
} finally {
  await rm(base, { recursive: true, force: true })
}
console.log(`${tally.passed} passed, ${tally.failed} failed, 0 skipped`)
process.exitCode = tally.failed === 0 && tally.passed > 0 ? 0 : 1
