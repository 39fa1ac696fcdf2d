import type { Case, CaseOptions, ImageConfig } from './case.ts'

interface Random {
  int(below: number): number
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
  /** One of the first list, which a build accepts, or now and then one of the second. */
  mostly<T>(usual: readonly T[], odd: readonly T[]): T
}

/** mulberry32: small, and the same everywhere. */
function random(seed: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const int = (below: number): number => Math.floor(next() * below)
  const pick = <T>(items: readonly T[]): T => items[int(items.length)] as T
  // two builds of three are written with care
  const oddity = next() < 0.66 ? 0.004 : 0.12
  const mostly = <T>(usual: readonly T[], odd: readonly T[]): T => pick(next() < oddity ? odd : usual)
  return { int, chance: probability => next() < probability, pick, mostly }
}

const digest = `sha256:${'ab'.repeat(32)}`
const commit = 'cd'.repeat(20)
const names = ['A', 'B', 'V', 'TAG', 'BASE', 'FOO', 'TARGETARCH', 'TARGETPLATFORM', 'BUILDPLATFORM', 'PATH', 'X_1']
const values = ['1', '3.22', 'alpine', 'v1.2', 'main', 'linux', '$A', '${B:-z}', '"q"', "'s'"]
const oddValues = ['a b', '', 'linux/arm64', 'x/y.git', '${', '"']
const images = [
  'alpine',
  'alpine:3.22',
  `busybox:1@${digest}`,
  'docker.io/library/alpine:latest',
  'ghcr.io/org/app:v1',
  'localhost:5000/x/y',
  'scratch',
  `debian@${digest}`,
  'registry.example.com/a/b/c:t',
  'tools',
  'index.docker.io/library/tools',
]
const oddImages = ['Scratch', 'ALPINE', 'a b', 'x@sha256:1', 'docker.io', 'x:', '-x']
const stageNames = ['build', 'base', 'Final', 'one', 'alpine', 'a.b', 'scratch', 'context', 'x_y']
const oddStageNames = ['x-', '1x', 'a..b', '']
const urls = [
  'https://example.com/a.tgz',
  'http://example.com/dir/',
  'https://example.com',
  'https://example.com/a%20b?x=1#f',
  'HTTPS://example.com/a',
  'https://e.com/x.git',
  'https://github.com/moby/buildkit.git#v1:sub',
  'https://github.com/moby/buildkit.git?ref=v1&subdir=/a/../b',
  `https://github.com/moby/buildkit.git?tag=v1&checksum=${commit}`,
  'https://github.com/moby/buildkit.git?branch=main&submodules=false&keep-git-dir=1',
  'https://github.com/moby/buildkit.git?commit=abcdef0&fetch-by-commit',
  'http://user:pass@example.com/r.git',
  'git://example.com/r',
  'ssh://git@127.0.0.1/a/b.git',
  'git@127.0.0.1:a/b.git#x',
  'github.com/moby/buildkit',
  'github.com/moby/buildkit.git#ref',
  'ftp://example.com/x',
  'https://[::1]:8080/a',
  'https://e.com/%zz',
  'https://example.com/\u00fc/\u4e2d.tgz',
  'https://e.com:8443/x/./y/../z.tar.gz',
]
const oddURLs = [
  'https://github.com/moby/buildkit.git?nope=1',
  'https://github.com/moby/buildkit.git?ref=a#b',
  'https://github.com/moby/buildkit.git?tag=v1&branch=b',
  'https://[:1]/x',
  'http://a b/c',
]
const paths = ['.', './a', '/b', 'src/', '*.txt', '../x', 'dir/file', '"a b"', 'a\\ b']
const oddPaths = ['C:\\x', '', '<<X']
const platforms = ['linux/amd64', 'linux/arm64', 'linux/arm/v7', 'linux/arm', 'linux/arm64/v8', 'arm64', 'linux/386']
const modes = ['755', 'u+x', '0644', 'a=rX,u+w', '07777']
const oddModes = ['99999', 'zz', '$A', '8']

