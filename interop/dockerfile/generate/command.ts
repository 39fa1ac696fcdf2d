import type { Random } from './random.ts'
import { copySource, mount } from './run-mount.ts'
import {
  argValue,
  commit,
  digest,
  keyword,
  modes,
  names,
  oddModes,
  oddPaths,
  oddURLs,
  paths,
  reference,
  urls,
  values,
  word,
} from './words.ts'

export function argLine(r: Random): string {
  const one = (): string => (r.chance(0.3) ? r.pick(names) : `${r.pick(names)}=${argValue(r)}`)
  return `${keyword(r, 'ARG')} ${Array.from({ length: 1 + (r.chance(0.25) ? r.int(3) : 0) }, one).join(' ')}`
}

interface Place {
  readonly r: Random
  readonly escapeCharacter: string
  /** Stages before it. */
  readonly stage: number
}

/** An instruction, now and then one for whoever builds on the image. */
export function commandLines(r: Random, escapeCharacter: string, stage: number): string[] {
  const onbuild = r.chance(0.06) ? `${keyword(r, 'ONBUILD')} ` : ''
  const [first = '', ...rest] = r.pick(commands)({ r, escapeCharacter, stage })
  return [onbuild + first, ...rest]
}

function add({ r }: Place): string[] {
  const sources = Array.from({ length: 1 + (r.chance(0.2) ? 1 : 0) }, () =>
    word(r, r.chance(0.85) ? r.mostly(urls, oddURLs) : r.mostly(paths, oddPaths)),
  )
  const url = sources[0] ?? ''
  const sum = /\.git|git@|git:|ssh:/.test(url) ? commit : digest
  const all = flags(
    r,
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

function copy({ r, stage }: Place): string[] {
  const all = flags(r, '--chmod=644', '--parents', '--chown=$A:$B', '--exclude=*.o', r.mostly([''], ['--link']))
  const from = r.chance(0.7) ? `--from=${copySource(r, stage)} ` : ''
  const source = r.mostly(paths, [...urls, reference(r)])
  return [
    `${keyword(r, 'COPY')} ${r.chance(0.5) ? from + all : all + from}${source} ${r.pick(['/', '/d/', '.', '$B'])}`,
  ]
}

function run({ r, stage }: Place): string[] {
  const mounts = Array.from({ length: r.int(3) }, () => mount(r, stage)).join(' ')
  const other = flags(
    r,
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

function arg({ r }: Place): string[] {
  return [argLine(r)]
}

function env({ r }: Place): string[] {
  const pairs = Array.from({ length: 1 + r.int(2) }, () => `${r.mostly(names, ['$A', ''])}=${argValue(r)}`)
  return [
    r.chance(0.2)
      ? `ENV ${r.pick(names)} ${r.pick(values)} ${reference(r)}`
      : `${keyword(r, 'ENV')} ${pairs.join(' ')}`,
  ]
}

function heredoc({ r }: Place): string[] {
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

function label({ r }: Place): string[] {
  return [`LABEL ${r.mostly(['a=b', 'a="b c" d=$A', 'a b'], ['a', '=x', "a='$B"])}`]
}

function expose({ r }: Place): string[] {
  return [
    `EXPOSE ${r.mostly(['80', '80/tcp 443/udp', '1-3', '8080:80', '1.2.3.4:1:2', '[::1]:1:2', '80/TCP', '${ZZ:-90 91}'], ['$A', '99999', '80/x', '3-1', 'x:1:2'])}`,
  ]
}

function place({ r }: Place): string[] {
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
}

function runtime({ r }: Place): string[] {
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
}

function comment({ r, escapeCharacter }: Place): string[] {
  return [r.pick(['# comment', '', '   ', '  # indented', `# escape=${escapeCharacter}`])]
}

function other({ r }: Place): string[] {
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

/** Some of the flags. */
function flags(r: Random, ...possible: readonly string[]): string {
  return possible
    .filter(flag => flag !== '' && r.chance(0.15))
    .map(flag => `${flag} `)
    .join('')
}

/** Those that say more are there more often. */
const commands: readonly ((place: Place) => string[])[] = [
  add,
  add,
  add,
  add,
  copy,
  copy,
  copy,
  run,
  run,
  arg,
  env,
  env,
  heredoc,
  label,
  expose,
  place,
  runtime,
  comment,
  other,
]
