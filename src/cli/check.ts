/** `lithos_check`: everything that is wrong with the configuration, before it is used. */
import { join } from 'node:path'
import { stamp } from '../../actors/clock.ts'
import { knotPath, packageDir } from '../../native/where.ts'
import { checkContainerFile, checkEverything, unplaced } from '../check/everything.ts'
import { sayProblem } from '../config/report.ts'
import type { Problem } from '../config/shapes.ts'
import { askHost } from '../evaluate/host.ts'
import { readSettings } from '../evaluate/settings.ts'
import { joinSupervisor } from '../rootless/become.ts'
import type { Description, Values } from './args.ts'
import { runCommand } from './command.ts'
import { configOption, defaultMaster, jsonOption } from './common.ts'
import { isHeard } from './rustLog.ts'
import { showPlanOf } from './showPlan.ts'
import { version } from './version.ts'

const options = {
  config: configOption,
  verbose: {
    kind: 'flag',
    names: ['-v', '--verbose'],
    help: 'also print the name and the address of this host',
  },
  alternateConfig: {
    kind: 'value',
    names: ['--alternate-config'],
    metavar: 'FILE',
    help: 'check FILE in place of the process configuration of the sandbox given by --sandbox',
  },
  sandbox: {
    kind: 'value',
    names: ['--sandbox', '--sandbox-name', '-T', '--tree', '--subtree-name'],
    metavar: 'NAME',
    help: 'the sandbox that --alternate-config is for; all sandboxes are checked in any case',
  },
  checkContainer: {
    kind: 'list',
    names: ['--check-container'],
    metavar: 'FILE',
    help: 'check only this container configuration, and read nothing else; may be repeated',
  },
  json: jsonOption,
  showPlan: {
    kind: 'pair',
    names: ['--show-plan'],
    metavar: 'SANDBOX PROCESS',
    help: 'print every step that the start of PROCESS (or of its instance PROCESS.N) would take',
  },
} as const

export const description = {
  command: 'lithos_check',
  examples: [
    ['', 'everything; silent, and exit code 0, if all is well'],
    ['--sandbox web --alternate-config web.new.yaml', 'with another process file for one sandbox'],
    ['--show-plan web http', 'what the supervisor would have the kernel do for it'],
  ],
  summary:
    'Checks the whole configuration, the images and what else a start needs, and says ' +
    'everything that is wrong with it as FILE:LINE:COLUMN: MESSAGE. Exits with 0 only if ' +
    'lithos_tree would start it all.',
  options,
  positionals: [],
} as const satisfies Description

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, given => {
    if (given.showPlan !== null && given.json) {
      process.stderr.write(`${description.command}: a plan is text: leave out --json\n`)
      return 2
    }
    if (given.verbose) sayHost()
    const masterFile = given.config ?? defaultMaster
    judgeWhereItRuns(masterFile)
    if (given.showPlan !== null) {
      const [sandbox, process] = given.showPlan
      const { text, problems } = showPlanOf(masterFile, sandbox, process)
      return text === null ? report(problems, given.json) : printed(text)
    }
    return report(problemsOf(given, masterFile), given.json)
  })

/** Without root not every user exists, and the supervisor knows who does. */
const judgeWhereItRuns = (masterFile: string): void => {
  const settings = process.geteuid?.() === 0 ? null : readSettings(masterFile).value
  if (settings !== null) joinSupervisor(settings)
}

const problemsOf = (given: Values<typeof options>, masterFile: string): readonly Problem[] => {
  if (given.checkContainer.length > 0) return given.checkContainer.flatMap(checkContainerFile)
  const { alternateConfig, sandbox } = given
  const lacksSandbox =
    alternateConfig !== null && sandbox === null
      ? [unplaced('Please specify --sandbox if you use --alternate-config')]
      : []
  const problems = checkEverything({
    masterFile,
    alternate:
      alternateConfig === null || sandbox === null ? null : { sandbox, file: alternateConfig },
    programs: [knotPath, join(packageDir, 'src/bin/lithos_tree')],
    now: () => stamp().at,
  })
  return [...lacksSandbox, ...problems]
}

const sayHost = (): void => {
  const { hostname, address } = askHost()
  process.stdout.write(`Hostname is ${hostname}\nIPAddr is ${address() ?? 'unknown'}\n`)
}

const printed = (text: string): number => {
  process.stdout.write(text)
  return 0
}

const report = (problems: readonly Problem[], asJson: boolean): number => {
  const ok = !problems.some(({ severity }) => severity === 'error')
  if (asJson) {
    const shown = problems.map(({ file, ...rest }) => ({
      file: file === '' ? null : file,
      ...rest,
    }))
    process.stdout.write(`${JSON.stringify({ version, ok, problems: shown }, null, 2)}\n`)
    return ok ? 0 : 1
  }
  const heard = problems.filter(({ severity }) =>
    isHeard(description.command, severity === 'error' ? 'error' : 'warn'),
  )
  const lines = heard.map(problem =>
    problem.file === '' ? `${description.command}: ${problem.message}` : sayProblem(problem),
  )
  if (!ok && isHeard(description.command, 'warn'))
    lines.push(`${description.command}: Lithos version v${version}`)
  if (lines.length > 0) process.stderr.write(lines.map(line => `${line}\n`).join(''))
  return ok ? 0 : 1
}
