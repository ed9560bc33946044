/** What is told of each instance, where there are not too many of them; see families.ts. */
import type { Spec } from '../spec.ts'
import { processOf } from './counts.ts'
import { labelsOf, unitOf } from './families.ts'
import type { Moment } from './families.ts'
import type { Family } from './openMetrics.ts'

const unlimited = 2 ** 62

export function* instanceFamilies({ state, usage, bootAt }: Moment): Generator<Family> {
  const instances = [...state.instances.values()].map(({ context }) => context)
  const told = (
    name: string,
    type: 'gauge' | 'counter',
    help: string,
    valueOf: (context: (typeof instances)[number]) => number | null,
  ): Family => ({
    name,
    type,
    help,
    ...unitOf(name),
    samples: instances.flatMap(context => {
      const value = valueOf(context)
      if (value === null) return []
      const process = processOf(context.name)
      const labels = { ...labelsOf(process), instance: context.name.slice(process.length + 1) }
      return [{ labels, value }]
    }),
  })
  yield told(
    'lithos_instance_start_time_seconds',
    'gauge',
    'When the present life was launched, in seconds since 1970.',
    ({ life }) => (life === null ? null : Math.round(bootAt + life.launchedAt) / 1000),
  )
  yield told(
    'lithos_instance_restarts',
    'counter',
    'Lives that ended while one was wanted.',
    ({ restarts }) => restarts,
  )
  yield told(
    'lithos_instance_memory_bytes',
    'gauge',
    'Memory of its control group, with what it has cached of files.',
    ({ name }) => usage.get(name)?.memoryBytes ?? null,
  )
  yield told(
    'lithos_instance_memory_limit_bytes',
    'gauge',
    'Its memory-limit, where there is one.',
    ({ life }) => {
      const spec =
        life === null || life.spec === null ? undefined : (state.specs.get(life.spec) as Spec)
      const limit = spec === undefined ? Infinity : Number(spec.memoryLimit)
      return limit < unlimited ? limit : null
    },
  )
  yield told(
    'lithos_instance_cpu_seconds',
    'counter',
    'Processor time of its control group, over all lives of this name.',
    ({ name }) => usage.get(name)?.cpuSeconds ?? null,
  )
}
