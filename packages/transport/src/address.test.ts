import { describe, expect, it } from 'vitest'
import { blockHolds, isPublicAddress, parseBlock } from './address.ts'

describe('isPublicAddress', () => {
  it.each([
    '1.1.1.1',
    '100.63.255.255',
    '100.128.0.1',
    '172.15.0.1',
    '172.32.0.1',
    '192.167.255.255',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2a00:1450:4001:81b::200e',
    '::ffff:1.1.1.1',
    '::ffff:101:101',
    '64:ff9b::8.8.8.8',
    '2002:808:808::1',
  ])('takes %s for public', address => expect(isPublicAddress(address)).toBe(true))

  it.each([
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '100.64.0.1',
    '100.127.255.255',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.8',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::1.1.1.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:a9fe:a9fe',
    '::ffff:0:127.0.0.1',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::1.1.1.1',
    '2002:7f00:1::',
    '2002:a9fe:a9fe::1',
    '2001:0:1:2::3',
    '2001:db8::1',
    '100::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    'localhost',
    '',
    '1.1.1',
  ])('does not take %j for public', address => expect(isPublicAddress(address)).toBe(false))
})

describe('parseBlock', () => {
  it.each([
    ['10.0.0.0/8', '10.1.2.3', true],
    ['10.0.0.0/8', '11.1.2.3', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.1', '127.0.0.2', false],
    ['fc00::/7', 'fd00::1', true],
    ['[::1]', '::1', true],
    ['::1', '127.0.0.1', false],
    ['0.0.0.0/0', '169.254.169.254', true],
  ])('%s, asked for %s, says %s', (text, address, held) => {
    expect(blockHolds(parseBlock(text)!, address)).toBe(held)
  })

  it.each(['localhost', '10.0.0.0/33', '::/129', '10.0.0.0/', '', '1.2.3/8', '10.0.0.0/-1'])(
    'does not take %j',
    text => {
      expect(parseBlock(text)).toBeUndefined()
    },
  )
})
