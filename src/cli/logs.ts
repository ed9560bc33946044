/** `lithos logs`: what instances print; and the orders to open logs anew, or to rotate them. */
import { existsSync } from 'node:fs'
import { stamp } from '../../actors/clock.ts'
import { isName } from '../config/names.ts'
import { outputLogFile } from '../config/places.ts'
import type { Settings } from '../evaluate/settings.ts'
import { linesOfLife } from '../look/lives.ts'
import { openLog } from '../look/logPieces.ts'
import { outputFor } from '../look/outputs.ts'
import type { Output } from '../look/outputs.ts'
import { lookAt } from '../look/rows.ts'
import type { Row } from '../look/rows.ts'
import { sayCode } from '../wait.ts'
import type { Description, Values } from './args.ts'
import { runCommand } from './command.ts'
import { configOption, jsonOption, lastSettingsOf } from './common.ts'
import { usageBlock } from './help.ts'
import { order } from './logs/orders.ts'
import { heading, printLast, printNews, write } from './logs/print.ts'
import type { Shown } from './logs/print.ts'
import { namesPositional } from './ls.ts'
import { select } from './names.ts'
import { countOf, isNoCount } from './period.ts'
import { viewPresent } from './present.ts'

const countUsual = 100

const options = {
  config: configOption,
  follow: {
    kind: 'flag',
    names: ['-f', '--follow'],
    help: 'go on with what is printed from now on',
  },
  count: {
    kind: 'value',
    names: ['-n', '--lines', '--tail'],
    metavar: 'COUNT',
    help: `the last so many lines, or all that is kept; default: ${countUsual}`,
    wrong: isNoCount,
  },
  previous: {
    kind: 'flag',
    names: ['-p', '--previous'],
    help: 'what it printed in its former life, from its start to its end',
  },
  log: { kind: 'flag', names: ['--log'], help: 'the messages of its knot instead' },
  supervisor: { kind: 'flag', names: ['--supervisor'], help: 'the log of the supervisor instead' },
  path: { kind: 'flag', names: ['--path'], help: 'say which file it is, and nothing else' },
  reopen: { kind: 'flag', names: ['--reopen'], help: 'open renamed or removed logs anew' },
  rotate: { kind: 'flag', names: ['--rotate'], help: 'rotate now what is due' },
  json: { ...jsonOption, help: 'with --reopen and --rotate: a JSON document instead of text' },
} as const

export const description = {
  command: 'lithos logs',
  examples: [
    ['-f web/http.0', 'what it prints, from now on'],
    ['-n 100 --previous web/http.0', 'the end of its life before this one'],
    ['--supervisor', 'what the supervisor has to say'],
  ],
  summary:
    'Prints what instances have printed, out of the files that hold it and of those that ' +
    'rotation has made of them, compressed or not; -f goes on, also over a rotation. Unless a ' +
    'sandbox has output-per-process, all its instances share one file. With --reopen, the ' +
    'supervisor and all knots open those of their logs anew that were renamed or removed; what a ' +
    'running application prints goes on to the file that it has open, until it is started ' +
    'again. With --rotate, the supervisor rotates what is due by log-rotate-size and ' +
    'log-rotate-days.',
  options,
  positionals: [namesPositional],
} as const satisfies Description

const isText = 'a log is text: --json goes with --reopen and --rotate'

type Given = Values<typeof options>

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, async (given, words) => {
    if (given.json && !given.reopen && !given.rotate) return complain(isText, 2)
    if (given.reopen || given.rotate || given.supervisor) {
      const settings = lastSettingsOf(description.command, given.config)
      if (settings === null) return 1
      if (given.supervisor) return print(given, [{ output: masterLog(settings), rows: [] }])
      return order(description.command, settings, given.reopen ? 'reopen' : 'rotate', given.json)
    }
    if (words.length === 0) {
      process.stderr.write(usageBlock(description))
      return complain('Argument NAME, --supervisor, --reopen or --rotate is required', 2)
    }
    const viewed = await viewPresent(description.command, given.config)
    if (viewed === null) return 1
    const { rows } = lookAt(viewed.present.state, { mono: stamp().mono, withUsage: false })
    const { names, problems } = select(
      words,
      rows.map(({ name }) => name),
    )
    for (const problem of problems) complain(problem, 1)
    if (problems.length > 0) sayKept(viewed.settings, words)
    const meant = rows.filter(({ name }) => names.includes(name))
    if (problems.length > 0) return 1
    if (meant.length === 0) return complain('no instance is meant by that', 1)
    const found = filesOf(meant, given)
    if (found === null) return 1
    sayShared(found, rows, given)
    return given.previous ? printFormer(meant, given) : print(given, found)
  })

