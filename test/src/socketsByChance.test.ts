/**
 * Goal: a socket is never closed while it is used, and always there for a launch.
 * Method: random stories against a host that opens and closes; SEED=123 repeats one.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Input } from '../../machines/vocabulary.ts'
import { decide, emptyState } from '../../src/decide.ts'
import type { State } from '../../src/decide.ts'
import { prng } from '../prng.ts'
import { invent } from './invent.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 100_000)

/** What each instance uses now, or will at its next start. */
const usedIn = (state: State): ReadonlySet<string> =>
  new Set(
    [...state.instances.values()].flatMap(({ context: { want, life } }) => [
      ...(want?.sockets ?? []).filter(({ reusePort }) => !reusePort).map(({ key }) => key),
      ...(life?.sockets ?? []),
    ]),
  )

test(`never closed while it is used, always there for a launch (SEED=${seed})`, () => {
  const random = prng(seed)
  const host = new Set<string>()
  let state = emptyState()
  let [launches, closings] = [0, 0]
  let news: Input[] = []
  for (let turn = 1; turn <= 5_000; turn++) {
    const at = turn * 100
    const idea = invent(random, state, at)
    // Of sockets only the host speaks; a new life is told of all that it has.
    const told: Input[] = idea.type.startsWith('socket.')
      ? []
      : idea.type !== 'tree.started'
        ? [idea]
        : [
            idea,
            ...[...host].map((key): Input => ({
              type: 'socket.recovered',
              key,
              from: 'exec',
              at,
              mono: at,
            })),
          ]
    const decision = decide(state, [...news, ...told], turn)
    news = []
    state = decision.state
    for (const effect of decision.effects) {
      if (effect.type === 'openSocket' && random() < 0.8) {
        const { socket } = effect
        host.add(socket.key)
        news.push({ type: 'socket.opened', key: socket.key, socket, at, mono: at })
      }
      if (effect.type === 'closeSocket') {
        closings += 1
        assert.not(usedIn(state).has(effect.key), `turn ${turn}: ${effect.key} is in use`)
        host.delete(effect.key)
        news.push({ type: 'socket.closed', key: effect.key, at, mono: at })
      }
      if (effect.type === 'launch')
        for (const { key, reusePort } of effect.wanted.sockets ?? []) {
          launches += 1
          const isAsked = decision.effects.some(
            other => other.type === 'openSocket' && other.socket.key === key,
          )
          assert.ok(reusePort || isAsked || host.has(key), `turn ${turn}: ${key} is not there`)
        }
    }
    const isSettled = news.length === 0 && state.tree.value === 'serving'
    if (isSettled) assert.equal([...state.sockets.keys()].sort(), [...host].sort(), `turn ${turn}`)
    const isAllRead = [...state.sandboxes.values()].every(({ value }) => value !== 'empty')
    const hasHeard = told.some(({ type }) => type.startsWith('config.')) && isAllRead
    const mayStay = [...state.sockets.values()].every(
      ({ key, from }) => (from !== null && !hasHeard) || usedIn(state).has(key),
    )
    if (isSettled) assert.ok(mayStay, `turn ${turn}: open, and nobody uses it`)
  }
  assert.ok(launches > 50 && closings > 10, `${launches} launches, ${closings} closings`)
})

test.run()
