/** `lithos audit`: how confined what runs is, by what the kernel says, and what is weaker. */
import { findOwnLayout } from '../../native/delegated.ts'
import { lockHolder } from '../../native/files.ts'
import { audit } from '../audit/run.ts'
import { isBroken, lowestOf, sayReport, toJson } from '../audit/say.ts'
import { controllersOf, furtherControllersOf } from '../evaluate/controllers.ts'
import { readPresent } from '../history.ts'
import { joinSupervisor } from '../rootless/become.ts'
import type { Description } from './args.ts'
import { runCommand } from './command.ts'
import { configOption, jsonOption, lastSettingsOf } from './common.ts'
import { readableJournals } from './journal/where.ts'

const isNoScore = (text: string): string | null =>
  /^(\d\d?|100)$/.test(text) ? null : `expected a score from 0 to 100, not ${JSON.stringify(text)}`

export const description = {
  command: 'lithos audit',
  examples: [
    ['', 'every instance that runs'],
    ['--fail-under 80 web', 'for a script: exit code 3 where one of web is less confined'],
  ],
  summary:
    'Reads back from the kernel how confined each running instance is, and compares that with ' +
    'what it was promised at its start (broken) and with the default (weaker). The score is 100 ' +
    'where nothing is weaker than the default. Exit code 0: each instance is as promised, and ' +
    'none scores less than --fail-under; 1: nothing could be audited; 3: otherwise.',
  options: {
    config: configOption,
    json: jsonOption,
    failUnder: {
      kind: 'value',
      names: ['--fail-under'],
      metavar: 'SCORE',
      help: 'exit with 3 where an instance scores less, also if that was promised',
      wrong: isNoScore,
    },
  },
  positionals: [
    { name: 'name', help: 'sandbox, sandbox/process or sandbox/process.N', kind: 'optional' },
  ],
} as const satisfies Description

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, async (options, [name]) => {
    const fail = (reason: string): number => {
      process.stderr.write(`${description.command}: ${reason}\n`)
      return 1
    }
    const settings = lastSettingsOf(description.command, options.config)
    const where = settings === null ? null : readableJournals(description.command, settings)
    if (settings === null || where === null) return 1
    joinSupervisor(settings)
    if (process.getuid?.() !== 0)
      return fail('only root may look into containers, and who has started lithos_tree --rootless')
    const present = await readPresent(where.hotDirectory)
    if (present === null) return fail('there is no journal, so nothing is known to run')
    const layout = findOwnLayout({
      cgroupName: settings.master.cgroupName,
      controllers: controllersOf(settings.master),
      further: furtherControllersOf(settings.master),
      supervisor: lockHolder(settings.places.pidFile),
    })
    const report = await audit(present.state, layout, isMeantBy(name))
    process.stdout.write(options.json ? toJson(report) : sayReport(report))
    const lowest = lowestOf(report)
    if (lowest === null)
      return fail(
        name === undefined ? 'nothing runs' : `nothing that is called ${JSON.stringify(name)} runs`,
      )
    return isBroken(report) || lowest < Number(options.failUnder ?? 0) ? 3 : 0
  })

const isMeantBy =
  (name: string | undefined) =>
  (instance: string): boolean =>
    name === undefined ||
    instance === name ||
    instance.startsWith(`${name}/`) ||
    instance.slice(0, instance.lastIndexOf('.')) === name
