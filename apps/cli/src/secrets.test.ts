import { expect, it } from 'vitest'
import { createSecrets, isSecretName } from './secrets.ts'

it.each([
  ['https://user:hunter2@example.com/x', 'got hunter2 of user', 'got xxxxx of user'],
  ['https://ghp_token@github.com/a.git', 'ghp_token', 'xxxxx'],
  ['https://u:p%40ss%2Fword@example.com/', 'p%40ss%2Fword and p@ss/word', 'xxxxx and xxxxx'],
  ['https://u:p%22w%0Ard@example.com/', '{"a":"p\\"w\\nrd"}', '{"a":"xxxxx"}'],
  ['https://user:hunter2@example.com/', `Basic ${btoa('user:hunter2')}`, 'Basic xxxxx'],
  ['https://example.com/x?v=1234&token=abcd1234', '1234 abcd1234', '1234 xxxxx'],
  ['git://https://user:hunter2@example.com/x.git', 'hunter2', 'xxxxx'],
  ['see "https://u:hunter2@a/", https://b?token=abcd1234', 'hunter2 abcd1234', 'xxxxx xxxxx'],
  ['git@github.com:a/b', 'git', 'git'],
  ['https://a:b@example.com/', 'b of https://a:b@example.com/', 'b of https://xxxxx@example.com/'],
  ['https://u:100%@example.com/', '100%', 'xxxxx'],
  ['https://u:a+b*c$@example.com/ https://u:a+b*@example.com/', 'a+b*c$ a+b*', 'xxxxx xxxxx'],
  [
    'docker-image://docker.io/library/alpine@sha256:abcd',
    'docker-image://a@sha256:abcd',
    'docker-image://a@sha256:abcd',
  ],
])('%s: %s', (text, written, shown) => {
  const secrets = createSecrets()
  secrets.addText(text)
  expect(secrets.redact(written)).toBe(shown)
})

it.each([
  ['NPM_TOKEN', true],
  ['aws_secret_access_key', true],
  ['PASSWORD', true],
  ['PUBLIC_KEY', false],
  ['KEYBOARD', false],
  ['VERSION', false],
])('%s names a secret: %s', (name, expected) => expect(isSecretName(name)).toBe(expected))
