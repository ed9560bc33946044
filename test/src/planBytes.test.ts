/**
 * Goal: a plan from a template is, byte for byte, the plan that would have been compiled.
 * Method: plans that hold the instance's number everywhere, nowhere, and where it only seems so.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Plan } from '../../native/plan.ts'
import { encodePlan } from '../../native/wire.ts'
import { createPlanBytes } from '../../src/planBytes.ts'

const planOf = (name: string, ...words: readonly string[]): Plan => ({
  name,
  logLevel: 'warn',
  killTimeoutMs: 1,
  restartTimeoutMs: 2,
  restartProcessOnly: false,
  isDaemon: true,
  normalExitCodes: [],
  steps: [
    { do: 'makeDir', base: '/s', path: name, mode: 0, uid: 1, gid: 22, always: false },
    { do: 'chdir', path: `/x/${name.replace('/', ':')}.scope` },
    {
      do: 'exec',
      executable: '/e',
      arguments: words,
      environment: [`LITHOS_NAME=${name}`],
      pidVariables: [],
    },
  ],
})

const indexes = ['0', '1', '2', '7', '10', '11', '12', '22', '99', '123']

const isSame = (compile: (name: string) => Plan): number => {
  const bytesOf = createPlanBytes()
  let compiled = 0
  for (const index of indexes)
    assert.equal(
      bytesOf('hash', 'web/app', index, name => {
        compiled += 1
        return compile(name)
      }),
      encodePlan(compile(`web/app.${index}`)),
      index,
    )
  return compiled
}

test('numbers stand where they belong, and two plans a length are enough', () => {
  assert.is(
    isSame(name => planOf(name, 'a', `--name=${name}`, name)),
    6,
  )
})

test('text that only looks like the number of a template stays as it is', () => {
  isSame(name => planOf(name, 'web/app.1', 'web/app.2', 'web/app.11', '1', '22', '111'))
})

test('what differs in more than the number is compiled each time', () => {
  isSame(name => planOf(name, `10.0.0.${Number(name.split('.')[1]) + 1}`))
  isSame(name => planOf(name, 'x'.repeat(Number(name.split('.')[1]))))
})

test('a new specification has a new template', () => {
  const bytesOf = createPlanBytes()
  const of = (word: string) => bytesOf(word, 'web/app', '3', name => planOf(name, word))
  assert.equal(of('a'), encodePlan(planOf('web/app.3', 'a')))
  assert.equal(of('b'), encodePlan(planOf('web/app.3', 'b')))
})

test.run()
