/**
 * What the knots write into the log of their sandbox, said once more for the system's log. They
 * go on writing themselves, because they outlive whoever could pass it on.
 */
import type { LogLevel } from '../config/shapes.ts'
import { sandboxOf } from '../../machines/order.ts'
import type { State } from '../decide.ts'
import type { LogLine } from '../logLines.ts'
import { announcement } from '../plan/application.ts'
import { substituted } from '../plan/substituted.ts'
import { quote } from '../quote.ts'
import { sayRefusal } from '../sentence.ts'
import type { Spec } from '../spec.ts'
import type { FinishedTurn } from '../turn.ts'
import { sayEnd, sayOom } from '../wait.ts'

export interface KnotLine extends LogLine {
  /** Of the knot; null where none was made. */
  readonly pid: number | null
}

export const knotLines = (
  { seq, heard, state }: FinishedTurn,
  isLogged: (level: LogLevel, spec: Spec | undefined) => boolean,
): readonly KnotLine[] =>
  heard.flatMap((input): readonly KnotLine[] => {
    if (
      input.type !== 'app.started' &&
      input.type !== 'knot.exited' &&
      input.type !== 'knot.refused'
    )
      return []
    const { instance, type } = input
    const spec = specOf(state, instance)
    const level = type === 'app.started' ? 'warn' : 'error'
    if (!isLogged(level, spec)) return []
    const about = { turn: seq, sandbox: sandboxOf(instance), instance, kind: type }
    const name = quote(instance)
    const say = (pid: number | null, text: string): KnotLine => ({ level, text, pid, about })
    switch (input.type) {
      case 'app.started': {
        const words = (spec?.arguments ?? []).map(text => substituted(spec as Spec, instance, text))
        const knot = state.instances.get(instance)?.context.life?.pid ?? null
        const text = spec === undefined ? null : announcement(instance, spec.executable, words)
        return [say(knot, text ?? `Starting ${name}`)]
      }
      case 'knot.exited': {
        const { app, oom, pid, uptimeMs } = input
        if (app === undefined) return []
        const uptime =
          uptimeMs === undefined ? '' : `, uptime ${Math.max(0, Math.floor(uptimeMs / 1000))}s`
        const lack = oom === undefined ? '' : sayOom(app, oom)
        return [say(pid, `Process ${name} ${sayEnd(app)}${uptime}${lack}`)]
      }
      case 'knot.refused':
        return [say(null, `Fatal error running ${name}: ${sayRefusal(input)}`)]
    }
  })

const specOf = ({ instances, specs }: State, instance: string): Spec | undefined => {
  const context = instances.get(instance)?.context
  const hash = context?.life?.spec ?? context?.want?.spec
  return hash == null ? undefined : (specs.get(hash) as Spec | undefined)
}