/** Whoever was stopped is in no journal any more, and what it has printed is there still. */
const sayKept = ({ places }: Settings, words: readonly string[]): void => {
  for (const sandbox of new Set(words.map(word => word.split('/', 1)[0] ?? ''))) {
    const path = outputLogFile(places, sandbox)
    if (isName(sandbox) && existsSync(path))
      complain(`what sandbox ${sandbox} has printed is in ${path}`, 0)
  }
}

interface File {
  readonly output: Output
  readonly rows: readonly Row[]
}

const masterLog = ({ places }: Settings): Output => ({
  path: places.logFile,
  open: () => openLog(places.logFile),
  isOurs: true,
})

/** Each once. Null: one is not known, and why has been said. */
const filesOf = (rows: readonly Row[], given: Given): readonly File[] | null => {
  const files = new Map<string, File>()
  for (const row of rows) {
    const found = outputFor(row, given.log ? 'log' : 'output')
    if ('problem' in found) return complain(`${row.name}: ${found.problem}`, null)
    const known = files.get(found.path)?.rows ?? []
    files.set(found.path, { output: found, rows: [...known, row] })
  }
  return [...files.values()]
}

/** Lines do not say whose they are: who reads them should know. */
const sayShared = (files: readonly File[], all: readonly Row[], given: Given): void => {
  if (given.path || given.log) return
  for (const { output, rows } of files) {
    const [first] = rows
    const others = all.filter(
      row =>
        !rows.includes(row) &&
        row.sandbox === first?.sandbox &&
        row.spec?.outputFile === null &&
        row.spec.places.outputPerProcess !== true,
    )
    if (output.isOurs && first?.spec?.places.outputPerProcess !== true && others.length > 0)
      complain(`${output.path} is also of ${sayNames(others)}`, 0)
  }
}

const sayNames = (rows: readonly Row[]): string =>
  rows.length > 3 ? `${rows.length} other instances` : rows.map(({ name }) => name).join(', ')

const print = async (given: Given, files: readonly File[]): Promise<number> => {
  if (given.path) {
    await write(files.map(({ output }) => `${output.path}\n`).join(''))
    return 0
  }
  const count = countOf(given.count, countUsual)
  const shown: Shown[] = []
  let code = 0
  for (const [index, { output }] of files.entries())
    try {
      if (files.length > 1) await write(heading(output, index === 0))
      shown.push(await printLast(output, count))
    } catch (error) {
      const { code: reason = String(error), syscall } = error as NodeJS.ErrnoException
      // It is not the log that cannot be used, but what it is printed to.
      if (syscall === 'write') throw error
      const isWaiting = given.follow && reason === 'ENOENT'
      complain(`${output.path}: ${sayCode(reason)}${isWaiting ? '; waiting for it' : ''}`, 1)
      if (isWaiting) shown.push({ output, end: null })
      else code = 1
    }
  if (given.follow && shown.length > 0) await printNews(shown)
  return code
}

const printFormer = async (rows: readonly Row[], given: Given): Promise<number> => {
  for (const row of rows) {
    const found = outputFor(row, 'output')
    if ('problem' in found || !found.isOurs)
      return complain(
        `${row.name} prints to a file of its own choice, ${row.spec?.outputFile ?? ''}, in ` +
          'which nothing tells one life from another',
        1,
      )
    // The last start that its log tells of is that of the life it has, if it has one.
    const back = row.memory.life === null ? 0 : 1
    let lines = 0
    if (rows.length > 1) await write(`==> ${row.name} <==\n`)
    for await (const line of linesOfLife(found.path, row.name, back)) {
      lines += 1
      await write(Buffer.from(line, 'latin1'))
    }
    if (lines === 0)
      return complain(`the start of a former life of ${row.name} is in no file that is kept`, 1)
  }
  return given.follow ? complain('--follow has no effect with --previous', 0) : 0
}

const complain = <A>(message: string, result: A): A => {
  process.stderr.write(`${description.command}: ${message}\n`)
  return result
}
