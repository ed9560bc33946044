/**
 * Goal: what `inTurns` promises: order, no loss, no overlap, one turn for what came at once.
 * Method: marbles by hand: what is said in which task, what each turn got.
 */
import { Subject } from 'rxjs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { inTurns } from '../../src/inTurns.ts'

const settle = () => new Promise(resolve => setImmediate(resolve))

/** `say` is called with each input of a turn, and may itself be heard in the next one. */
const listen = (say: (input: string, heard: Subject<string>) => void = () => {}) => {
  const heard = new Subject<string>()
  const turns: string[] = []
  let depth = 0
  heard
    .pipe(
      inTurns(inputs => {
        assert.is((depth += 1), 1, 'turns never overlap')
        for (const input of inputs) say(input, heard)
        depth -= 1
        return inputs.join('')
      }),
    )
    .subscribe(turn => turns.push(turn))
  return { heard, turns }
}

test('-(ab)---c--|  ->  -[ab]--[c]-|', async () => {
  const { heard, turns } = listen()
  heard.next('a')
  heard.next('b')
  assert.equal(turns, [], 'not before the one who speaks has finished')
  await settle()
  heard.next('c')
  await settle()
  assert.equal(turns, ['ab', 'c'])
})

test('-c(d)--  ->  -[c]-[d]--  what a turn says is the next one', async () => {
  const { heard, turns } = listen((input, heard) => {
    if (input === 'c') heard.next('d')
    if (input === 'd') heard.next('e')
  })
  heard.next('c')
  await settle()
  assert.equal(turns, ['c', 'd', 'e'])
})

test('ten thousand at once are one turn, in order', async () => {
  const { heard, turns } = listen()
  const said = Array.from({ length: 10_000 }, (_, index) => `${index},`)
  for (const input of said) heard.next(input)
  await settle()
  assert.equal(turns, [said.join('')])
})

test.run()