/** The case of a seed: the same for the same numbers, everywhere. Some are made of the builds written by hand. */
export function generateCase(seed: number, index: number, written: readonly Case[]): Case {
  const r = random(seed * 1_000_003 + index)
  const name = `generated ${seed}/${index}`
  const one = r.chance(0.3) ? r.pick(written) : undefined
  if (one === undefined)
    return { name, dockerfile: mutate(r, generateDockerfile(r), 0.15), options: generateOptions(r) }
  const dockerfile = mutate(r, crossed(r, one.dockerfile, r.pick(written).dockerfile), 0.6)
  const { buildPlatform: _ofMachine, ...options } = generateOptions(r)
  return { name, dockerfile, options: r.chance(0.3) ? options : (one.options ?? {}) }
}

/** Lines of one file among those of another. */
function crossed(r: Random, one: string, other: string): string {
  if (one.length > 10_000 || other.length > 10_000 || r.chance(0.3)) return one
  const lines = one.split('\n')
  const others = other.split('\n')
  const start = r.int(others.length)
  lines.splice(r.int(lines.length + 1), r.chance(0.3) ? 1 : 0, ...others.slice(start, start + 1 + r.int(4)))
  return lines.join('\n')
}

function reference(r: Random, name = r.pick(names)): string {
  const forms = [
    `$${name}`,
    `\${${name}}`,
    `\${${name}:-${r.mostly(values, oddValues)}}`,
    `\${${name}-${r.mostly(values, oddValues)}}`,
    `\${${name}:+${r.mostly(values, oddValues)}}`,
    `\${${name}+${r.mostly(values, oddValues)}}`,
    `\${${name}#${r.pick(['*', 'l*', '?', '*/', 'li\\*', ''])}}`,
    `\${${name}##${r.pick(['*/', 'a*', '*.'])}}`,
    `\${${name}%${r.pick(['.*', '?', '/*', '*n*'])}}`,
    `\${${name}%%${r.pick(['.*', '/*', '*'])}}`,
    `\${${name}/${r.pick(['a', '.', '*', '?', 'l*x', '\\/'])}/${r.pick(['b', '', '-', '$A', '\\$0'])}}`,
    `\${${name}//${r.pick(['a', '.', '*', '?', '', '1'])}/${r.pick(['b', '', '-', '$A', '\\$0', '\\${0}'])}}`,
    `"$${name}"`,
    `\${${name}:-\${${r.pick(names)}:-x}}`,
  ]
  const odd = [
    `\${${name}:?${r.pick(values)}}`,
    `'$${name}'`,
    `\\$${name}`,
    `\${${name}`,
    `\${${name}:/}`,
    `\${${name}#\\a}`,
  ]
  return r.mostly(forms, odd)
}

function word(r: Random, text: string): string {
  const parts = text.split(/(?<=[:/.@])/)
  if (r.chance(0.3)) parts.splice(parts.length - (r.chance(0.8) ? 1 : 0), r.chance(0.5) ? 1 : 0, reference(r))
  const joined = parts.join('')
  if (r.chance(0.05)) return `"${joined}"`
  if (r.chance(0.03)) return `'${joined}'`
  return joined
}

function keyword(r: Random, text: string): string {
  if (r.chance(0.85)) return text
  return r.chance(0.5) ? text.toLowerCase() : text.charAt(0) + text.slice(1).toLowerCase()
}

