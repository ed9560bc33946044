/**
 * Goal: who follows the control socket hears every turn once, in order, from any number on, though
 *   the supervisor is replaced or killed meanwhile: connecting again is all he has to do.
 * Method: a real supervisor; a client that asks for what it has not heard yet, after each loss of
 *   the connection; what it has heard is compared with the journal.
 */
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { skipUnless } from '../skip.ts'
import { restarted } from './serving.ts'
import { kill, runs, sleeper, supervised, until } from './supervised.ts'
import type { Supervised, Turn } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)

interface Follower {
  readonly heard: Turn[]
  readonly connections: () => number
  readonly end: () => Promise<void>
}

const followFrom = (self: Supervised, first: number): Follower => {
  const heard: Turn[] = []
  const path = join(self.world.root, 'run', 'control')
  let [connections, isOver] = [0, false]
  const once = (): Promise<void> =>
    new Promise(resolve => {
      const socket = connect({ path })
      socket.on('error', () => {})
      socket.on('close', () => resolve())
      socket.on('connect', () => {
        connections += 1
        const from = (heard.at(-1)?.seq ?? first - 1) + 1
        socket.write(`${JSON.stringify({ v: 1, id: 'f', do: 'follow', from })}\n`)
      })
      createInterface({ input: socket })
        .on('error', () => {})
        .on('line', line => {
          const { event } = JSON.parse(line) as { readonly event?: { readonly turn?: Turn } }
          if (event?.turn !== undefined) heard.push(event.turn)
          if (isOver) socket.destroy()
        })
      stop = () => socket.destroy()
    })
  let stop = (): void => {}
  const all = (async () => {
    while (!isOver) {
      await once()
      await setTimeout(5)
    }
  })()
  return {
    heard,
    connections: () => connections,
    end: async () => {
      isOver = true
      stop()
      await all
    },
  }
}

const deaths = (turns: readonly Turn[]): readonly unknown[] =>
  turns.flatMap(({ inputs }) =>
    inputs.flatMap(({ type, instance }) => (type === 'knot.exited' ? [instance] : [])),
  )

real(
  'every turn is told once and in order, over a restart in place and a death of the supervisor',
  supervised(async self => {
    self.configure({ app: { container: `${sleeper}restart-timeout: 0\n`, instances: 3 } })
    await self.start()
    await runs(self, 'web/app.0', 'web/app.1', 'web/app.2')
    const follower = followFrom(self, 1)
    try {
      await until('it is connected', () => follower.connections() > 0)
      for (const [round, signal] of (['SIGTERM', 'SIGKILL', 'SIGINT'] as const).entries()) {
        const instance = `web/app.${round}`
        const pid = self.appOf(instance)
        kill(pid, signal)
        await until('it is up again', () => ![null, pid].includes(self.appOf(instance)))
        if (round === 0) await restarted(self, 'SIGQUIT')
        if (round === 1) {
          kill(self.tree().pid, 'SIGKILL')
          await self.tree().ended
          await self.start()
        }
        if (round < 2) await until('it is connected', () => follower.connections() > round + 1)
      }
      await until('all deaths are heard', () => deaths(follower.heard).length >= 3)
      const last = self.turns().at(-1)?.seq ?? 0
      await until('the last turn is heard', () => (follower.heard.at(-1)?.seq ?? 0) >= last)
      const numbers = follower.heard.map(({ seq }) => seq)
      assert.equal(
        numbers,
        Array.from({ length: numbers.length }, (_, index) => index + 1),
      )
      assert.equal(deaths(follower.heard), ['web/app.0', 'web/app.1', 'web/app.2'])
      const written = new Map(self.turns().map(turn => [turn.seq, turn.inputs]))
      for (const { seq, inputs } of follower.heard) assert.equal(inputs, written.get(seq))

      const later = followFrom(self, 5)
      await until('another has heard as much', () => (later.heard.at(-1)?.seq ?? 0) >= last)
      await later.end()
      assert.equal(
        later.heard.slice(0, last - 4).map(({ seq }) => seq),
        numbers.slice(4, last),
      )
    } finally {
      await follower.end()
    }
  }),
)

test.run()
