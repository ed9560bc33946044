/** The master configuration, and whether this host has what it names. */
import { accessSync, closeSync, constants, existsSync, openSync, statfsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findOwnLayout } from '../../native/delegated.ts'
import { lockHolder, statsOf } from '../../native/files.ts'
import { checkOwnership } from '../check/ownership.ts'
import { sayProblem } from '../config/report.ts'
import { controllersOf, furtherControllersOf } from '../evaluate/controllers.ts'
import { readSettings } from '../evaluate/settings.ts'
import type { Settings } from '../evaluate/settings.ts'
import { ok, problem, warning } from './finding.ts'
import type { Finding } from './finding.ts'

export const examinePlaces = (masterFile: string): readonly Finding[] => {
  if (!existsSync(masterFile))
    return [
      problem(
        'configuration',
        `there is no ${masterFile}`,
        'lithos_tree does not start',
        'write it; `lithos init` makes a first one',
      ),
    ]
  const { value, problems } = readSettings(masterFile)
  if (value === null)
    return [
      problem(
        'configuration',
        problems.map(sayProblem).join('; '),
        'lithos_tree does not start',
        `mend ${masterFile}, then try lithos_check`,
      ),
    ]
  return [
    ok('configuration', `${masterFile} can be read`),
    ...examineOwners(value),
    ...examineDirectories(value),
    examineDevices(value.places.devfsDir),
    examineGroups(value),
    examineSupervisor(value),
  ]
}

const examineOwners = ({ file, places }: Settings): readonly Finding[] =>
  checkOwnership([file, join(places.sandboxesDir, '.'), join(places.processesDir, '.')])
    .slice(0, 1)
    .map(({ file: path, message }) =>
      warning(
        'owners',
        `${path}: ${message.replace(/;.*$/s, '')}`,
        'who can write it can run anything as root',
        `chown root:root ${path}; chmod go-w ${path}`,
      ),
    )

const diskMinMiB = 64

const examineDirectories = ({ places }: Settings): readonly Finding[] => {
  const needed: readonly (readonly [key: string, path: string, isMade: boolean])[] = [
    ['sandboxes-dir', places.sandboxesDir, false],
    ['processes-dir', places.processesDir, false],
    ['runtime-dir', places.runtimeDir, true],
    ['default-log-dir', places.defaultLogDir, true],
    ['stdio-log-dir', places.stdioLogDir, true],
  ]
  return needed.map(([key, path, isMade]) => {
    const obstacle = obstacleTo(path, isMade)
    if (obstacle !== null)
      return problem(key, obstacle, 'lithos_tree does not start', `mkdir -p ${path}`)
    const free = freeMiB(existsSync(path) ? path : dirname(path))
    return isMade && free < diskMinMiB
      ? warning(
          key,
          `${path} has ${free} MiB left`,
          'logs and the journal stop when the disk is full; containers run on',
          'make room, or name another directory',
        )
      : ok(key, existsSync(path) ? path : `${path} will be made`)
  })
}

/** One level is made, as the supervisor does it. */
const obstacleTo = (path: string, isMade: boolean): string | null => {
  const stats = statsOf(path)
  if (stats !== null && !stats.isDirectory()) return `${path} is no directory`
  const near = stats === null ? dirname(path) : path
  if (stats === null && !isMade) return `there is no ${path}`
  if (!existsSync(near)) return `neither ${path} nor ${near} is there`
  try {
    accessSync(near, isMade ? constants.W_OK | constants.X_OK : constants.R_OK | constants.X_OK)
    return null
  } catch (error) {
    return `${near} cannot be used: ${(error as NodeJS.ErrnoException).code}`
  }
}

const freeMiB = (path: string): number => {
  const { bavail, bsize } = statfsSync(path)
  return Math.floor((bavail * bsize) / 2 ** 20)
}

const examineDevices = (directory: string): Finding => {
  const consequence = 'no container can be started'
  const remedy = `lithos_mkdev ${directory}`
  const device = join(directory, 'null')
  if (!existsSync(device))
    return problem('devfs-dir', `there is no ${device}`, 'lithos_tree does not start', remedy)
  try {
    closeSync(openSync(device, 'r+'))
    return ok('devfs-dir', directory)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return problem(
      'devfs-dir',
      `${device} cannot be opened: ${code}`,
      consequence,
      code === 'EACCES'
        ? `its file system is mounted nodev: name another directory, and ${remedy}`
        : `remove it, and ${remedy}`,
    )
  }
}

const examineGroups = ({ master, places }: Settings): Finding => {
  const layout = findOwnLayout({
    cgroupName: master.cgroupName,
    controllers: controllersOf(master),
    further: furtherControllersOf(master),
    supervisor: lockHolder(places.pidFile),
  })
  if (master.cgroupName === null)
    return warning(
      'control groups',
      '`cgroup-name` is null',
      'there are no limits of memory, processors and processes, and they are not counted',
      'leave `cgroup-name` out, where this host has control groups',
    )
  if (layout.withheld !== undefined)
    return warning(
      'control groups',
      layout.withheld.why,
      'limits of memory, processors and processes are left out',
      'start lithos_tree by `systemd-run --user --scope -p Delegate=yes`, or as a user unit with ' +
        '`Delegate=yes`; or leave it at that, with `cgroup-name: null`',
    )
  if (layout.problems.length > 0)
    return problem(
      'control groups',
      layout.problems.map(text => text.replace(/:.*$/s, '')).join('; '),
      'lithos_tree does not start',
      'mount what is missing, leave it out of `cgroup-controllers`, or `cgroup-name: null`',
    )
  const versions = [
    ...(layout.v1.length > 0
      ? [`version 1 (${layout.v1.flatMap(one => one.controllers).join(' ')})`]
      : []),
    ...(layout.v2 === null ? [] : [`version 2 (${layout.v2.controllers.join(' ')})`]),
  ]
  return ok('control groups', versions.join(' and '))
}

const examineSupervisor = ({ places }: Settings): Finding => {
  const pid = lockHolder(places.pidFile)
  if (pid !== null) return ok('supervisor', `runs as pid ${pid}`)
  const hasSystemd = existsSync('/run/systemd/system')
  const unit = ['/etc/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system']
    .map(dir => join(dir, 'lithos.service'))
    .find(existsSync)
  if (hasSystemd && unit !== undefined)
    return warning(
      'supervisor',
      'none runs',
      'nothing is started or restarted',
      'systemctl enable --now lithos',
    )
  return warning(
    'supervisor',
    'none runs',
    'nothing is started or restarted, also after a reboot',
    hasSystemd
      ? 'install the unit, src/systemd/lithos.service, and systemctl enable --now lithos'
      : 'have init start lithos_tree, and start it anew when it ends',
  )
}
