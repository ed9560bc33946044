/**
 * Goal: a line is written in one way only, and read back as what was written or not at all.
 * Method: exact lines; then every kind of value that JSON, UTF-8 and the length must bear.
 */
import * as E from 'fp-ts/lib/Either.js'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { decode, emptyTail, encodeCheckpoint, encodeTurn } from '../../journal/record.ts'
import type { Tail } from '../../journal/record.ts'

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

const tailOf = (inputs: ReadonlyArray<unknown>, before: Tail): Tail =>
  encodeTurn(before, { seq: before.seq + 1, inputs, effects: [] }).after

test('the format, byte for byte', () => {
  const first = encodeTurn(emptyTail, { seq: 1, inputs: ['a'], effects: ['b'] })
  const second = encodeTurn(first.after, { seq: 2, inputs: [], effects: [] })
  assert.is(textOf(first.bytes), 'ca85cf24 000028 {"seq":1,"inputs":["a"],"effects":["b"]}\n')
  assert.is(textOf(second.bytes), 'f273ebb1 000022 {"seq":2,"inputs":[],"effects":[]}\n')
  assert.is(
    textOf(encodeCheckpoint(second.after, 7, { x: 1 }).bytes),
    'b9268c7c 000045 {"checkpoint":{"seq":2,"sum":"f273ebb1","version":7,"state":{"x":1}}}\n',
  )
})

test('what is written is read: text of every kind, numbers may leap', () => {
  const turn = {
    seq: 90,
    inputs: ['ü€😀', '\ud800 alone', 'line\nbreak', '{"checkpoint":', { deep: [null, -0.5, 1e21] }],
    effects: [{ type: 'launch' }],
  }
  const before = { seq: 41, sum: 0xdeadbeef }
  const line = encodeTurn(before, turn)
  const read = decode(before, line.bytes)
  assert.ok(E.isRight(read) && read.right.kind === 'turn')
  assert.equal(read.right.turn, turn)
  assert.equal(read.right.after, line.after)
  assert.is(line.bytes.indexOf(0x0a), line.bytes.length - 1)
})

test('a line may have more than sixteen million bytes', () => {
  const state = 'x'.repeat((16 << 20) + 5)
  const line = encodeCheckpoint(emptyTail, 1, state)
  assert.match(textOf(line.bytes.subarray(0, 17)), /^[0-9a-f]{8} 100[0-9a-f]{4} $/)
  const read = decode(null, line.bytes)
  assert.ok(E.isRight(read) && read.right.kind === 'checkpoint')
  assert.is(read.right.checkpoint.state, state)
})

test('a checkpoint brings its own seed, a turn needs the turn before it', () => {
  const tail = tailOf(['a'], emptyTail)
  const checkpoint = decode(null, encodeCheckpoint(tail, 1, null).bytes)
  assert.ok(E.isRight(checkpoint))
  assert.equal(checkpoint.right.after, tail)
  const turn = encodeTurn(tail, { seq: 2, inputs: [], effects: [] }).bytes
  assert.equal(decode(null, turn), E.left('changed'))
  assert.equal(decode({ seq: 1, sum: tail.sum + 1 }, turn), E.left('changed'))
  assert.equal(decode({ seq: 2, sum: tail.sum }, turn), E.left('changed'), 'numbers only grow')
})

test('a checksum that holds is not enough: the line must be one of ours', () => {
  const forged = (json: string): Uint8Array => {
    const turn = { seq: 1, inputs: [], effects: [], toJSON: () => JSON.parse(json) as unknown }
    return encodeTurn(emptyTail, turn).bytes
  }
  for (const json of ['{"seq":1}', '{"seq":"1","inputs":[],"effects":[]}', '[]', '7', 'null']) {
    assert.equal(decode(emptyTail, forged(json)), E.left('changed'), json)
  }
})

test('each beginning of a line is torn; with anything behind it, it is changed', () => {
  const { bytes } = encodeTurn(emptyTail, { seq: 1, inputs: ['a'], effects: [] })
  for (let length = 0; length < bytes.length; length++) {
    const beginning = bytes.subarray(0, length)
    assert.equal(decode(emptyTail, beginning), E.left('torn'), `${length} bytes`)
    const ended = Buffer.concat([beginning, Buffer.from('\n')])
    if (length < bytes.length - 1) assert.equal(decode(emptyTail, ended), E.left('changed'))
  }
  const twice = Buffer.concat([bytes.subarray(0, -1), bytes])
  assert.equal(decode(emptyTail, twice), E.left('changed'), 'a newline was lost')
  assert.equal(decode(emptyTail, twice.subarray(0, -1)), E.left('changed'))
})

test('a number that is given twice is a mistake of the caller and is not written', () => {
  assert.throws(
    () => encodeTurn({ seq: 5, sum: 0 }, { seq: 5, inputs: [], effects: [] }),
    /turn 5 cannot follow turn 5/,
  )
})

test.run()
