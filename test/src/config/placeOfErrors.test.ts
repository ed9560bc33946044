/**
 * Goal: mistakes in lists and mappings are where the original said they are, for tools read lines.
 * Method: the same mistake in every layout of a file.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readContainer, readProcesses } from '../../../src/config/read.ts'
import { linesOf } from './reading.ts'

test('a mapping is where the original said it was', () => {
  const missing = 'a.config: expected the path of a configuration in the image'
  const place = (text: string): string | undefined => {
    const line = linesOf(readProcesses, text).find(one => one.includes(missing))
    return line?.slice(0, line.indexOf(' '))
  }
  assert.is(place('a: {image: x}'), 'f:1:3:')
  assert.is(place('a:   # here\n  image: x'), 'f:2:3:')
  assert.is(place('a:\n  # here\n\n  image: x'), 'f:4:3:')
  assert.is(place('a: !Tag\n  image: x'), 'f:2:3:')
  assert.is(place('a: &x\n  image: x'), 'f:2:3:')
  assert.is(place('a:\n  !Tag\n  image: x'), 'f:2:7:')
  assert.is(place('a:\n  {image: x}'), 'f:2:3:')
  assert.is(place('{a: {image: x}}'), 'f:1:4:')
  assert.is(place('{a:\n  {image: x}}'), 'f:1:4:')
  assert.is(place('b: &x {image: x}\na: *x'), 'f:1:6:')
  assert.is(place('a: image: x'), 'f:1:3:')
})

test('and so is a list', () => {
  const place = (text: string): string => {
    const [line = ''] = linesOf(readContainer, text)
    return line.slice(0, line.indexOf(' '))
  }
  assert.is(place('executable:\n- a'), 'f:1:12:')
  assert.is(place('executable:\n  - a'), 'f:2:3:')
  assert.is(place('executable: [a]'), 'f:1:12:')
  assert.is(place('executable: /x\narguments:\n- [a]'), 'f:3:3:')
  assert.is(place('executable: /x\narguments:\n- - a'), 'f:3:3:')
  assert.is(place('executable: /x\narguments: [[a]]'), 'f:2:13:')
  assert.is(place('executable: /x\narguments: [a, [a]]'), 'f:2:15:')
})

test.run()
