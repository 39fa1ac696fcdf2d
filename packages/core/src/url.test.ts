import { expect, it } from 'vitest'
import { redactURL } from './url.ts'

it.each([
  ['https://example.com/a?b=c', 'https://example.com/a?b=c'],
  ['https://user:hunter2@example.com/a', 'https://xxxxx@example.com/a'],
  ['https://example.com/a?X-Amz-Signature=hunter2&x=1', 'https://example.com/a?X-Amz-Signature=xxxxx&x=1'],
  ['https://example.com/a?access_token=hunter2&token=hunter2', 'https://example.com/a?access_token=xxxxx&token=xxxxx'],
  ['https://user:hunter2@exa mple/a?token=hunter2', 'https://xxxxx@exa mple/a'],
])('redactURL keeps no secret: %s', (url, shown) => {
  expect(redactURL(url)).toBe(shown)
})
