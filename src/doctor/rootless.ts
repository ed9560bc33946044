/** Whether an ordinary user could run lithos here, and what he would have to do without. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { ownUserNamespace } from '../../native/userNamespace.ts'
import { rootlessPath } from '../../native/where.ts'
import { missingMappers, subordinates } from '../rootless/subordinates.ts'
import { ok, problem, warning } from './finding.ts'
import type { Finding } from './finding.ts'

/** Of this process, which may be root of a namespace that it has just entered. */
export const examineUser = (): Finding => {
  const namespace = ownUserNamespace()
  if (process.geteuid?.() !== 0)
    return problem(
      'user',
      `user ${process.geteuid?.()}`,
      'containers are made by root, or without root from a master file of your own',
      'run this and lithos_tree as root; or `lithos init DIR`, and lithos_tree --rootless',
    )
  if (namespace === null) return ok('user', 'root')
  const { users, mayChangeGroups } = namespace
  const count = users.reduce((sum, range) => sum + range.count, 0)
  const [self] = users.filter(({ inside }) => inside === 0)
  const found = `user ${self?.outside ?? '?'} of the host, root of a user namespace`
  return mayChangeGroups
    ? ok('user', `${found} with ${count} users`)
    : warning(
        'user',
        `${found} with no other user`,
        'applications are user 0 there, or have a `uid-map` to him, and keep the groups of yours',
        'as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 NAME; and ' +
          'install the package uidmap',
      )
}

/** Tried, with nothing in it. Null: it can be done. */
export const whyNotRootless = (): Finding | null => {
  const { users, groups } = subordinates()
  const wordsOf = (ranges: typeof users): string =>
    ranges.flatMap(({ inside, outside, count }) => [inside, outside, count]).join(' ')
  const ranges = missingMappers().length > 0 ? ['', ''] : [wordsOf(users), wordsOf(groups)]
  const words = ['new', '-', ...ranges, process.execPath, process.execPath, '--version']
  const { status, stderr, error } = spawnSync(rootlessPath, words, { encoding: 'utf8' })
  if (status === 0) return null
  const said = (stderr ?? '').replace(/^Fatal error: /, '').trim() || String(error)
  const [found = said, ...rest] = said.split('. ')
  return problem(
    'without root',
    found,
    'lithos_tree --rootless does not start',
    rest.join('. ') || 'run lithos_tree as root',
  )
}

/** Below it only who has the capability binds, and that counts in networks of one's own. */
export const examinePorts = (file = '/proc/sys/net/ipv4/ip_unprivileged_port_start'): Finding => {
  const first = Number(readFileSync(file, 'latin1'))
  return first > 1
    ? warning(
        'ports',
        `from ${first} on`,
        '`tcp-ports` below it cannot be opened without root',
        'as root: sysctl net.ipv4.ip_unprivileged_port_start=80',
      )
    : ok('ports', 'all')
}
