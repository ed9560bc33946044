/** Signals meant for the supervisor, as facts. Those it dies of are caught in native/exec.c. */
import type { Hear } from '../machines/vocabulary.ts'

const heard = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const

export interface Signals {
  readonly close: () => void
}

/** From the first line on nothing of these ends the process by itself. */
export const createSignals = (
  hear: Hear,
  stamp: () => { readonly at: number; readonly mono: number },
): Signals => {
  const listener = (signal: NodeJS.Signals): void =>
    hear({ type: 'signal.received', ...stamp(), signal })
  for (const name of heard) process.on(name, listener)
  return {
    close: () => {
      for (const name of heard) process.off(name, listener)
    },
  }
}
