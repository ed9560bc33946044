/**
 * Goal: what is left of a life is removed when its end is in the journal, and not before.
 * Method: turns and a journal made by hand; what is forgotten is written down.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Input } from '../../machines/vocabulary.ts'
import { createForgetting } from '../../src/performing.ts'

const stamp = { at: 1, mono: 1 }
const exited = (incarnation: number): Input => ({
  type: 'knot.exited',
  ...{ instance: 'web/a.0', incarnation, pid: 7, status: 0, ...stamp },
})
const refused = (incarnation: number): Input => ({
  type: 'knot.refused',
  ...{ instance: 'web/a.0', incarnation, step: 's', about: '', code: 'E', ...stamp },
})
const elapsed: Input = { type: 'timer.elapsed', timer: 'stop', ...stamp }

const world = () => {
  const journal = { isWritten: true }
  const forgotten: number[] = []
  const knots = { forget: (_: string, incarnation: number) => void forgotten.push(incarnation) }
  return { journal, forgotten, forgetEnds: createForgetting(knots, () => journal.isWritten) }
}

test('forgotten with the turn that tells it', () => {
  const { forgotten, forgetEnds } = world()
  forgetEnds({ heard: [exited(1), elapsed, refused(2)] })
  assert.equal(forgotten, [1, 2])
})

test('kept while nothing can be written, forgotten with the first turn after that', () => {
  const { journal, forgotten, forgetEnds } = world()
  journal.isWritten = false
  forgetEnds({ heard: [exited(1)] })
  forgetEnds({ heard: [refused(2)] })
  assert.equal(forgotten, [])
  journal.isWritten = true
  forgetEnds({ heard: [elapsed] })
  forgetEnds({ heard: [elapsed] })
  assert.equal(forgotten, [1, 2])
})

test('a disk that is full for days does not fill the table of processes', () => {
  const { journal, forgotten, forgetEnds } = world()
  journal.isWritten = false
  for (let life = 1; life <= 1_003; life += 1) forgetEnds({ heard: [exited(life)] })
  assert.equal(forgotten, [1, 2, 3], 'the oldest')
})

test.run()
