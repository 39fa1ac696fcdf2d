import { argLine, commandLines } from './command.ts'
import type { Random } from './random.ts'
import { commit, images, keyword, oddImages, oddStageNames, paths, platforms, stageNames, urls, word } from './words.ts'

export function generateDockerfile(r: Random): string {
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
