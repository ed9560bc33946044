/**
 * Goal: the address of a host is that of its hosts file; nobody is asked before it is needed.
 * Method: hosts files of our own; a name that nobody can know.
 */
import * as fs from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { askHost } from '../../../src/evaluate/host.ts'

const withHosts = <T>(text: string, use: (file: string) => T): T => {
  const top = fs.mkdtempSync(join(tmpdir(), 'lithos-hosts-'))
  try {
    const file = join(top, 'hosts')
    fs.writeFileSync(file, text)
    return use(file)
  } finally {
    fs.rmSync(top, { recursive: true, force: true })
  }
}

/** Names below `invalid` resolve nowhere, by agreement. */
const name = 'box.invalid'

const table: readonly (readonly [what: string, text: string, address: string | null])[] = [
  ['a line of its own', '192.0.2.7 box.invalid\n', '192.0.2.7'],
  ['an alias', '127.0.0.1 localhost\n192.0.2.7\tother   box.invalid # x\n', '192.0.2.7'],
  ['the first of two', '192.0.2.8 box.invalid\n192.0.2.7 box.invalid\n', '192.0.2.8'],
  ['no IPv6', '::1 box.invalid\n192.0.2.7 box.invalid', '192.0.2.7'],
  ['no comment', '#192.0.2.7 box.invalid\n', null],
  ['no part of a name', '192.0.2.7 box.invalid.org mybox.invalid\n', null],
  ['nothing', '', null],
]
for (const [what, text, address] of table)
  test(what, () =>
    assert.is(
      withHosts(text, file => askHost(file, name).address()),
      address,
    ),
  )

test('the answer is kept', () =>
  withHosts('192.0.2.7 box.invalid\n', file => {
    const host = askHost(file, name)
    assert.is(host.address(), '192.0.2.7')
    fs.rmSync(file)
    assert.is(host.address(), '192.0.2.7')
  }))

test('this host has a name', () => assert.is(askHost().hostname, hostname()))

test.run()
