/** What can be told of an instance, column by column. */
import { colourOfState } from '../look/paint.ts'
import { cpuMsOf, memoryIn } from '../look/family.ts'
import type { Row } from '../look/rows.ts'
import { sayCpuTime, sayMemory } from '../look/units.ts'
import { outputOf } from '../spec.ts'
import { sayTime } from '../time.ts'
import { sayUptime } from '../wait.ts'
import { socketAddress } from '../sentence.ts'
import type { Field, Fields, Value } from './listing.ts'

/** Absent and null are the same to a reader. */
const maybe = (value: Value | undefined): Value => value ?? null

const say = (how: (value: number) => string, value: Value): string =>
  typeof value === 'number' ? how(value) : ''

const count = (name: string, help: string, value: (row: Row) => Value): Field<Row> => ({
  name,
  help,
  value,
  isNumber: true,
})

const shown = (
  name: string,
  help: string,
  how: (value: number) => string,
  value: (row: Row) => Value,
): Field<Row> => ({ ...count(name, help, value), show: row => say(how, value(row)) })

const bytes = (name: string, help: string, value: (row: Row) => Value): Field<Row> =>
  shown(name, help, sayMemory, value)

const text = (name: string, help: string, value: (row: Row) => Value): Field<Row> => ({
  name,
  help,
  value,
})

const instant = (name: string, help: string, value: (row: Row) => number | null): Field<Row> => ({
  name,
  help,
  value: row => {
    const at = value(row)
    return at === null ? null : sayTime(at)
  },
})

const lastExit: Field<Row> = {
  ...text('last_exit', 'how its last life ended', ({ last }) => last),
  show: ({ last, lastAt }) => (last === null ? '' : `${last}, ${sayTime(lastAt ?? 0)}`),
}

const limitOf = ({ spec }: Row): number | null =>
  spec === null || Number(spec.memoryLimit) >= Number.MAX_SAFE_INTEGER
    ? null
    : Number(spec.memoryLimit)

const addressOf = ({ spec, index }: Row): Value => maybe(spec?.network?.addresses[index])

export const instanceFields: Fields<Row> = {
  usual: ['name', 'state', 'pid', 'uptime', 'restarts', 'memory', 'cpu', 'last_exit'],
  all: [
    text('name', 'sandbox/process.N', ({ name }) => name),
    text('sandbox', 'its sandbox', ({ sandbox }) => sandbox),
    text('process', 'its process', ({ process }) => process),
    count('index', 'its number among the instances of its process', ({ index }) => index),
    {
      ...text(
        'state',
        'waiting, starting, running, stopping, killing, backoff, failed, lost',
        ({ state }) => state,
      ),
      colour: ({ state }) => colourOfState(state),
    },
    text('ready', 'whether it has said or shown that it is', row =>
      maybe(row.memory.life?.isReady),
    ),
    text('says', 'its own words, by sd_notify', row => maybe(row.memory.life?.notice?.status)),
    text('waits_for', 'what has to be up before it is started', row => maybe(row.memory.waitsFor)),
    text('kind', 'Daemon', ({ spec }) => (spec === null ? null : 'Daemon')),
    text('wanted', 'whether the configuration wants it', ({ wanted }) => wanted),
    text(
      'outdated',
      'it runs with another configuration than the wanted one',
      row => row.isOutdated,
    ),
    count('pid', 'of its application, on the host', ({ pid }) => pid),
    count('knot_pid', 'of its knot, on the host', ({ knotPid }) => knotPid),
    shown('uptime', 'since its start', sayUptime, ({ uptimeMs }) =>
      uptimeMs === null ? null : Math.round(uptimeMs),
    ),
    instant('since', 'when it was started', ({ memory }) => memory.life?.since ?? null),
    count('life', 'the turn of the journal that launched it', row =>
      maybe(row.memory.life?.incarnation),
    ),
    count('restarts', 'lives that ended while it was wanted', ({ restarts }) => restarts),
    bytes('memory', 'resident and swapped, of all its processes', ({ usage }) =>
      usage === null ? null : memoryIn(usage),
    ),
    bytes('memory_limit', 'its memory-limit', limitOf),
    bytes('resident', 'of it, in memory', ({ usage }) => maybe(usage?.resident)),
    bytes('swap', 'of it, swapped', ({ usage }) => maybe(usage?.swapped)),
    shown('cpu', 'processor time since its start', sayCpuTime, ({ usage }) =>
      usage === null ? null : Math.round(cpuMsOf(usage)),
    ),
    count('processes', 'processes in it', ({ usage }) => maybe(usage?.processes)),
    count('threads', 'threads in it', ({ usage }) => maybe(usage?.threads)),
    lastExit,
    instant('last_exit_at', 'when its last life ended', ({ lastAt }) => lastAt),
    text('asked', 'why it is being stopped', ({ memory }) => memory.asked),
    text('image', 'the root of its image', ({ spec }) => maybe(spec?.image)),
    text('config', 'its container configuration, in the image', ({ spec }) => maybe(spec?.config)),
    text('executable', 'its program', ({ spec }) => maybe(spec?.executable)),
    text('ip', 'its address in a bridged network', addressOf),
    text('ports', 'sockets that are given to it', ({ spec }) =>
      [...(spec?.sockets ?? []), ...(spec?.ownSockets ?? [])].map(socketAddress),
    ),
    text('user', 'as whom it runs, inside of it', ({ spec }) => maybe(spec?.user)),
    text('group', 'its group, inside of it', ({ spec }) => maybe(spec?.group)),
    text('output', 'the file with what it prints', row =>
      row.spec === null ? null : (row.spec.outputFile ?? outputOf(row.spec, row.name)),
    ),
    text('log', 'the log of its knot', ({ spec }) => maybe(spec?.places.log)),
  ],
}

/** Those for which the memory of processes has to be read. */
export const usageFields: readonly string[] = [
  'memory',
  'resident',
  'swap',
  'cpu',
  'processes',
  'threads',
]
