/**
 * Goal: the step at which a knot of an earlier supervisor failed has a name, also where the journal
 *   that knew its specification is lost.
 * Method: states with and without that life and that specification; the words come from a stand-in.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { emptyState } from '../../src/decide.ts'
import { nameFoundStep } from '../../src/refusals.ts'
import type { Spec } from '../../src/spec.ts'

const names = {
  nameStep: ({ image }: Spec, instance: string, step: number) => ({
    step: `taking step ${step} of ${image}`,
    about: instance,
  }),
}
const specs = new Map([['abc', { image: '/images/a' }]])
const found = { instance: 'web/a.0', spec: 'abc' }

test('of a journal that was lost, by what the status file says', () => {
  const state = { ...emptyState(), specs }
  assert.equal(nameFoundStep(names, state, found, 3), {
    step: 'taking step 3 of /images/a',
    about: 'web/a.0',
  })
})

test('of a specification that nobody knows, by its number', () => {
  const unknown = { step: 'step 3 of its plan', about: 'web/a.0' }
  assert.equal(nameFoundStep(names, emptyState(), found, 3), unknown)
  assert.equal(
    nameFoundStep(names, { ...emptyState(), specs }, { ...found, spec: null }, 3),
    unknown,
  )
})

test.run()
