/** `lithos_clean`: which images are used, which are not, and away with those. */
import { rmSync } from 'node:fs'
import { stamp } from '../../actors/clock.ts'
import { readDuration } from '../clean/duration.ts'
import { identityOf, imagesInJournal, rootsInUse } from '../clean/inUse.ts'
import { removeDoomed, removeImage } from '../clean/remove.ts'
import { surveyImages } from '../clean/survey.ts'
import type { Survey, Wish } from '../clean/survey.ts'
import type { Settings } from '../evaluate/settings.ts'
import { journalsOf } from '../history.ts'
import { quote } from '../quote.ts'
import { joinSupervisor } from '../rootless/become.ts'
import { sayTime } from '../time.ts'
import type { Description, Values } from './args.ts'
import { runCommand } from './command.ts'
import { configOption, jsonOption, settingsOf } from './common.ts'
import { hotFileOf, unreadable } from './journal/where.ts'
import { isHeard } from './rustLog.ts'

const wrongNumber = (text: string): string | null =>
  /^\+?\d+$/.test(text) ? null : `Bad value ${quote(text)}: not a whole number`

const options = {
  config: configOption,
  used: { kind: 'flag', names: ['--used'], help: 'list used images; this is the default' },
  unused: { kind: 'flag', names: ['--unused'], help: 'list unused images' },
  deleteUnused: { kind: 'flag', names: ['--delete-unused'], help: 'delete unused images' },
  cleanLogs: {
    kind: 'flag',
    names: ['--clean-logs'],
    help:
      'with --unused also list, with --delete-unused also delete configuration logs in which ' +
      'nothing counts any more',
  },
  historyDays: {
    kind: 'value',
    names: ['-D', '--history-days'],
    metavar: 'DAYS',
    help: 'what the configuration log named within DAYS counts as used; default: whatever it named',
    wrong: wrongNumber,
  },
  versionsMin: {
    kind: 'value',
    names: ['--vmin', '--versions-min'],
    metavar: 'NUM',
    help: 'so many configurations of each sandbox count even if they are older; default: 0',
    wrong: wrongNumber,
  },
  versionsMax: {
    kind: 'value',
    names: ['--vmax', '--versions-max'],
    metavar: 'NUM',
    help: 'no more configurations of each sandbox than these count; default: 1000',
    wrong: wrongNumber,
  },
  keepRecent: {
    kind: 'value',
    names: ['--keep-recent'],
    metavar: 'DELTA',
    help: 'leave directories alone that were made or changed less than DELTA ago (2days 3h)',
    wrong: (text: string) =>
      readDuration(text) === null ? `Bad value ${quote(text)}: not a span of time` : null,
  },
  verbose: {
    kind: 'flag',
    names: ['-v', '--verbose'],
    help: 'with --delete-unused: print what is deleted',
  },
  json: jsonOption,
} as const

export const description = {
  command: 'lithos_clean',
  examples: [
    ['--unused --history-days 30 --versions-min 3', 'what could be deleted; changes nothing'],
    ['--delete-unused --history-days 30 --versions-min 3 -v', 'the same, deleted and told'],
  ],
  summary:
    'Lists images that are used or unused, or deletes those that are unused. Used is what the ' +
    'configuration names or, within the given limits, has named (by config-log-dir or ' +
    'used-images-list), what the running supervisor wants, and what any process has as its ' +
    'root. --unused lists exactly what --delete-unused would delete. Where anything about a ' +
    'directory of images is in doubt, it is left alone as a whole. Exit code 0: done; 1: a ' +
    'configuration cannot be read, and nothing was concluded; 2: usage.',
  options,
  positionals: [],
} as const satisfies Description

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, async given => {
    if ([given.used, given.unused, given.deleteUnused].filter(Boolean).length > 1) {
      process.stderr.write(
        `${description.command}: --used, --unused and --delete-unused exclude each other; ` +
          'leave out all but one\n',
      )
      return 2
    }
    const settings = settingsOf(description.command, given.config)
    if (settings === null) return 1
    // The roots of processes are shown to root only, also to that of a user namespace.
    joinSupervisor(settings)
    const problem = unreadable(hotFileOf(journalsOf(settings.places)))
    if (problem !== null) {
      say('ERROR', `What runs is not known, so nothing is concluded: ${problem.text}`)
      return 1
    }
    const survey = await lookAround(settings, wishOf(given))
    if ('fatal' in survey) {
      for (const problem of survey.fatal) say('ERROR', `Can't parse config: ${problem}`)
      return 1
    }
    for (const warning of survey.warnings) say('WARN', warning)
    return given.deleteUnused ? deleteUnused(survey, given) : list(survey, given)
  })

