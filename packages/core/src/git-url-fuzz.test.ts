import { createMutator } from '@source-policy/testkit'
import { expect, it } from 'vitest'
import { FUZZ_RUNS, FUZZ_SEED, fuzz } from '../../../test/fuzz.ts'
import { formatGitFragment, gitIdentifier, gitSource, parseGitRef, parseGitURL } from './git-url.ts'

const { next } = createMutator({
  samples: [
    'https://github.com/moby/buildkit.git?tag=v1&subdir=/a#refs/tags/v1:a',
    'git@github.com:moby/buildkit.git?ref=v1#v1:hack',
    'ssh://us%40er:p%3Aw@[::1]:22/~/x.git#main:../..',
    'github.com/moby/buildkit#master',
  ],
  seed: FUZZ_SEED,
  pieces: [
    '%',
    '%00',
    '%2F',
    '%zz',
    '#',
    '?',
    '&',
    '=',
    ':',
    '@',
    '//',
    '../',
    '[',
    ']',
    '\n',
    '\0',
    '\ufeff',
    'ü',
    '.git',
  ],
})

it(`takes no text for a git URL that it cannot name again, ${FUZZ_RUNS} texts`, async () => {
  await fuzz(next, input => {
    const text = Buffer.from(input).toString('utf8')
    const named = parseGitRef(text)
    formatGitFragment(text, { withSubdir: true })
    if (named === undefined) {
      parseGitURL(text)
      return
    }
    const { identifier, attrs } = gitSource(named)
    expect(identifier).toMatch(/^git:\/\//)
    const remote = attrs['git.fullurl']!
    // what git is given means the same when it is read again
    expect(parseGitURL(remote).remote).toBe(remote)
    expect(identifier.startsWith(gitIdentifier(remote))).toBe(true)
  })
})
