/** `lithos doctor`: is this host fit, and what would have to be mended. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ownUserNamespace } from '../../native/userNamespace.ts'
import {
  keepPath,
  knotPath,
  libraryPath,
  packageDir,
  rootlessPath,
  waitPath,
} from '../../native/where.ts'
import { ok, problem } from '../doctor/finding.ts'
import type { Finding } from '../doctor/finding.ts'
import { examineKernel } from '../doctor/kernel.ts'
import { examinePlaces } from '../doctor/places.ts'
import { examinePorts, examineUser, whyNotRootless } from '../doctor/rootless.ts'
import { readSettings } from '../evaluate/settings.ts'
import { Fatal } from '../ground.ts'
import { becomeRoot, isOwn } from '../rootless/become.ts'
import type { Description } from './args.ts'
import { runCommand } from './command.ts'
import { configOption, defaultMaster, jsonOption } from './options.ts'

export const description = {
  command: 'lithos doctor',
  examples: [['', 'of this host, and of /etc/lithos/master.yaml if it is there']],
  summary:
    'Looks whether this host is fit: kernel, namespaces, filters, control groups, directories, ' +
    'devices, memory, and who starts the supervisor. Of what is not it says what would fail and ' +
    'how to mend it. For an ordinary user with a master file of his own it looks whether ' +
    'lithos_tree --rootless could run. Exit code: 0, nothing is in the way of lithos_tree; 1, ' +
    'something is; 2, wrong words here.',
  options: { config: configOption, json: jsonOption },
  positionals: [],
} as const satisfies Description

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, options => {
    const masterFile = options.config ?? defaultMaster
    const refused = becomeRootOfOwn(masterFile)
    const findings = [
      examineUser(),
      ...(refused === null ? [] : [refused]),
      examinePrograms(),
      ...examineKernel(),
      ...(ownUserNamespace() === null ? [] : [examinePorts()]),
      ...examinePlaces(masterFile),
    ]
    const isFit = !findings.some(({ state }) => state === 'problem')
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ ok: isFit, findings }, null, 2)}\n`
        : findings.map(say).join(''),
    )
    return isFit ? 0 : 1
  })

/** What an ordinary user can do is seen in a namespace of his: the rest of this is asked there. */
const becomeRootOfOwn = (masterFile: string): Finding | null => {
  const settings = process.geteuid?.() === 0 ? null : readSettings(masterFile).value
  if (settings === null || !isOwn(settings)) return null
  const refused = whyNotRootless()
  if (refused !== null) return refused
  try {
    return becomeRoot(settings, text => void process.stderr.write(`lithos doctor: ${text}\n`))
  } catch (error) {
    if (!(error instanceof Fatal)) throw error
    return problem('without root', error.message, 'lithos_tree --rootless does not start', mend)
  }
}

const mend = 'npm run build, or install the package anew'

const examinePrograms = (): Finding => {
  const tree = join(packageDir, 'dist/tree.cjs')
  const programs = [knotPath, waitPath, keepPath, rootlessPath, libraryPath, tree]
  const missing = programs.filter(path => !existsSync(path))
  return missing.length === 0
    ? ok('programs', `complete, with Node ${process.versions.node}`)
    : problem(
        'programs',
        `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not there`,
        'containers cannot be started, or commands, or not restarted',
        mend,
      )
}

const nameWidth = 16

const say = (finding: Finding): string => {
  const { name, state, found } = finding
  const head = `${state.padEnd(8)} ${name.padEnd(nameWidth)} ${found}\n`
  if (finding.state === 'ok') return head
  const margin = ' '.repeat(9 + nameWidth + 1)
  return `${head}${margin}fails: ${finding.consequence}\n${margin}mend:  ${finding.remedy}\n`
}