function generateDockerfile(r: Random): string {
  const lines: string[] = []
  const epoch = r.chance(0.04)
  if (r.chance(0.04)) lines.push('#!/usr/bin/env -S docker build .')
  if (r.chance(0.12)) {
    const syntax = r.pick([
      'docker/dockerfile:1',
      'docker/dockerfile',
      'docker/dockerfile:1.7-labs extra',
      'other/frontend',
    ])
    lines.push(
      r.pick([
        `# syntax=${syntax}`,
        `#syntax = ${syntax} `,
        `# SYNTAX=${syntax}`,
        `// syntax=${syntax}`,
        `\t# syntax=${syntax}`,
      ]),
    )
  }
  const escapeCharacter = r.chance(0.1) ? '`' : '\\'
  if (escapeCharacter === '`') lines.push(r.pick(['# escape=`', '# Escape = `', '#escape=`']))
  if (r.chance(0.05))
    lines.push(
      r.mostly(['# check=skip=all', '# check=error=false', '# note'], ['# check=bogus', '# escape=x', '# syntax=a']),
    )
  for (let count = r.int(4); count > 0; count--) lines.push(argLine(r))
  if (epoch) {
    lines.push('ARG SOURCE_DATE_EPOCH=epoch', `FROM ${r.mostly(['scratch'], ['alpine', '$A'])} AS epoch`)
    if (r.chance(0.3)) lines.push(argLine(r))
    lines.push(`ADD ${r.chance(0.2) ? `--checksum=${commit} ` : ''}${r.mostly(urls, paths)} /`)
    if (r.chance(0.05)) lines.push('RUN x')
  }
  const stages = 1 + r.int(4)
  for (let stage = 0; stage < stages; stage++) {
    lines.push(fromLine(r, stage))
    for (let count = r.int(6); count > 0; count--) lines.push(...commandLines(r, escapeCharacter, stage))
    if (r.chance(0.1)) lines.push('# a comment', '')
  }
  const text = lines
    .map(line => (r.chance(0.06) ? continued(r, line, escapeCharacter) : line))
    .join(r.chance(0.05) ? '\r\n' : '\n')
  return (r.chance(0.03) ? '\ufeff' : '') + text + (r.chance(0.7) ? '\n' : '')
}

function continued(r: Random, line: string, escapeCharacter: string): string {
  const spaces = [...line.matchAll(/ /g)].map(match => match.index)
  if (spaces.length === 0) return line
  const at = r.chance(0.8) ? r.pick(spaces) : r.int(line.length)
  const between = r.pick(['', '', '\n# in between', '\n', '\n  # two\n'])
  return `${line.slice(0, at)} ${escapeCharacter}${r.pick(['', ' ', '\t'])}${between}\n${line.slice(at)}`
}

function argLine(r: Random): string {
  const one = (): string => (r.chance(0.3) ? r.pick(names) : `${r.pick(names)}=${argValue(r)}`)
  return `${keyword(r, 'ARG')} ${Array.from({ length: 1 + (r.chance(0.25) ? r.int(3) : 0) }, one).join(' ')}`
}

function argValue(r: Random): string {
  const value = r.chance(0.4) ? reference(r) : r.chance(0.3) ? r.pick(images) : r.mostly(values, oddValues)
  return /\s/.test(value) && r.chance(0.8) ? `"${value}"` : value
}

function fromLine(r: Random, stage: number): string {
  const image = r.mostly(images, oddImages)
  const expanded = r.pick([
    `\${BASE:-${image}}`,
    `alpine:\${V:-3}`,
    `\${FOO:+busybox}\${FOO:-alpine}`,
    `"${image}"`,
    word(r, image),
  ])
  const base = stage > 0 && r.chance(0.25) ? `s${r.int(stage)}` : r.chance(0.25) ? expanded : image
  const platform = r.mostly(
    [...platforms, '$BUILDPLATFORM', '${TARGETPLATFORM}', '$TARGETOS/arm'],
    ['$A', 'x/y/z/w', '', '*'],
  )
  const name = r.chance(0.75) ? `s${stage}` : r.mostly(stageNames, oddStageNames)
  const named = r.chance(0.8) ? ` ${r.pick(['AS', 'as', 'As'])} ${name}` : ''
  return `${keyword(r, 'FROM')} ${r.chance(0.2) ? `--platform=${platform} ` : ''}${base}${named}`
}

