import { expect, it } from 'vitest'
import { redactIdentifier, redactURL } from './url.ts'

it.each([
  ['https://example.com/a?b=c', 'https://example.com/a?b=c'],
  ['https://user:hunter2@example.com/a', 'https://xxxxx@example.com/a'],
  ['https://example.com/a?X-Amz-Signature=hunter2&x=1', 'https://example.com/a?X-Amz-Signature=xxxxx&x=1'],
  ['https://example.com/a?access_token=hunter2&token=hunter2', 'https://example.com/a?access_token=xxxxx&token=xxxxx'],
  ['https://example.com/a?jwt=hunter2&pwd=hunter2', 'https://example.com/a?jwt=xxxxx&pwd=xxxxx'],
  ['git://https://user:hunter2@example.com/a.git', 'git://https//xxxxx@example.com/a.git'],
  ['https://user:hunter2@exa mple/a?token=hunter2', 'https://xxxxx@exa mple/a'],
])('redactURL keeps no secret: %s', (url, shown) => {
  expect(redactURL(url)).toBe(shown)
})

it.each([
  ['git://https://user:hunter2@example.com/a.git#main', 'git://https://xxxxx@example.com/a.git#main'],
  ['git://git@example.com/a.git', 'git://git@example.com/a.git'],
  ['https://example.com:443/%7ea', 'https://example.com:443/%7ea'],
  ['https://example.com/a?token=hunter2', 'https://example.com/a?token=xxxxx'],
  ['docker-image://alpine@sha256:0123', 'docker-image://alpine@sha256:0123'],
])('redactIdentifier keeps no secret and changes nothing else: %s', (identifier, shown) => {
  expect(redactIdentifier(identifier)).toBe(shown)
})
