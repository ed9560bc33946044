/**
 * Goal: the archive copes with whatever stands where its directory should be.
 * Method: directories that are missing, in the way, removed under our hands; a real tmpfs that
 *       is read-only, then full, then has room.
 */
import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { isRoot, skipUnless } from '../skip.ts'
import { archiveOf, hear, numbers, storyIn } from './archiveWorld.ts'
import { inTemporaryDirectory, live } from './story.ts'

test('a missing directory is made, with its parents', () =>
  inTemporaryDirectory(async root => {
    const life = live(path.join(root, 'hot'))
    const directory = path.join(root, 'var/log/lithos/journal')
    const { archive, stalled } = archiveOf(directory, life.hot)
    hear(life, 2)
    await archive.close()
    assert.is(await storyIn(directory), '[0] 1 2')
    assert.equal(stalled, [])
  }))

test('a file where the directory should be: said; removed: over', () =>
  inTemporaryDirectory(async root => {
    const life = live(path.join(root, 'hot'))
    const directory = path.join(root, 'archive')
    fs.writeFileSync(directory, 'a file')
    const { archive, stalled, resumed } = archiveOf(directory, life.hot)
    hear(life, 2)
    await archive.flush()
    await archive.flush()
    assert.equal(stalled, [{ where: directory, reason: 'ENOTDIR' }])
    fs.rmSync(directory)
    hear(life, 2)
    await archive.close()
    assert.equal(resumed, [{ where: directory, missing: 0 }])
    assert.is(await storyIn(directory), `[0] ${numbers(1, 4)}`)
  }))

test('a directory removed under our hands: written again from the hot journal', () =>
  inTemporaryDirectory(async root => {
    const life = live(path.join(root, 'hot'))
    const directory = path.join(root, 'archive')
    const { archive, stalled, resumed } = archiveOf(directory, life.hot)
    hear(life, 2)
    await archive.flush()
    fs.rmSync(directory, { recursive: true })
    hear(life, 2)
    await archive.flush()
    assert.equal(stalled, [
      { where: directory, reason: 'the segment that was being written has been removed' },
    ])
    assert.is(resumed.length, 1)
    await archive.close()
    assert.is(await storyIn(directory), `[0] ${numbers(1, 4)}`)
  }))

const asRoot = skipUnless(isRoot, 'mounting a tmpfs needs root')

asRoot('a read-only file system, then a full one, then one with room', () =>
  inTemporaryDirectory(async root => {
    const directory = path.join(root, 'archive')
    fs.mkdirSync(directory)
    const mount = (options: string): void => {
      const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'none', directory])
      assert.is(mounted.status, 0, mounted.stderr.toString())
    }
    mount('size=64k,ro')
    try {
      const life = live(path.join(root, 'hot'))
      const { archive, stalled, resumed } = archiveOf(directory, life.hot, { delayMs: 60_000 })
      hear(life, 2_000)
      await archive.flush()
      assert.equal(stalled, [{ where: directory, reason: 'EROFS' }])
      mount('remount,rw,size=64k')
      await archive.flush()
      assert.is(stalled.length, 1)
      assert.equal(resumed, [])
      mount('remount,rw,size=4m')
      await archive.close()
      assert.equal(resumed, [{ where: directory, missing: 0 }])
      assert.is(await storyIn(directory), `[0] ${numbers(1, 2_000)}`)
    } finally {
      const unmounted = spawnSync('umount', [directory])
      assert.is(unmounted.status, 0, unmounted.stderr.toString())
    }
  }),
)

test.run()
