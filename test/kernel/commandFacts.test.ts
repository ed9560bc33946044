/**
 * Goal: what commands do beside a supervisor is in its journal, and nothing that it does, or that
 * is done to it, disturbs them.
 * Method: a supervisor and commands, each ended, killed, restarted in place or stopped under the
 * other; then the turns of the journal.
 */
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { skipUnless } from '../skip.ts'
import { addCommands, partiesOf, runCommand, startCommand } from './commandWorld.ts'
import { inputsOf, kill, supervised, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const contains = skipUnless(canContain, whyNot)

const facts = (self: Supervised) =>
  [...inputsOf(self.turns(), 'command.started'), ...inputsOf(self.turns(), 'command.ended')].map(
    ({ type, command, status }) => ({ type, command, status }),
  )

const startSleeper = async (self: Supervised): Promise<readonly [ChildProcess, string]> => {
  const child = startCommand(self.world, 'web', 'sh', '-c', 'sleep 1000; :')
  const pid = child.pid ?? 0
  await until('it runs', () => Object.values(partiesOf(pid)).every(one => one !== null))
  return [child, `web/cmd.sh.${pid}`]
}

const isTold = (self: Supervised, type: string, command: string) =>
  until(`${type} of ${command} is told`, () =>
    facts(self).some(fact => fact.type === type && fact.command === command),
  )

const statusOf = (self: Supervised, name: string) =>
  facts(self).find(({ type, command }) => type === 'command.ended' && command === name)?.status

contains(
  'the journal has every command, however it ends',
  supervised(async self => {
    addCommands(self.world)
    await self.start()
    assert.is(runCommand(self.world, ['web', 'sh', '-c', 'exit 3']).code, 3)
    await until('its end is told', () => facts(self).some(({ status }) => status === 3 << 8))

    const [killed, name] = await startSleeper(self)
    await isTold(self, 'command.started', name)
    kill(killed.pid ?? 0)
    await isTold(self, 'command.ended', name)
    assert.is(statusOf(self, name), null)

    // A restart in place, in the middle.
    const [other, otherName] = await startSleeper(self)
    await isTold(self, 'command.started', otherName)
    const { knot, command } = partiesOf(other.pid ?? 0)
    kill(self.tree().pid, 'SIGQUIT')
    await until('it is a new image', () => inputsOf(self.turns(), 'tree.surveyed').length > 1)
    assert.equal(partiesOf(other.pid ?? 0), { ...partiesOf(other.pid ?? 0), knot, command })
    other.kill('SIGTERM')
    await isTold(self, 'command.ended', otherName)
    assert.is(statusOf(self, otherName), 15)

    // Nobody is left who could clean up, or tell.
    const [lonely, lonelyName] = await startSleeper(self)
    await isTold(self, 'command.started', lonelyName)
    kill(partiesOf(lonely.pid ?? 0).guard)
    kill(lonely.pid ?? 0)
    await isTold(self, 'command.ended', lonelyName)
    assert.is(statusOf(self, lonelyName), null)
    const remains = join(self.world.root, 'run/state', lonelyName)
    await until('it is swept', () => !existsSync(remains))

    // The supervisor goes; what it makes of the left-overs of others spares what lives.
    const [last, lastName] = await startSleeper(self)
    await isTold(self, 'command.started', lastName)
    assert.is(await self.stop(), 0)
    const state = join(self.world.root, 'run/state', lastName)
    assert.ok(existsSync(state), `${state} is there`)
    await self.start()
    assert.ok(existsSync(state), `${state} is still there`)
    const { guard } = partiesOf(last.pid ?? 0)
    kill(guard)
    kill(last.pid ?? 0)
    kill(self.tree().pid)
    await self.tree().ended
    await self.start()
    await until('it is swept', () => !existsSync(state))
    await isTold(self, 'command.ended', lastName)
    assert.is(statusOf(self, lastName), null)
  }),
)

test.run()
