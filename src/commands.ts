/**
 * Commands of `lithos_cmd`. They are nobody's instances: who waits for one starts it and cleans up
 * behind it, and the supervisor is only told, so that its journal is the whole story of a host.
 * Running or not is all there is to their state, and facts move it.
 */
import type { Effect, Input, InputOf } from '../machines/vocabulary.ts'

export interface RunningCommand {
  /** `sandbox/cmd.NAME.PID` */
  readonly name: string
  /** Of the `lithos_cmd` that waits for it, and when that was born, as /proc counts. */
  readonly pid: number
  readonly birth: number | null
  readonly startedAt: number
}

/** By name. */
export type RunningCommands = ReadonlyMap<string, RunningCommand>

type OfCommand = InputOf<'command.started'> | InputOf<'command.ended'>

export const isOfCommand = (input: Input): input is OfCommand =>
  input.type === 'command.started' || input.type === 'command.ended'

/** What nobody cleaned up, for all who could were killed, is swept. */
export const takeCommand = (
  commands: Map<string, RunningCommand>,
  input: OfCommand,
): readonly Effect[] => {
  if (input.type === 'command.started') {
    const { command: name, pid, birth = null, at: startedAt } = input
    commands.set(name, { name, pid, birth, startedAt })
    return []
  }
  commands.delete(input.command)
  return input.status === null ? [{ type: 'sweep', instance: input.command, cgroup: true }] : []
}
