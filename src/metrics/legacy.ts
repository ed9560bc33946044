/** The metrics of the original lithos, by its names and in its order; see cantal.ts. */
import type { State } from '../decide.ts'
import type { Metric } from './cantal.ts'
import { newProcess, processOf } from './counts.ts'
import type { Counts } from './counts.ts'
import { queueOf } from './families.ts'

const counter = (group: string, metric: string, value: number): Metric => ({
  type: 'counter',
  group,
  metric,
  value,
})
const level = (group: string, metric: string, value: number): Metric => ({
  type: 'level',
  group,
  metric,
  value,
})

export const legacyOf = (counts: Counts, state: State): readonly Metric[] => {
  const { starts, all } = counts
  const running = new Map<string, number>()
  let wanted = 0
  for (const [name, { value, context }] of state.instances) {
    const process = processOf(name)
    const isUp = context.life?.appPid != null && value !== 'backoff'
    running.set(process, (running.get(process) ?? 0) + (isUp ? 1 : 0))
    if (context.want !== null) wanted += 1
  }
  const readable = [...state.sandboxes.values()].filter(
    ({ context }) => context.reasons.length === 0,
  ).length
  return [
    counter('master', 'restarts', starts.started + starts.replaced + starts.crashed),
    level('master', 'sandboxes', readable),
    level('master', 'containers', wanted),
    level('master', 'queue', queueOf(state)),
    counter('containers', 'started', all.started),
    counter('containers', 'failures', all.failures),
    counter('containers', 'deaths', all.deaths),
    level(
      'containers',
      'running',
      [...running.values()].reduce((sum, count) => sum + count, 0),
    ),
    ...[...running.keys()].sort().flatMap(name => {
      const group = `processes.${name.replace('/', '.')}`
      const { started, failures, deaths } = counts.processes.get(name) ?? newProcess()
      return [
        counter(group, 'started', started),
        counter(group, 'failures', failures),
        counter(
          group,
          'deaths',
          Object.values(deaths).reduce((sum, count) => sum + count, 0),
        ),
        level(group, 'running', running.get(name) ?? 0),
      ]
    }),
  ]
}

/**
 * What the original has counted before us, taken over once: where nothing of ours is there, and its
 * files are. `how` they ended it did not say.
 */
export const inherit = (
  counts: Counts,
  old: ReadonlyMap<string, number>,
  processes: Iterable<string>,
): void => {
  const was = (group: string, metric: string): number => old.get(`${group} ${metric}`) ?? 0
  counts.starts.started += was('master', 'restarts')
  counts.all.started += was('containers', 'started')
  counts.all.failures += was('containers', 'failures')
  counts.all.deaths += was('containers', 'deaths')
  for (const name of processes) {
    const group = `processes.${name.replace('/', '.')}`
    if (!old.has(`${group} started`)) continue
    const process = counts.processes.get(name) ?? newProcess()
    counts.processes.set(name, process)
    process.started += was(group, 'started')
    process.failures += was(group, 'failures')
    process.deaths.unknown += was(group, 'deaths')
  }
}
