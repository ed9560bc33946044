/**
 * The order for lithos_wait: names and what they are, each ended by NUL, in a file of memory. The
 * names stand a second time in native/wait.c.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { CallFailed } from '../../native/attempt.ts'
import { groupsOf } from '../../native/cgroup.ts'
import type { Layout } from '../../native/cgroup.ts'
import { memoryFile } from '../../native/files.ts'
import { knotPath } from '../../native/where.ts'
import type { Settings } from '../evaluate/settings.ts'

export interface Order {
  /** `sandbox/cmd.NAME.PID` */
  readonly name: string
  readonly settings: Settings
  readonly layout: Layout
  /** The instance as JSON, and words of the command line, for the knot. */
  readonly config: string
  readonly arguments: readonly string[]
  readonly env: readonly string[]
  readonly spec: string
  readonly terminal: number
  readonly isCompatible: boolean
  /** Descriptors. `control`: null where there is no supervisor. */
  readonly plan: number
  readonly lock: number
  readonly control: number | null
}

export const writeOrder = (order: Order): E.Either<CallFailed, number> => {
  const words = wordsOf(order)
  // No path and no word of a command line can hold one.
  if (words.some(([, text]) => text.includes('\0')))
    return E.left({ _tag: 'CallFailed', call: 'execve', code: 'EINVAL', about: 'a NUL in a word' })
  return memoryFile('order', Buffer.from(words.map(([key, text]) => `${key}\0${text}\0`).join('')))
}

const wordsOf = (order: Order): readonly (readonly [key: string, text: string])[] => {
  const { name, settings, layout, config, control } = order
  const { stateDir, runtimeDir, pidFile } = settings.places
  const [sandbox = '', state = ''] = name.split('/')
  const { v1, v2 } = groupsOf(layout, name)
  const extra = order.arguments.length === 0 ? [] : ['--', ...order.arguments]
  const argv = [knotPath, '--name', name, '--master', settings.file, '--config', config, ...extra]
  return [
    ['name', name],
    ['plan', String(order.plan)],
    ...argv.map(text => ['arg', text] as const),
    ...order.env.map(text => ['env', text] as const),
    ...(order.isCompatible ? [['compat', ''] as const] : []),
    ['terminal', String(order.terminal)],
    ['state-parent', `${stateDir}/${sandbox}`],
    ['state', state],
    ...[...v1.map(({ dir }) => dir), ...(v2 === null ? [] : [v2])].map(
      dir => ['group', dir] as const,
    ),
    ...[...layout.v1, ...(layout.v2 === null ? [] : [layout.v2])].map(
      ({ slice }) => ['slice', slice] as const,
    ),
    ['lock', String(order.lock)],
    ['pid-file', pidFile],
    ...(control === null ? [] : [['control', String(control)] as const]),
    ['control-dir', runtimeDir],
    [
      'began',
      `${requestOf(1, 'commandBegan', { command: name, pid: process.pid, spec: order.spec })}}\n`,
    ],
    // What it ends with, lithos_wait puts behind.
    ['ended', `${requestOf(2, 'commandEnded', { command: name })},`],
  ]
}

/** Without its last brace. */
const requestOf = (id: number, what: string, fields: object): string =>
  JSON.stringify({ v: 1, id, do: what, ...fields }).slice(0, -1)
