/**
 * What keeps an instance from running, in words: its curve, its patience, those that it waits for.
 * Pure.
 */
import { neverLaunched, startAt } from '../machines/again.ts'
import { isUnreadyNow } from '../machines/questions.ts'
import type { Ending, Memory } from '../machines/life.ts'
import { processOf, sandboxOf } from '../machines/order.ts'
import type { InstanceSnapshot, State } from './decide.ts'
import { saySpan } from './wait.ts'

type Known = Pick<State, 'instances' | 'sandboxes'>

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`)

/** Null: nothing that anybody has to be told. `mono`: now; null: nobody asks when. */
export const plightOf = (state: Known, name: string, mono: number | null): string | null => {
  const instance = state.instances.get(name)
  if (instance === undefined) return null
  const { value, context } = instance
  const next = (due: number): string =>
    mono === null ? '' : `, next try in ${saySpan(Math.max(0, Math.round(due - mono)))}`
  switch (value) {
    case 'waiting':
      return sayWaiting(state, name, context)
    case 'failed':
      return `${sayTooOften(context)}${next(context.timer?.due ?? 0)}`
    case 'backoff':
      return context.trouble === undefined
        ? null
        : `failed ${times(context.trouble.failures)} in a row${next(startAt(context))}`
    case 'readying':
      return withReason('it is not ready yet', context)
    case 'leaving':
      return 'its pre-stop command runs'
    case 'running':
      return isHeld(state, name)
        ? sayHeld(state, name)
        : isUnreadyNow(context)
          ? withReason('it is not ready', context)
          : null
    default:
      return null
  }
}

const withReason = (what: string, { life }: Memory): string =>
  life?.unready === undefined ? what : `${what}: ${life.unready}`

/** It runs as before, and is to be replaced when it is its turn. */
export const isHeld = ({ sandboxes }: Known, name: string): boolean =>
  name in (sandboxes.get(sandboxOf(name))?.context.order?.held ?? {})

/** It stands in for those that are replaced. */
export const isLent = ({ sandboxes }: Known, name: string): boolean =>
  sandboxes.get(sandboxOf(name))?.context.order?.lent.includes(name) === true

const sayTooOften = ({ want }: Memory): string => {
  const { intensity } = want?.policy ?? {}
  return intensity === undefined
    ? 'it has failed too often'
    : `failed more than ${times(intensity.restarts)} in ${saySpan(intensity.periodMs)}, and is ` +
        `tried each ${saySpan(intensity.retryMs)} only`
}

const sayWaiting = (state: Known, name: string, { waitsFor = [] }: Memory): string =>
  waitsFor
    .map(process => {
      const why = whyNotUp(state, sandboxOf(name), process)
      return `waits for ${process}${why === null ? '' : `, which ${why}`}`
    })
    .join('; ')

/** Of the instances of a process, the first that is in trouble. */
const whyNotUp = (state: Known, sandbox: string, process: string): string | null => {
  for (const [name, instance] of siblingsOf(state, sandbox, process)) {
    const trouble = troubleOf(instance)
    if (trouble !== null) return trouble
    if (instance.value === 'waiting') return sayWaiting(state, name, instance.context)
  }
  return null
}

const siblingsOf = (state: Known, sandbox: string, process: string) =>
  [...state.instances].filter(
    ([name]) => sandboxOf(name) === sandbox && processOf(name) === process,
  )

/** It does not come up, and that is its own fault. */
export const troubleOf = ({ value, context }: InstanceSnapshot): string | null => {
  const { last, trouble, want } = context
  if (value === 'failed') return sayTooOften(context)
  // It may be tried again already: that says nothing better of it.
  if (value !== 'running' && last?.isItsFault === true && last.config === want?.config)
    return 'was stopped'
  if (trouble !== undefined && value !== 'running') return `failed ${times(trouble.failures)}`
  return value === 'backoff' && last !== null && isItsOwn(last) ? 'failed' : null
}

/** It ended by itself, or could not be started: not because we are about to start it anew. */
export const isItsOwn = ({ asked, refusal, isItsFault }: Ending): boolean =>
  (asked === null || isItsFault === true) && refusal?.code !== neverLaunched

/** One that was told already does not come up: the others stay as they are. */
export const whyHeld = (state: Known, name: string): string | null => {
  for (const [other, instance] of siblingsOf(state, sandboxOf(name), processOf(name))) {
    if (other === name || isHeld(state, other)) continue
    const trouble = troubleOf(instance)
    const asked = instance.context.last?.asked ?? null
    if (trouble !== null)
      return `not replaced: ${other} ${asked === null ? trouble : `was stopped, ${asked}`}`
  }
  return null
}

const sayHeld = (state: Known, name: string): string => whyHeld(state, name) ?? turnComes

export const turnComes = 'it is to be replaced when others are up'
