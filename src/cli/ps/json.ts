/** The JSON form of lithos_ps: the keys of lithos 0.18 in their order, and ours among them. */
import type { Head } from '../../look/family.ts'
import { sayTime } from '../../time.ts'
import type { Child, PsTree } from './found.ts'

/** Without a newline at its end, as ever. */
export const treesJson = (trees: readonly PsTree[]): string =>
  JSON.stringify({
    trees: trees.map(({ children, config, pid, refused }) => ({
      children: children.map(childObject),
      config,
      pid,
      refused: refused.map(({ reasons, sandbox, since }) => ({
        reasons,
        sandbox,
        since: since === null ? null : sayTime(since),
      })),
    })),
  })

const childObject = ({ name, knot, heads, status }: Child): object => ({
  ...(status !== null && {
    app_pid: status.pid,
    last_exit: status.last,
    last_exit_at: status.lastAt === null ? null : sayTime(status.lastAt),
  }),
  name,
  ok: heads.length === 1,
  pid: knot,
  processes: heads.map(headObject),
  ...(status !== null && {
    restarts: status.restarts,
    state: status.state,
    uptime: status.uptimeMs === null ? null : Math.floor(status.uptimeMs / 1000),
    wanted: status.wanted,
  }),
})

const headObject = (head: Head): object => ({
  child_system_time: head.childSystem,
  child_user_time: head.childUser,
  mem_rss: head.resident,
  mem_swap: head.swapped,
  pid: head.pid,
  processes: head.processes,
  start_time: head.startTime,
  system_time: head.system,
  threads: head.threads,
  user_time: head.user,
})
