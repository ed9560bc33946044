/** Ends a knot that is one too many, and sees to it that it ends. */
import { setTimeout } from 'node:timers/promises'
import * as pidfd from '../native/pidfd.ts'
import type { Found } from '../native/survey.ts'

/** Longer than the default of `kill-timeout`, which its knot keeps itself. */
const dismissalMs = 6_000

/** One of a name too many. The next start finds it again, should we not live to see its end. */
export const dismiss = ({ pid, pidfd: held }: Found, warn: (text: string) => void): void => {
  if (held === null) return
  warn(`Undefined child, pid: ${pid}. Sending SIGTERM...`)
  pidfd.signal(held, 'SIGTERM')
  void setTimeout(dismissalMs, undefined, { ref: false }).then(() => {
    pidfd.wait(held, false)
    if (pidfd.isThere(held)) {
      warn(`Process Pid(${pid}) looks like hanging. Sending kill...`)
      pidfd.signal(held, 'SIGKILL')
    }
    pidfd.close(held)
  })
}
