import { buildAttestation, buildImage, buildIndex, type Registry, startRegistry } from '@source-policy/testkit'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { runCli, temporaryDirectory } from '../../apps/cli/src/run-cli.ts'
import { testRows } from './rows.ts'

let registry: Registry
beforeAll(async () => {
  registry = await startRegistry()
  const image = buildImage()
  const provenance = {
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md',
        externalParameters: { request: { frontend: 'dockerfile.v0' } },
      },
      runDetails: { builder: { id: '' } },
    },
  }
  registry.push('busybox', buildIndex([image, buildAttestation(image, [provenance])]), 'latest')
})
afterAll(() => registry.close())

const policy = (repo: string) =>
  `package docker\n\ndefault allow := false\n\nallow if input.image.repo == "${repo}"\n\ndecision := {"allow": allow}\n`

async function evaluate(flags: readonly string[], source: string, rego = policy('busybox')) {
  const directory = temporaryDirectory({ 'Dockerfile.rego': rego })
  const argv = ['eval', '--allow-address', registry.host, '--platform', 'linux/amd64', ...flags, source]
  const run = await runCli(argv, { cwd: directory.path })
  directory.remove()
  return run
}

const nameOf = ({ policy, args, source, for: what }: Readonly<Record<string, unknown>>) =>
  [policy, Array.isArray(args) ? args.join(' ') : undefined, source ?? what]
    .filter(part => part !== undefined)
    .join(', ')

describe('policy eval', () => {
  testRows('policy_eval_cli', nameOf, {
    'allow iff repo==busybox, docker-image://busybox:latest': async () => {
      const run = await evaluate([], 'docker-image://busybox:latest')
      expect(run).toEqual({ exitCode: 0, stdout: '', stderr: '' })
    },
    'allow iff repo==alpine, docker-image://busybox:latest': async () => {
      const { exitCode, stderr } = await evaluate([], 'docker-image://busybox:latest', policy('alpine'))
      expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: 'error: policy denied\n' })
    },
    '--print, docker-image://busybox:latest': async () => {
      const { exitCode, stdout } = await evaluate(['--print'], 'docker-image://busybox:latest')
      expect(exitCode).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({ image: { repo: 'busybox' } })
    },
    '--print --fields image.provenance, image built with --provenance=mode=max,version=v1': async () => {
      const flags = ['--print', '--fields', 'image.provenance']
      const { exitCode, stdout, stderr } = await evaluate(flags, `docker-image://${registry.host}/busybox:latest`)
      expect(exitCode, stderr).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({
        image: {
          hasProvenance: true,
          provenance: { predicateType: 'https://slsa.dev/provenance/v1', frontend: 'dockerfile.v0' },
        },
      })
    },
  })
})
