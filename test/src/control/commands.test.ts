/**
 * Goal: how a command ended is written down also when that is told in one breath with its
 * beginning, and an end of which nobody knows the beginning is not.
 * Method: the handlers of the control socket, before a bus and a log that remembers.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Client } from '../../../actors/control.ts'
import type { Input } from '../../../machines/vocabulary.ts'
import { serveCommands } from '../../../src/control/commands.ts'
import { emptyState } from '../../../src/decide.ts'
import { openBus } from '../../../src/turn.ts'

const settle = () => new Promise(resolve => setImmediate(resolve))

const world = () => {
  const written: Input[] = []
  const answers: unknown[] = []
  const log = {
    nextSeq: () => written.length + 1,
    append: (inputs: readonly Input[]) => void written.push(...inputs),
  }
  const bus = openBus(emptyState(), log, () => {})
  const handlers = serveCommands({ stamp: () => ({ at: 1, mono: 1 }), bus })
  const client = {
    by: 'pid 1, uid 0',
    done: (_id: unknown, answer: unknown) => void answers.push(answer),
    failed: (_id: unknown, code: string) => void answers.push(code),
  } as unknown as Client
  const tell = (what: 'commandBegan' | 'commandEnded', fields: object): void =>
    handlers[what]!({ id: 1, do: what, fields: { command: 'web/cmd.sh.7', ...fields } }, client)
  return { written, answers, tell }
}

test('a beginning and an end in one piece', async () => {
  const { written, answers, tell } = world()
  tell('commandBegan', { pid: 2 ** 30 })
  tell('commandEnded', { status: 768, uptimeMs: 4 })
  await settle()
  assert.equal(
    written.map(({ type }) => type),
    ['command.started', 'command.ended'],
  )
  assert.equal(answers, [{}, { known: true }])
})

test('an end without a beginning, and one that is told twice', async () => {
  const { written, answers, tell } = world()
  tell('commandEnded', { status: 0 })
  tell('commandBegan', { pid: 2 ** 30 })
  await settle()
  tell('commandEnded', { status: 0 })
  await settle()
  tell('commandEnded', { status: null })
  await settle()
  assert.equal(
    written.map(({ type }) => type),
    ['command.started', 'command.ended'],
  )
  assert.equal(answers, [{ known: false }, {}, { known: true }, { known: false }])
})

test.run()
