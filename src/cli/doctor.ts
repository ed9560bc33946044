/** `lithos doctor`: is this host fit, and what would have to be mended. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { keepPath, knotPath, libraryPath, packageDir, waitPath } from '../../native/where.ts'
import { ok, problem } from '../doctor/finding.ts'
import type { Finding } from '../doctor/finding.ts'
import { examineKernel } from '../doctor/kernel.ts'
import { examinePlaces } from '../doctor/places.ts'
import type { Description } from './args.ts'
import { runCommand } from './command.ts'
import { configOption, defaultMaster, jsonOption } from './options.ts'

export const description = {
  command: 'lithos doctor',
  examples: [['', 'of this host, and of /etc/lithos/master.yaml if it is there']],
  summary:
    'Looks whether this host is fit: kernel, namespaces, filters, control groups, directories, ' +
    'devices, memory, and who starts the supervisor. Of what is not it says what would fail and ' +
    'how to mend it. Exit code: 0, nothing is in the way of lithos_tree; 1, something is; 2, ' +
    'wrong words here.',
  options: { config: configOption, json: jsonOption },
  positionals: [],
} as const satisfies Description

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, options => {
    const findings = [
      examineUser(),
      examinePrograms(),
      ...examineKernel(),
      ...examinePlaces(options.config ?? defaultMaster),
    ]
    const isFit = !findings.some(({ state }) => state === 'problem')
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ ok: isFit, findings }, null, 2)}\n`
        : findings.map(say).join(''),
    )
    return isFit ? 0 : 1
  })

const examineUser = (): Finding =>
  process.getuid?.() === 0
    ? ok('user', 'root')
    : problem(
        'user',
        `user ${process.getuid?.()}`,
        'containers are made by root',
        'run this, and lithos_tree, as root: much of what follows is seen by root only',
      )

const examinePrograms = (): Finding => {
  const programs = [knotPath, waitPath, keepPath, libraryPath, join(packageDir, 'dist/tree.cjs')]
  const missing = programs.filter(path => !existsSync(path))
  return missing.length === 0
    ? ok('programs', `complete, with Node ${process.versions.node}`)
    : problem(
        'programs',
        `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not there`,
        'containers cannot be started, or commands, or not restarted',
        'npm run build, or install the package anew',
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