function copySource(r: Random, stage: number): string {
  const earlier = stage === 0 ? [] : [`s${r.int(stage)}`, `S${r.int(stage)}`, String(r.int(stage)), `0${r.int(stage)}`]
  return r.mostly(
    [...earlier, ...earlier, ...images],
    [`s${stage}`, 's3', '9', '-1', "'s0'", '$A', ...stageNames, ...oddImages],
  )
}

function mount(r: Random, stage: number): string {
  const type = r.mostly(
    ['type=bind', 'type=cache', 'type=secret,id=x', 'type=ssh', 'type=tmpfs', 'TYPE=Bind', ''],
    ['type=$A', 'type=nope'],
  )
  const fields = [type]
  const mayComeFrom = !/secret|ssh|tmpfs/.test(type)
  if (mayComeFrom && r.chance(0.5)) fields.push(`from=${copySource(r, stage)}`)
  if (mayComeFrom || r.chance(0.5)) {
    const targets = ['target=/m', 'dst=/m', 'target=m', 'destination=/m/$A', 'target=/a/../b']
    fields.push(r.mostly(targets, ['target=/', 'target=.', 'target=$A', 'zzz']))
  }
  if (mayComeFrom && r.chance(0.4)) {
    fields.push(
      r.mostly(
        ['source=/s', 'src=$B', 'ro', 'rw=true', 'id=i'],
        ['uid=1', 'mode=0755', 'readonly=x', 'size=1m', 'zzz=1'],
      ),
    )
  }
  if (type === 'type=cache' && r.chance(0.4))
    fields.push(r.mostly(['sharing=locked', 'mode=0755', 'uid=1'], ['sharing=x', 'mode=9']))
  if (type === 'type=tmpfs' && r.chance(0.4)) fields.push(r.mostly(['size=1m', 'size=1.5GiB'], ['size=x', 'mode=1']))
  if (/secret|ssh/.test(type) && r.chance(0.4))
    fields.push(r.mostly(['required', 'env=E', 'mode=0400'], ['sharing=locked', 'source=x']))
  const text = fields.filter(field => field !== '').join(',')
  return r.chance(0.1) ? `--mount='${text}'` : `--mount=${text}`
}

function commandLines(r: Random, escapeCharacter: string, stage: number): string[] {
  const onbuild = r.chance(0.06) ? `${keyword(r, 'ONBUILD')} ` : ''
  const [first = '', ...rest] = plainCommand(r, escapeCharacter, stage)
  return [onbuild + first, ...rest]
}