const dayMs = 86_400_000

const wishOf = (given: Values<typeof options>): Wish => {
  const { at: now } = stamp()
  const { historyDays, versionsMin, versionsMax, keepRecent } = given
  return {
    since: historyDays === null ? null : now - Number(historyDays) * dayMs,
    atLeast: Number(versionsMin ?? 0),
    atMost: Number(versionsMax ?? 1000),
    recentSince: keepRecent === null ? null : now - (readDuration(keepRecent) ?? 0),
  }
}

const lookAround = async (
  settings: Settings,
  wish: Wish,
): Promise<Survey | { readonly fatal: readonly string[] }> => {
  const { hotDirectory } = journalsOf(settings.places)
  const wanted = (await imagesInJournal(hotDirectory)).flatMap(image => identityOf(image) ?? [])
  return surveyImages(settings, wish, new Set([...rootsInUse(), ...wanted]))
}

const list = (survey: Survey, given: Values<typeof options>): number => {
  const { used, unused, doomed, logs, excluded } = survey
  const doomedLogs = given.cleanLogs ? logs : []
  if (given.json) return print({ used, unused: [...unused, ...doomed], logs: doomedLogs, excluded })
  const listed = given.unused ? [...unused, ...doomed, ...doomedLogs] : used
  process.stdout.write(listed.map(path => `${quote(path)}\n`).join(''))
  return 0
}

const deleteUnused = (survey: Survey, given: Values<typeof options>): number => {
  const { unused, doomed, logs, excluded } = survey
  const jobs: readonly Job[] = [
    ...unused.map(path => ({ path, title: 'Deleting', remove: removeImage })),
    ...doomed.map(path => ({ path, title: 'Deleting', remove: (at: string) => removeDoomed(at) })),
    ...(given.cleanLogs
      ? logs.map(path => ({ path, title: 'Deleting log', remove: removeLog }))
      : []),
  ]
  const deleted: string[] = []
  const failed: { path: string; reason: string }[] = []
  jobs.forEach(({ path, title, remove }, index) => {
    progress(`${index + 1} of ${jobs.length}: ${path}`)
    if (given.verbose && !given.json) {
      progress('')
      process.stdout.write(`${sayTime(stamp().at)}: ${title} ${quote(path)}\n`)
    }
    const reason = remove(path)
    if (reason === null) return void deleted.push(path)
    failed.push({ path, reason })
    progress('')
    say('ERROR', `Error removing ${quote(path)}: ${reason}`)
  })
  progress('')
  return given.json ? print({ deleted, failed, excluded }) : 0
}

interface Job {
  readonly path: string
  readonly title: string
  /** Why not, or null. */
  readonly remove: (path: string) => string | null
}

const removeLog = (path: string): string | null => {
  try {
    rmSync(path)
    return null
  } catch (error) {
    return (error as Error).message
  }
}

const print = (value: unknown): number => {
  process.stdout.write(`${JSON.stringify(value)}\n`)
  return 0
}

/** One line that is written over, for those who wait before a terminal. */
const progress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

/** As the log of the original's tools. */
const say = (level: 'ERROR' | 'WARN', text: string): void => {
  if (!isHeard(description.command, level === 'ERROR' ? 'error' : 'warn')) return
  const line = `${level.padStart(5)} ${sayTime(stamp().at)}: ${description.command}: ${text}\n`
  process.stderr.write(line)
}
