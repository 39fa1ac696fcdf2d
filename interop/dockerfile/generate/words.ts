import type { Random } from './random.ts'

export const digest = `sha256:${'ab'.repeat(32)}`
export const commit = 'cd'.repeat(20)
export const names = [
  'A',
  'B',
  'V',
  'TAG',
  'BASE',
  'FOO',
  'TARGETARCH',
  'TARGETPLATFORM',
  'BUILDPLATFORM',
  'PATH',
  'X_1',
]
export const values = ['1', '3.22', 'alpine', 'v1.2', 'main', 'linux', '$A', '${B:-z}', '"q"', "'s'"]
export const oddValues = ['a b', '', 'linux/arm64', 'x/y.git', '${', '"']
export const images = [
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
export const oddImages = ['Scratch', 'ALPINE', 'a b', 'x@sha256:1', 'docker.io', 'x:', '-x']
export const stageNames = ['build', 'base', 'Final', 'one', 'alpine', 'a.b', 'scratch', 'context', 'x_y']
export const oddStageNames = ['x-', '1x', 'a..b', '']
export const urls = [
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
export const oddURLs = [
  'https://github.com/moby/buildkit.git?nope=1',
  'https://github.com/moby/buildkit.git?ref=a#b',
  'https://github.com/moby/buildkit.git?tag=v1&branch=b',
  'https://[:1]/x',
  'http://a b/c',
]
export const paths = ['.', './a', '/b', 'src/', '*.txt', '../x', 'dir/file', '"a b"', 'a\\ b']
export const oddPaths = ['C:\\x', '', '<<X']
export const platforms = [
  'linux/amd64',
  'linux/arm64',
  'linux/arm/v7',
  'linux/arm',
  'linux/arm64/v8',
  'arm64',
  'linux/386',
]
export const modes = ['755', 'u+x', '0644', 'a=rX,u+w', '07777']
export const oddModes = ['99999', 'zz', '$A', '8']

export function reference(r: Random, name = r.pick(names)): string {
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

export function word(r: Random, text: string): string {
  const parts = text.split(/(?<=[:/.@])/)
  if (r.chance(0.3)) parts.splice(parts.length - (r.chance(0.8) ? 1 : 0), r.chance(0.5) ? 1 : 0, reference(r))
  const joined = parts.join('')
  if (r.chance(0.05)) return `"${joined}"`
  if (r.chance(0.03)) return `'${joined}'`
  return joined
}

export function keyword(r: Random, text: string): string {
  if (r.chance(0.85)) return text
  return r.chance(0.5) ? text.toLowerCase() : text.charAt(0) + text.slice(1).toLowerCase()
}

export function argValue(r: Random): string {
  const value = r.chance(0.4) ? reference(r) : r.chance(0.3) ? r.pick(images) : r.mostly(values, oddValues)
  return /\s/.test(value) && r.chance(0.8) ? `"${value}"` : value
}
