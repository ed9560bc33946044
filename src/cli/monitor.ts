/** `lithos monitor`: what instances use, drawn anew all the time; or what happens. */
import type { Row } from '../look/rows.ts'
import type { Description } from './args.ts'
import { runCommand } from './command.ts'
import { configOption } from './common.ts'
import { instanceFields } from './instanceFields.ts'
import { listColumns, listingOptions } from './listing.ts'
import type { Fields } from './listing.ts'
import { filterOptions, namesPositional } from './ls.ts'
import { tellEvents } from './monitor/events.ts'
import { drawTable } from './monitor/live.ts'
import { periodOptions } from './period.ts'

export interface Measured extends Row {
  /** Of one processor, since the last look. Null: of what was not there then. */
  readonly percent: number | null
}

export const liveFields: Fields<Measured> = {
  usual: [
    'name',
    'state',
    'pid',
    'uptime',
    'restarts',
    'percent',
    'threads',
    'processes',
    'memory',
  ],
  all: [
    ...instanceFields.all,
    {
      name: 'percent',
      help: 'of one processor, since the last look',
      value: ({ percent }) => percent,
      show: ({ percent }) => (percent === null ? '' : percent.toFixed(1)),
      isNumber: true,
    },
  ],
}

const isNoRate = (text: string): string | null =>
  /^\d{1,5}(\.\d{1,3})?$/.test(text) && Number(text) >= 0.1
    ? null
    : `expected a number of seconds from 0.1; found ${text}`

const isNoTurn = (text: string): string | null =>
  /^\d{1,15}$/.test(text) ? null : `expected the number of a turn; found ${text}`

export const description = {
  command: 'lithos monitor',
  examples: [
    ['-s -percent web', 'who uses most, every second'],
    ['--events', 'what happens, as it happens'],
  ],
  summary:
    'Shows what instances use, as a table that is drawn anew each second until it is interrupted ' +
    '(with --json: a document for each look, one a line). With --events it tells instead what ' +
    'happens, a line for each event, from now on, or from a turn of the journal or an instant, ' +
    'however long ago. Works with and without a running supervisor.',
  options: {
    config: configOption,
    events: { kind: 'flag', names: ['-e', '--events'], help: 'tell what happens' },
    from: {
      kind: 'value',
      names: ['--from'],
      metavar: 'TURN',
      help: 'with --events: begin with this turn of the journal',
      wrong: isNoTurn,
    },
    since: { ...periodOptions.since, help: 'with --events: begin there, such as 10m or 12:05' },
    rate: {
      kind: 'value',
      names: ['-r', '--rate'],
      metavar: 'SECONDS',
      help: 'look so often; default: 1',
      wrong: isNoRate,
    },
    count: {
      kind: 'value',
      names: ['-n', '--count'],
      metavar: 'COUNT',
      help: 'end after so many looks',
      wrong: isNoTurn,
    },
    ...listingOptions(liveFields),
    ...filterOptions,
  },
  positionals: [namesPositional],
} as const satisfies Description

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, (options, words) => {
    if (options.listColumns) {
      process.stdout.write(listColumns(liveFields))
      return 0
    }
    return options.events
      ? tellEvents(description.command, options, words)
      : drawTable(description.command, liveFields, options, words)
  })
