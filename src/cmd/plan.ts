/** The plan of a command: that of any container, for somebody who waits and may be typing. */
import type { Plan, Step } from '../../native/plan.ts'
import type { Secrets } from '../decryption.ts'
import { plan } from '../plan.ts'
import type { Host } from '../plan.ts'
import { idsOnHost } from '../plan/namespaces.ts'
import type { Spec } from '../spec.ts'

export interface Run {
  /** `sandbox/cmd.NAME.PID` */
  readonly name: string
  readonly arguments: readonly string[]
  /** Which of standard input, output and error become its terminal: bits 0 to 2. */
  readonly terminal: number
}

/** Nobody waits until it is ready, or looks whether it is well. */
const ofDaemons: readonly Step['do'][] = ['probe', 'readyFd', 'preStop']

/** Ports of the host are for daemons: two runs of one command would share them with each other. */
export const commandPlan = (
  { sockets: _sockets, ...spec }: Spec,
  host: Host,
  run: Run,
  secrets: Secrets | null = null,
): Plan => {
  const { steps: all, ...rest } = plan(spec, host, run.name, run.arguments, secrets)
  const steps = all.filter(step => !ofDaemons.includes(step.do))
  const pivot = steps.findIndex(step => step.do === 'pivot')
  const terminal: readonly Step[] =
    run.terminal === 0 ? [] : [{ do: 'terminal', ...idsOnHost(spec), which: run.terminal }]
  return {
    ...rest,
    isCommand: true,
    steps: [...steps.slice(0, pivot), ...terminal, ...steps.slice(pivot)],
  }
}

/** Whether what it prints comes to who has called it. */
export const isShown = ({ interactive, outputFile }: Spec): boolean =>
  interactive && outputFile === null

/**
 * A terminal of its own only where somebody sees what he types; anything else would take the keys
 * away from whoever reads its output, such as a pager. What is redirected stays redirected.
 */
export const terminalOf = (spec: Spec, isTerminal: (fd: number) => boolean): number =>
  isShown(spec) && isTerminal(0) && isTerminal(1) ? 3 | (isTerminal(2) ? 4 : 0) : 0
