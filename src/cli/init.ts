/** `lithos init`: a first configuration and a first image, and what to type next. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { stamp } from '../../actors/clock.ts'
import { findLayout } from '../../native/cgroup.ts'
import { checkEverything } from '../check/everything.ts'
import { sayProblem } from '../config/report.ts'
import {
  containerTexts,
  image,
  imageDirectories,
  masterText,
  processesText,
  programs,
  sandboxText,
  systemDirectory,
  whereIn,
} from '../init/files.ts'
import type { Controllers, Where } from '../init/files.ts'
import { copyProgram, whereIs } from '../init/programs.ts'
import type { Description } from './args.ts'
import { runCommand } from './command.ts'
import { fill } from './mkdev.ts'
import { defaultMaster } from './options.ts'
import { fromHere } from '../../native/here.ts'

export const description = {
  command: 'lithos init',
  examples: [
    ['/tmp/first', 'to try it: everything below one directory'],
    ['', 'in /etc/lithos, with images in /var/lib/lithos'],
  ],
  summary:
    'Writes a first configuration, with comments, and an image made of a few programs of this ' +
    'host: a daemon that says the time of day, and a shell as a command. Nothing that is there ' +
    `is overwritten. Without DIR it is for this host, ${systemDirectory} and its usual places; ` +
    'with it, everything is beneath DIR, and goes with it; an ordinary user has to name one of ' +
    'his own, and gets what lithos_tree --rootless can run. Exit code: 0, lithos_check accepts ' +
    'it; 1, something is in the way; 2, wrong words here.',
  options: {},
  positionals: [{ name: 'dir', help: `default: ${systemDirectory}`, kind: 'optional' }],
} as const satisfies Description

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, (_options, [directory = systemDirectory]) => {
    const where = whereIn(fromHere(directory))
    try {
      return make(where)
    } catch (error) {
      const { code, path, message } = error as NodeJS.ErrnoException
      if (code === undefined) throw error
      return complain(`cannot write ${path ?? where.config}: ${code} (${message})`)
    }
  })

const make = (where: Where): number => {
  if (!isRoot() && where.config === systemDirectory)
    return complain(
      `${systemDirectory} belongs to root: run this as root, or name a directory of your own`,
    )
  const texts = textsOf(where)
  const there = [...texts.keys(), join(where.images, image)].filter(existsSync)
  if (there.length > 0)
    return complain(
      `${there.join(', ')} ${there.length === 1 ? 'is' : 'are'} there already, and nothing is ` +
        'overwritten: take another directory, or remove that',
    )
  for (const [path, text] of texts) write(path, text)
  for (const name of [where.runtime, where.logs]) if (name !== null) makeDirectory(name)
  makeImage(join(where.images, image))
  const failures = fill(where.devices)
  for (const failure of failures) complain(failure)
  return failures.length > 0 ? 1 : conclude(where)
}

const isRoot = (): boolean => process.geteuid?.() === 0

const textsOf = (where: Where): ReadonlyMap<string, string> =>
  new Map([
    [join(where.config, 'master.yaml'), masterText(where, controllersHere())],
    [join(where.config, 'sandboxes', 'hello.yaml'), sandboxText(where, isRoot())],
    [join(where.config, 'processes', 'hello.yaml'), processesText],
  ])

const usual = ['name', 'cpu', 'cpuacct', 'memory', 'blkio']

/** A first start shall not fail for a controller that nobody needs yet. */
const controllersHere = (): Controllers => {
  // Without root, what is not to be had is left out by itself.
  if (!isRoot()) return null
  const has = (controllers: readonly string[]): boolean =>
    findLayout({ cgroupName: 'lithos.slice', controllers }).problems.length === 0
  if (has(usual)) return null
  return usual.filter(controller => has([controller]))
}

const makeImage = (directory: string): void => {
  for (const name of imageDirectories) makeDirectory(join(directory, name))
  for (const name of programs) copyProgram(directory, whereIs(name), `/bin/${name}`)
  for (const [path, text] of Object.entries(containerTexts)) write(join(directory, path), text)
}

const makeDirectory = (path: string): void => void mkdirSync(path, { recursive: true, mode: 0o755 })

/** `wx`: what has come in the meantime is not ours to replace either. */
const write = (path: string, text: string): void => {
  makeDirectory(dirname(path))
  writeFileSync(path, text, { flag: 'wx', mode: 0o644 })
}

const conclude = (where: Where): number => {
  const masterFile = join(where.config, 'master.yaml')
  const problems = checkEverything({
    masterFile,
    alternate: null,
    programs: [],
    now: () => stamp().at,
  })
  for (const problem of problems) complain(sayProblem(problem))
  if (problems.some(({ severity }) => severity === 'error')) return 1
  const output = join(where.logs ?? '/var/log/lithos', 'stderr/hello.log')
  const config = masterFile === defaultMaster ? '' : ` --config ${masterFile}`
  process.stdout.write(
    `${masterFile} is written, and lithos_check accepts it. Next${isRoot() ? ', as root' : ''}:` +
      `\n\n    lithos_tree${isRoot() ? '' : ' --rootless'}${config} &\n` +
      `    lithos ls${config}\n\n` +
      `What hello/clock.0 prints is in ${output}.\n` +
      `lithos_cmd${config.replace('--config', '--master')} hello shell opens a shell beside it.\n`,
  )
  return 0
}

const complain = (message: string): number => {
  process.stderr.write(`${description.command}: ${message}\n`)
  return 1
}
