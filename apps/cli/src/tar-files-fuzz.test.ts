import { execFileSync } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import { createMutator } from '@source-policy/testkit'
import { expect, it } from 'vitest'
import { FUZZ_SEED, fuzz } from '../../../test/fuzz.ts'
import { temporaryDirectory } from './run-cli.ts'
import { tarFiles } from './tar-files.ts'

it('archives are unpacked or refused, whatever they are', async () => {
  const directory = temporaryDirectory({ Dockerfile: 'FROM scratch\n', 'a/b/c': 'x' })
  execFileSync('ln', ['-s', '../a', `${directory.path}/a/link`])
  const archive = execFileSync('tar', ['-C', directory.path, '-cf', '-', '.'])
  directory.remove()
  const { next } = createMutator({
    samples: [archive, gzipSync(archive)],
    pieces: ['../', '/', '\0', 'ustar', '00000000000'],
    seed: FUZZ_SEED,
    maxBytes: 64 * 1024,
  })
  await fuzz(next, async input => {
    const files = await tarFiles(input, 'an archive')
    for (const name of [...(files?.names ?? []), 'Dockerfile', 'a/link/link/b/c', '../../a', '']) {
      const bytes = await files?.read(name, { maxBytes: 1024 })
      expect(bytes === undefined || bytes.length <= 1024).toBe(true)
    }
  })
})
