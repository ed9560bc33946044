/**
 * Goal: a state directory as nearly every life leaves it is removed in one call, and that is all
 *   which is removed so: what a container has made of it is for `removeTree`.
 * Method: directories of both kinds, and what is outside of them.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { discard } from '../../native/remove.ts'

let dir = ''
let state = ''

test.before.each(() => {
  dir = mkdtempSync(join(tmpdir(), 'lithos-test-'))
  state = join(dir, 'state')
  writeFileSync(join(dir, 'precious'), 'x')
  mkdirSync(state)
})
test.after.each(() => rmSync(dir, { recursive: true, force: true }))

const generated = ['hosts', 'resolv.conf']

test('what is as we have made it, or not there', () => {
  for (const names of [[], ['hosts'], generated]) {
    mkdirSync(state, { recursive: true })
    for (const name of names) writeFileSync(join(state, name), 'x')
    assert.ok(discard(state), names.join())
    assert.equal(readdirSync(dir), ['precious'], names.join())
  }
  assert.ok(discard(state))
})

const odd: Readonly<Record<string, (path: string) => void>> = {
  'a link': path => symlinkSync(join(dir, 'precious'), path),
  'a directory': path => mkdirSync(path),
  'a large file': path => writeFileSync(path, Buffer.alloc(65_537)),
}

for (const [what, make] of Object.entries(odd))
  test(`${what} in place of what we have written`, () => {
    for (const name of generated) make(join(state, name))
    assert.not.ok(discard(state))
    assert.equal(readdirSync(state).sort(), generated)
    assert.is(readFileSync(join(dir, 'precious'), 'utf8'), 'x')
  })

test('a file of another name, and a link in place of the directory', () => {
  writeFileSync(join(state, 'volume'), 'x')
  assert.not.ok(discard(state))
  assert.ok(existsSync(join(state, 'volume')))
  rmSync(state, { recursive: true })
  mkdirSync(join(dir, 'others'))
  writeFileSync(join(dir, 'others', 'hosts'), 'x')
  symlinkSync(join(dir, 'others'), state)
  assert.not.ok(discard(state))
  assert.ok(existsSync(join(dir, 'others', 'hosts')))
})

test.run()
