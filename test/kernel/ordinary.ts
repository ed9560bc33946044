/**
 * Ordinary users of this host, who need not be in its list of users: a number that nobody has is
 * one. With LITHOS_TEST_ROOTLESS=1 all tests of a whole supervisor run it as such a user.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OtherUser } from '../../src/demo/world.ts'

const id = 65_533
/** Where his further users begin on the host. */
export const furtherFrom = 200_000
export const furtherCount = 80_000

const become = ['setpriv', `--reuid=${id}`, `--regid=${id}`]

/** He has no further ids, and is nobody but himself. */
export const alone: OtherUser = { id, become: [...become, '--clear-groups', '--'] }

/** And has groups. */
export const inGroups = (...groups: readonly number[]): OtherUser => ({
  id,
  become: [...become, `--groups=${groups.join()}`, '--'],
})

/** With a shell between, which does something as root before. */
export const after = (script: string, user = alone): OtherUser => ({
  id: user.id,
  become: ['sh', '-c', `${script}; exec "$0" "$@"`, ...user.become],
})

/** Only he sees these lists, in a mount namespace that nobody else is in. */
const listing = (directory: string): OtherUser => {
  const name = 'lithos-ordinary'
  const range = `${name}:${furtherFrom}:${furtherCount}\n`
  // newuidmap serves nobody without a name.
  const passwd = `root:x:0:0::/:/bin/sh\n${name}:x:${id}:${id}::/:/bin/sh\n`
  const lists = { subuid: range, subgid: range, passwd }
  for (const [list, text] of Object.entries(lists)) writeFileSync(join(directory, list), text)
  const mounts = Object.keys(lists).map(list => `mount --bind ${directory}/${list} /etc/${list}`)
  const inside = after(mounts.join(' && '))
  return { id, become: ['unshare', '--mount', ...inside.become] }
}

/** A condition, and what is missing without it. */
export const canMap =
  existsSync('/etc/subuid') &&
  existsSync('/etc/subgid') &&
  spawnSync('newuidmap', ['--help']).error === undefined
export const whyNoMap = 'needs the package uidmap, and /etc/subuid and /etc/subgid'

let further: OtherUser | null = null

/** Users and groups from 1 on are his as well. */
export const withFurther = (): OtherUser => {
  if (further !== null) return further
  const directory = mkdtempSync(join(tmpdir(), 'lithos-subids-'))
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  return (further = listing(directory))
}

/** Undefined: whoever runs the tests, which is root. */
export const otherUser: OtherUser | undefined =
  process.env['LITHOS_TEST_ROOTLESS'] === '1' ? withFurther() : undefined