function plainCommand(r: Random, escapeCharacter: string, stage: number): string[] {
  const flags = (...possible: readonly string[]): string =>
    possible
      .filter(flag => flag !== '' && r.chance(0.15))
      .map(flag => `${flag} `)
      .join('')
  switch (r.int(19)) {
    case 0:
    case 1:
    case 2:
    case 3: {
      const sources = Array.from({ length: 1 + (r.chance(0.2) ? 1 : 0) }, () =>
        word(r, r.chance(0.85) ? r.mostly(urls, oddURLs) : r.mostly(paths, oddPaths)),
      )
      const url = sources[0] ?? ''
      const sum = /\.git|git@|git:|ssh:/.test(url) ? commit : digest
      const all = flags(
        sources.length === 1 && /^(?:http|git|ssh)/.test(url)
          ? `--checksum=${r.mostly([sum], [commit, 'sha256:zz', '$A', 'md5:1'])}`
          : '',
        `--keep-git-dir${r.mostly(['', '=true'], ['=false', '=$A', '='])}`,
        '--unpack',
        '--link',
        `--chown=${r.mostly(['1:1', 'root', '0:0'], ['a:b', '$A'])}`,
        `--chmod=${r.mostly(modes, oddModes)}`,
        '--exclude=x',
        r.mostly([''], ['--bogus']),
      )
      if (r.chance(0.1)) return [`${keyword(r, 'ADD')} ${all}${JSON.stringify([...sources, '/d'])}`]
      return [`${keyword(r, 'ADD')} ${all}${sources.join(' ')} ${r.pick(['/', '/dst/', './', '$A', '/d'])}`]
    }
    case 4:
    case 5:
    case 6: {
      const all = flags('--chmod=644', '--parents', '--chown=$A:$B', '--exclude=*.o', r.mostly([''], ['--link']))
      const from = r.chance(0.7) ? `--from=${copySource(r, stage)} ` : ''
      const source = r.mostly(paths, [...urls, reference(r)])
      return [
        `${keyword(r, 'COPY')} ${r.chance(0.5) ? from + all : all + from}${source} ${r.pick(['/', '/d/', '.', '$B'])}`,
      ]
    }
    case 7:
    case 8: {
      const mounts = Array.from({ length: r.int(3) }, () => mount(r, stage)).join(' ')
      const other = flags(
        '--network=none',
        '--security=insecure',
        '--device=vendor.com/d=0',
        r.mostly([''], ['--network=bad']),
      )
      const body = r.mostly(
        ['true', '["true"]', 'echo "$A" && ls', '', 'echo $((1<<2))', '[ -f x ] && y'],
        ['[]', '[1]', 'echo <<x'],
      )
      return [`${keyword(r, 'RUN')} ${mounts} ${other}${body}`]
    }
    case 9:
      return [argLine(r)]
    case 10:
    case 11: {
      const pairs = Array.from({ length: 1 + r.int(2) }, () => `${r.mostly(names, ['$A', ''])}=${argValue(r)}`)
      return [
        r.chance(0.2)
          ? `ENV ${r.pick(names)} ${r.pick(values)} ${reference(r)}`
          : `${keyword(r, 'ENV')} ${pairs.join(' ')}`,
      ]
    }
    case 12: {
      const mark = r.pick(['EOF', '"EOF"', "'EOF'", '-EOF', '-"EOF"', ' EOF', 'E$A'])
      const name = mark.replace(/[-"' ]/g, '')
      const content = r.mostly(
        ['FROM nothere', 'COPY --from=zzz / /', '$A ${B}', "it's", 'ADD https://e.com/hidden /', ''],
        ['${', '\tEOF', '\tE'],
      )
      const instruction = r.pick([
        `RUN cat <<${mark}`,
        `COPY <<${mark} /f`,
        `ADD <<${mark} /f`,
        `COPY a <<${mark} /f`,
        `RUN <<${mark} cat`,
        `COPY --from=s0 <<${mark} /f`,
      ])
      return [instruction, content, r.mostly([name.replace(/^\d+/, '')], ['EOF2', name])]
    }
    case 13:
      return [`LABEL ${r.mostly(['a=b', 'a="b c" d=$A', 'a b'], ['a', '=x', "a='$B"])}`]
    case 14:
      return [
        `EXPOSE ${r.mostly(['80', '80/tcp 443/udp', '1-3', '8080:80', '1.2.3.4:1:2', '[::1]:1:2', '80/TCP', '${ZZ:-90 91}'], ['$A', '99999', '80/x', '3-1', 'x:1:2'])}`,
      ]
    case 15:
      return [
        r.mostly(
          [
            'WORKDIR /w',
            'WORKDIR w',
            'WORKDIR $A',
            'WORKDIR /',
            'USER me',
            'USER $A',
            'VOLUME ["/a", "/b$B"]',
            'VOLUME /a',
            'STOPSIGNAL 9',
            'STOPSIGNAL sigrtmin+3',
          ],
          ['WORKDIR', 'USER ${A?no}', 'VOLUME $A', 'STOPSIGNAL $A', 'STOPSIGNAL 0', 'VOLUME [""]', 'WORKDIR ${A?no}'],
        ),
      ]
    case 16:
      return [
        r.mostly(
          [
            'CMD ["a"]',
            'CMD x',
            'ENTRYPOINT ["x"',
            'SHELL ["sh", "-c"]',
            'HEALTHCHECK NONE',
            'HEALTHCHECK --interval=1m30s --retries=3 CMD x',
            'MAINTAINER me',
            'CMD',
            'ENTRYPOINT []',
          ],
          [
            'ENTRYPOINT ["x", 1]',
            'SHELL sh',
            'HEALTHCHECK --interval=5 CMD x',
            'HEALTHCHECK FOO',
            'MAINTAINER',
            'HEALTHCHECK CMD',
            'HEALTHCHECK NONE x',
            'HEALTHCHECK --timeout=1us CMD x',
            'SHELL []',
          ],
        ),
      ]
    case 17:
      return [r.pick(['# comment', '', '   ', '  # indented', `# escape=${escapeCharacter}`])]
    default:
      return [
        r.mostly(
          ['RUN', 'ARG --x Y=1', 'ONBUILD BOGUS x', 'ONBUILD COPY --from=zz / /', '# end'],
          [
            'FROMM x',
            'COPY x',
            'ADD',
            'ENV A',
            'ARG',
            'ARG =x',
            'EXPOSE',
            'ONBUILD ONBUILD RUN x',
            'ONBUILD FROM x',
            'RUN --mount=from=$A,target=/x y',
          ],
        ),
      ]
  }
}

const noise = [
  '$',
  '{',
  '}',
  '"',
  "'",
  '\\',
  '`',
  ' ',
  '\t',
  '\n',
  '#',
  '<<',
  '-',
  '=',
  ':',
  '/',
  '@',
  ',',
  '[',
  ']',
  '\r',
  '\u00a0',
  '\u0085',
  '\u00e9',
  '\0',
  '%',
  '?',
  '*',
]

function mutate(r: Random, text: string, probability: number): string {
  if (!r.chance(probability)) return text
  let result = text
  for (let count = 1 + r.int(3); count > 0 && result.length > 0; count--) {
    const at = r.int(result.length)
    switch (r.int(5)) {
      case 0:
        result = result.slice(0, at) + result.slice(at + 1)
        break
      case 1:
        result = result.slice(0, at) + r.pick(noise) + result.slice(at)
        break
      case 2:
        result = result.slice(0, at) + r.pick(noise) + result.slice(at + 1)
        break
      case 3: {
        const lines = result.split('\n')
        const [moved = ''] = lines.splice(r.int(lines.length), 1)
        lines.splice(r.int(lines.length + 1), 0, moved)
        result = lines.join('\n')
        break
      }
      default:
        result = r.chance(0.3) ? result.slice(0, at) : result + result.slice(at)
    }
  }
  return result.replace(/\p{Surrogate}/gu, '\ufffd')
}

function generateOptions(r: Random): CaseOptions {
  const buildArgs: Record<string, string> = {}
  for (let count = r.chance(0.5) ? r.int(4) : 0; count > 0; count--) {
    buildArgs[r.pick(names.slice(0, 6))] = r.mostly(values.slice(0, 6), [...oddValues, ...images, ...platforms])
  }
  if (r.chance(0.06)) {
    buildArgs.SOURCE_DATE_EPOCH = r.pick([
      '1700000000',
      '',
      'context',
      's0',
      'S1',
      'alpine',
      '-5',
      '+07',
      'nope',
      'epoch',
    ])
  }
  if (r.chance(0.03)) buildArgs.BUILDKIT_SYNTAX = r.pick(['docker/dockerfile:1 x', ' other/f', '', 'BAD'])
  if (r.chance(0.03)) buildArgs.BUILDKIT_GIT_ADVICE = r.mostly(['1', 'true', '0'], ['x'])
  if (r.chance(0.03)) buildArgs.BUILDKIT_CONTEXT_KEEP_GIT_DIR = r.pick(['1', 'x', 'false'])
  if (r.chance(0.02))
    buildArgs.BUILDKIT_DOCKERFILE_CHECK = r.mostly(['skip=all', 'skip=A,B;error=false'], ['x', 'error=2'])
  const contexts: Record<string, string> = {}
  for (let count = r.chance(0.25) ? 1 + r.int(2) : 0; count > 0; count--) {
    const name = r.pick([
      'alpine',
      'alpine:3.22',
      's0',
      's1',
      'build',
      'tools',
      'ghcr.io/org/app:v1',
      's0::linux/amd64',
      'alpine::linux/arm64',
      'localhost:5000/x/y',
    ])
    const usual = [
      'docker-image://debian:13',
      'docker-image://scratch',
      'local:lib',
      'https://e.com/ctx.tgz',
      'https://github.com/a/b.git#main',
      'git@127.0.0.1:a/b',
      'git://e.com/r.git#x',
      `oci-layout://store@${digest}`,
    ]
    contexts[name] = r.mostly(usual, ['docker-image://BAD', 'oci-layout://store:tag', 'ftp://x', 'nope'])
  }
  const configs: Record<string, ImageConfig> = {}
  if (r.chance(0.4)) configs['docker.io/library/alpine:latest'] = config(r)
  if (r.chance(0.4)) configs['docker.io/library/tools:latest'] = config(r)
  if (r.chance(0.2)) configs['docker.io/library/alpine:3.22'] = config(r)
  if (r.chance(0.2)) configs['docker.io/library/debian:13'] = config(r)
  return {
    buildArgs,
    contexts,
    configs,
    ...(r.chance(0.2) ? { target: r.mostly(['s0', 'S0'], ['s1', 'build', '0', 'nope']) } : {}),
    ...(r.chance(0.4)
      ? { platforms: Array.from({ length: 1 + r.int(2) }, () => r.pick([...platforms, ...platforms, 'windows/amd64'])) }
      : {}),
    ...(r.chance(0.1)
      ? {
          context: r.pick([
            'https://github.com/a/b.git#main:sub',
            'https://e.com/ctx.tgz',
            'github.com/a/b',
            'git@127.0.0.1:a/b',
          ]),
        }
      : {}),
    ...(r.chance(0.1) ? { ownDockerignore: true } : {}),
    ...(r.chance(0.03) ? { sbomGenerator: r.mostly(['scanner', 'ghcr.io/o/s:1'], ['BAD']) } : {}),
    // without a platform asked for, BuildKit takes that of the machine in places: this one's
    ...(r.chance(0.05) ? { buildPlatform: r.pick(['linux/arm64', 'linux/arm/v7']), platforms: ['linux/amd64'] } : {}),
    ...(r.chance(0.05) ? { localDockerfile: true } : {}),
  }
}

function config(r: Random): ImageConfig {
  const onbuild: string[] = [
    'COPY . /app',
    'ADD https://e.com/onbuild.tgz /',
    'COPY --from=s0 / /',
    'COPY --from=other / /',
    'RUN --mount=from=mounted,target=/m x',
    'ARG A=ob',
    'ENV B=ob',
    'COPY --from=0 / /',
  ]
  const odd = ['FROM x', 'COPY --from=7 / /', 'ONBUILD RUN x', 'BOGUS', 'RUN a\nRUN b', '']
  return {
    ...(r.chance(0.7) ? { env: [`${r.pick(names)}=${r.mostly(values, oddValues)}`, 'PATH=/bin'] } : {}),
    ...(r.chance(0.4) ? { onbuild: Array.from({ length: 1 + r.int(2) }, () => r.mostly(onbuild, odd)) } : {}),
    ...(r.chance(0.3) ? { workingDir: r.pick(['/w', '/', '']) } : {}),
  }
}
