import { describe, expect, it } from 'vitest'
import { authorizationValue, credentialOfUserinfo, gitSecrets } from './credentials.ts'

const decode = (value: string) => atob(value.replace('Basic ', ''))

describe('authorizationValue', () => {
  it.each([
    [{ token: 't' }, 'x-access-token:t'],
    [{ username: 'u', password: 'p:é' }, 'u:p:Ã©'],
  ])('makes a basic credential of %j', (credential, expected) => {
    expect(decode(authorizationValue(credential))).toBe(expected)
  })
  it('sends a header as it is', () => {
    expect(authorizationValue({ header: 'Bearer abc\n' })).toBe('Bearer abc')
  })
  it.each(['', 'a\r\nHost: evil', 'a\0b', 'é'])('refuses a header %j without repeating it', header => {
    expect(() => authorizationValue({ header })).toThrow(expect.objectContaining({ code: 'unauthorized' }))
  })
})

describe('credentialOfUserinfo', () => {
  it.each([
    ['u', { username: 'u', password: '' }],
    ['u:p%40q:r', { username: 'u', password: 'p@q:r' }],
  ])('reads %s', (userinfo, expected) => {
    expect(credentialOfUserinfo(userinfo)).toEqual(expected)
  })
  it('refuses what is not encoded text', () => {
    expect(() => credentialOfUserinfo('u:%ff')).toThrow(expect.objectContaining({ code: 'unauthorized' }))
  })
})

describe('gitSecrets', () => {
  const secrets = {
    GIT_AUTH_TOKEN: 'any',
    'GIT_AUTH_TOKEN.github.com': 'hub',
    'GIT_AUTH_HEADER.gitlab.com': 'Bearer lab',
    'GIT_AUTH_TOKEN.gitlab.com': 'unused',
    'GIT_AUTH_TOKEN.empty.test': '',
  }
  it.each([
    ['github.com', { token: 'hub' }],
    ['gitlab.com', { header: 'Bearer lab' }],
    ['main.test:8443', { token: 'any' }],
    ['evil.test', undefined],
    ['empty.test', undefined],
  ])('gives %s what is for it', (host, expected) => {
    expect(gitSecrets({ secrets, mainContextHost: 'main.test:8443' })(host)).toEqual(expected)
  })
  it('gives nobody a secret for no host where the main context is no repository', () => {
    expect(gitSecrets({ secrets })('main.test:8443')).toBeUndefined()
  })
  it('does not take names of objects for secrets', () => {
    expect(gitSecrets({ secrets: {}, mainContextHost: 'x' })('x')).toBeUndefined()
  })
})
