/**
 * Goal: addresses have one spelling, networks the original's short forms.
 * Method: tables; and random IPv6 addresses compared with the spelling of the platform's URLs.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { isInNetwork, readAddress, readNetwork } from '../../../src/config/addresses.ts'
import { chance, seedOf } from './reading.ts'

test('addresses', () => {
  const table: Readonly<Record<string, string | null>> = {
    '10.0.0.1': '10.0.0.1',
    '010.1.0.0': '10.1.0.0',
    '::1': '::1',
    '::': '::',
    'FE80:0:0:0:0:0:0:1': 'fe80::1',
    '1:0:0:2:0:0:0:3': '1:0:0:2::3',
    '1:0:2:3:4:5:6:7': '1:0:2:3:4:5:6:7',
    '::ffff:10.0.0.1': '::ffff:10.0.0.1',
    '10.0.0': null,
    '10.0.0.256': null,
    '10.0.0.1.1': null,
    '1.2.3.0x4': null,
    'fe80::1%eth0': null,
    ':::': null,
    localhost: null,
    ' 10.0.0.1': null,
    '': null,
  }
  for (const [text, address] of Object.entries(table)) {
    assert.is(readAddress(text)?.address ?? null, address, text)
  }
})

test('networks', () => {
  const network = (text: string): string | null => {
    const read = readNetwork(text)
    return read === null ? null : `${read.address}/${read.prefix}`
  }
  const table: Readonly<Record<string, string | null>> = {
    '10.0.0.5': '10.0.0.5/32',
    '10.0.0.0/0': '10.0.0.0/0',
    '10.0.0.5/24': '10.0.0.5/24',
    'fe80::/64': 'fe80::/64',
    '::1': '::1/128',
    '10.0.0/8': '10.0.0.0/8',
    '10/8': '10.0.0.0/8',
    '0/0': '0.0.0.0/0',
    '172.16/12': '172.16.0.0/12',
    '010.1.0.0/16': '10.1.0.0/16',
    '10.0.0.5/33': null,
    '::/129': null,
    '10.0.0.0/255.255.255.0': null,
    '10.0.0.0/': null,
    '10.0.0.0/8/8': null,
    '10': null,
    '/8': null,
    '': null,
  }
  for (const [text, result] of Object.entries(table)) assert.is(network(text), result, text)
})

test('membership', () => {
  const inside = (address: string, text: string): boolean => {
    const network = readNetwork(text)
    return network !== null && isInNetwork(address, network)
  }
  assert.ok(inside('10.0.0.77', '10.0.0.5/24'))
  assert.not(inside('10.0.1.77', '10.0.0.5/24'))
  assert.ok(inside('192.168.0.1', '0/0'))
  assert.not(inside('::1', '0/0'))
  assert.ok(inside('fe80::1:2', 'fe80::/64'))
  assert.not(inside('fe81::1', 'fe80::/64'))
})

test('random IPv6 addresses are spelled as the platform spells them', () => {
  const next = chance(seedOf())
  for (let round = 0; round < 3000; round++) {
    const groups = Array.from({ length: 8 }, () => (next() < 0.6 ? 0 : Math.floor(next() * 65536)))
    // The platform has no spelling of its own for IPv4 in IPv6.
    if (groups[0] === 0) groups[0] = 0x2001
    const long = groups.map(group => group.toString(16).toUpperCase()).join(':')
    const platform = new URL(`http://[${long}]/`).hostname.slice(1, -1)
    assert.is(readAddress(long)?.address, platform)
    assert.is(readAddress(platform)?.address, platform)
  }
})

test.run()
