/**
 * Goal: the supervisor gets into its own group, the main thread at once and all of it soon.
 * Method: a process of its own enters a slice of this host, in v1 and in v2.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, rmdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { enterSlice } from '../../actors/cgroups.ts'
import type { Layout } from '../../native/cgroup.ts'
import { isRoot, skipUnless } from '../skip.ts'
import { until } from '../native/standIn.ts'

const v1Mount = '/sys/fs/cgroup/pids'
const v2Mount = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find(dir =>
  existsSync(join(dir, 'cgroup.controllers')),
)
const name = `lithos-test-${process.pid}.slice`

interface Report {
  readonly problems: readonly string[]
  readonly main: string
  readonly all: readonly string[]
}

const enter = (layout: Layout): Report => {
  const script = join(import.meta.dirname ?? '', 'enterSlice.ts')
  const words = ['--import=tsx', script, JSON.stringify(layout)]
  return JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' })) as Report
}

/** Groups are busy for a moment after their last process has ended. */
const remove = (...dirs: string[]): Promise<void> => {
  const tryAll = (): boolean => {
    try {
      for (const dir of dirs.filter(existsSync)) rmdirSync(dir)
      return true
    } catch {
      return false
    }
  }
  return until(tryAll, 'the groups to be empty')
}

skipUnless(isRoot && existsSync(join(v1Mount, 'tasks')), 'needs root and cgroup v1')(
  'v1: the main thread at once, all threads then, and once more is no problem',
  async () => {
    const slice = join(v1Mount, name)
    const layout: Layout = { v1: [{ controllers: ['pids'], slice }], v2: null, problems: [] }
    try {
      for (const report of [enter(layout), enter(layout)]) {
        assert.equal(report.problems, [])
        assert.match(report.main, `:pids:/${name}\n`)
        assert.ok(report.all.length > 1)
        for (const place of report.all) assert.match(place, `:pids:/${name}\n`)
      }
    } finally {
      await remove(slice)
    }
  },
)

skipUnless(isRoot && v2Mount !== undefined, 'needs root and cgroup v2')(
  'v2: into a leaf, so that the groups of containers may have controllers',
  async () => {
    const mount = v2Mount ?? ''
    const slice = join(mount, name)
    const layout: Layout = { v1: [], v2: { mount, slice, controllers: [] }, problems: [] }
    try {
      const report = enter(layout)
      assert.equal(report.problems, [])
      for (const place of report.all) assert.match(place, `0::/${name}/tree\n`)
    } finally {
      await remove(join(slice, 'tree'), slice)
    }
  },
)

test('what cannot be made is a sentence with its place', () => {
  const slice = '/proc/no/such.slice'
  const layout: Layout = { v1: [{ controllers: ['memory'], slice }], v2: null, problems: [] }
  assert.equal(enterSlice(layout), [`Error creating cgroup dir: ENOENT on "${slice}"`])
  assert.not(existsSync(dirname(slice)))
})

test.run()
