/**
 * Deadlines, as absolute instants of CLOCK_MONOTONIC. However many there are, Node has one
 * timer, for the earliest. Nothing elapses early: Node may wake us up to a millisecond too
 * soon, and then we sleep again.
 */
import type { Effect, Hear, Timer } from '../machines/vocabulary.ts'

export interface Timers {
  readonly perform: (effect: Extract<Effect, { type: 'armTimer' | 'disarmTimer' }>) => void
  readonly close: () => void
}

interface Deadline {
  readonly key: string
  readonly timer: Timer
  readonly instance: string | undefined
  readonly due: number
}

/** Node takes a longer delay for 1 ms. */
const delayMaxMs = 2 ** 31 - 1

export const createTimers = (
  hear: Hear,
  stamp: () => { readonly at: number; readonly mono: number },
): Timers => {
  /** What is armed. An entry of the heap that is not in here was disarmed or armed anew. */
  const armed = new Map<string, Deadline>()
  let heap: Deadline[] = []
  let alarm: { readonly due: number; readonly cancel: () => void } | null = null

  const isDead = (deadline: Deadline) => armed.get(deadline.key) !== deadline

  const ring = (): void => {
    alarm = null
    const { mono } = stamp()
    const elapsed: Deadline[] = []
    // First all that are due: what is armed while we tell of these is for the next time.
    for (let next = earliest(); next !== undefined && next.due <= mono; next = earliest()) {
      pop(heap)
      elapsed.push(next)
    }
    for (const deadline of elapsed) {
      if (isDead(deadline)) continue
      armed.delete(deadline.key)
      const { timer, instance } = deadline
      hear({
        type: 'timer.elapsed',
        ...stamp(),
        timer,
        ...(instance !== undefined && { instance }),
      })
    }
    setAlarm()
  }

  const earliest = (): Deadline | undefined => {
    while (heap[0] !== undefined && isDead(heap[0])) pop(heap)
    return heap[0]
  }

  const setAlarm = (): void => {
    const due = earliest()?.due
    if (due === alarm?.due) return
    alarm?.cancel()
    alarm = due === undefined ? null : { due, cancel: callIn(due - stamp().mono, ring) }
  }

  /** Most deadlines are disarmed long before they are due; they must not pile up. */
  const bury = (): void => {
    if (heap.length < 64 || heap.length < armed.size * 2) return
    heap = [...armed.values()].sort((a, b) => a.due - b.due)
  }

  return {
    perform: effect => {
      const key = `${effect.timer} ${effect.instance ?? ''}`
      if (effect.type === 'armTimer') {
        const { timer, instance, due } = effect
        const deadline = { key, timer, instance, due }
        armed.set(key, deadline)
        push(heap, deadline)
      } else armed.delete(key)
      bury()
      setAlarm()
    },
    close: () => {
      alarm?.cancel()
      armed.clear()
      heap = []
    },
  }
}

/** What is due now does not wait for the millisecond that Node's shortest timer takes. */
const callIn = (delay: number, callback: () => void): (() => void) => {
  if (delay <= 0) {
    const immediate = setImmediate(callback)
    return () => clearImmediate(immediate)
  }
  const timeout = setTimeout(callback, Math.min(Math.ceil(delay), delayMaxMs))
  return () => clearTimeout(timeout)
}

// A binary heap: the children of `i` are `2i + 1` and `2i + 2`, and neither is due before it.

const push = (heap: Deadline[], deadline: Deadline): void => {
  let at = heap.push(deadline) - 1
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (dueAt(heap, parent) <= deadline.due) break
    heap[at] = heap[parent] as Deadline
    at = parent
  }
  heap[at] = deadline
}

const pop = (heap: Deadline[]): void => {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let at = 0
  for (;;) {
    const left = 2 * at + 1
    const child = dueAt(heap, left + 1) < dueAt(heap, left) ? left + 1 : left
    if (dueAt(heap, child) >= last.due) break
    heap[at] = heap[child] as Deadline
    at = child
  }
  heap[at] = last
}

const dueAt = (heap: readonly Deadline[], index: number): number => heap[index]?.due ?? Infinity
