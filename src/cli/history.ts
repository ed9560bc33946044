/** `lithos history`: what happened to instances, and who asked for what. */
import { concernsAny, lastEvents } from '../look/events.ts'
import { readPresent } from '../history.ts'
import type { Description } from './args.ts'
import { runCommand } from './command.ts'
import { configOption } from './common.ts'
import { eventFields } from './eventFields.ts'
import { findJournals } from './journal/where.ts'
import { listColumns, listingOptions, render } from './listing.ts'
import { matches, select } from './names.ts'
import { countOf, isNoCount, periodOf, periodOptions } from './period.ts'
import { namesPositional } from './ls.ts'

const countUsual = 50

export const description = {
  command: 'lithos history',
  examples: [
    ['--since 1h web', 'of one sandbox, the last hour'],
    ['web/http.0', 'of one instance, all that is kept'],
  ],
  summary:
    'Tells what happened, oldest first: starts and ends of instances with their reasons, ' +
    'configurations that were taken or refused, commands and who gave them, lives of the ' +
    'supervisor. Reads the journal and its archive, with or without a running supervisor. ' +
    'lithos journal show has every single step.',
  options: {
    config: configOption,
    ...periodOptions,
    count: {
      kind: 'value',
      names: ['-n', '--count'],
      metavar: 'COUNT',
      help: `the last so many, or all; default: ${countUsual}, with --since all`,
      wrong: isNoCount,
    },
    ...listingOptions(eventFields),
  },
  positionals: [namesPositional],
} as const satisfies Description

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, async (options, words) => {
    if (options.listColumns) {
      process.stdout.write(listColumns(eventFields))
      return 0
    }
    const journals = findJournals(description.command, options.config)
    if (journals === null) return 1
    const isNamed = words.map(matches)
    const events = await lastEvents(journals, {
      ...periodOf(options),
      countMax: countOf(options.count, options.since === null ? countUsual : Infinity),
      isMeant: concernsAny(words, name => isNamed.some(is => is(name))),
    })
    // The past knows names that are no more, so only what it does not know either is a mistake.
    if (words.length > 0 && !events.some(({ name }) => isNamed.some(is => is(name ?? '')))) {
      const known = [...((await readPresent(journals.hotDirectory))?.state.instances.keys() ?? [])]
      const { problems } = select(words, known)
      for (const problem of problems) process.stderr.write(`${description.command}: ${problem}\n`)
      if (problems.length > 0) return 1
    }
    process.stdout.write(render(eventFields, events, options))
    return 0
  })
