/**
 * Goal: a slip of the pen finds the word it was meant to be, anything else finds none.
 * Method: a table of slips of each kind.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { nearMiss } from '../../../src/config/nearMiss.ts'

const KNOWN = ['image', 'image-dir', 'kind', 'uid-map', 'gid-map', 'allow-tcp-ports']

test('slips', () => {
  const table: Readonly<Record<string, string | null>> = {
    imge: 'image',
    iamge: 'image',
    imagee: 'image',
    'Image-Dir': 'image-dir',
    'allow_tcp-ports': 'allow-tcp-ports',
    'alow-tpc-ports': 'allow-tcp-ports',
    kidn: 'kind',
    'uid-maps': 'uid-map',
    kxxd: null,
    volumes: null,
    '': null,
    [`image${'e'.repeat(100)}`]: null,
  }
  for (const [text, meant] of Object.entries(table)) assert.is(nearMiss(text, KNOWN), meant, text)
})

test('the nearest wins, the first of equals', () => {
  assert.is(nearMiss('uid-mp', KNOWN), 'uid-map')
  assert.is(nearMiss('xid-map', KNOWN), 'uid-map')
})

test.run()
