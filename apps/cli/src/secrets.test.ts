import { expect, it } from 'vitest'
import { createSecrets } from './secrets.ts'

const write = (urls: readonly string[], text: string): string => {
  const secrets = createSecrets()
  let written = ''
  const sink = secrets.without({ isTTY: false, write: part => (written += part) })
  for (const url of urls) secrets.addURL(url)
  sink.write(text)
  return written
}

it.each([
  ['https://user:hunter2@example.com/x', 'got hunter2 of user', 'got xxxxx of user'],
  ['https://ghp_token@github.com/a.git', 'ghp_token', 'xxxxx'],
  ['https://u:p%40ss%2Fword@example.com/', 'p%40ss%2Fword and p@ss/word', 'xxxxx and xxxxx'],
  ['https://example.com/x?v=1234&token=abcd1234', '1234 abcd1234', '1234 xxxxx'],
  ['git://https://user:hunter2@example.com/x.git', 'hunter2', 'xxxxx'],
  ['git@github.com:a/b', 'git', 'git'],
  ['https://a:b@example.com/', 'b', 'b'],
  ['https://u:100%@example.com/', '100%', 'xxxxx'],
  ['docker-image://docker.io/library/alpine@sha256:abcd', 'sha256:abcd', 'sha256:abcd'],
])('%s: %s', (url, text, written) => expect(write([url], text)).toBe(written))
