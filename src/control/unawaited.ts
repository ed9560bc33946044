/**
 * Commands that nobody waits for any more: their `lithos_cmd` was killed, and so was its guard, or
 * both ended while nobody could be told. What tells of an end tries again and again where there is
 * no control socket (native/tell.c), so it is given some time before an end counts as unknown.
 */
import type { Stamp } from '../../actors/clock.ts'
import type { Bus } from '../turn.ts'
import { isAwaited } from './commands.ts'

export interface UnawaitedOptions {
  readonly stamp: () => Stamp
  readonly bus: Pick<Bus, 'hear' | 'state' | 'finished'>
}

const periodMs = 1_000
const patienceMs = 3_000

/** To be called when the control socket is open. */
export const watchUnawaited = ({ stamp, bus }: UnawaitedOptions): void => {
  /** Since when, by name. */
  const unawaited = new Map<string, number>()
  let timer: NodeJS.Timeout | null = null

  const look = (): void => {
    const { commands } = bus.state()
    const { mono } = stamp()
    for (const name of unawaited.keys()) if (!commands.has(name)) unawaited.delete(name)
    for (const command of commands.values()) {
      const { name } = command
      if (isAwaited(command)) unawaited.delete(name)
      else if (!unawaited.has(name)) unawaited.set(name, mono)
      else if (mono - unawaited.get(name)! >= patienceMs)
        bus.hear({ type: 'command.ended', command: name, status: null, ...stamp() })
    }
  }

  /** Turns with nothing to look for are what a host without commands pays. */
  const wake = (): void => {
    if (timer !== null || bus.state().commands.size === 0) return
    timer = setTimeout(() => {
      timer = null
      look()
      wake()
    }, periodMs).unref()
  }

  bus.finished.subscribe(wake)
  wake()
}
