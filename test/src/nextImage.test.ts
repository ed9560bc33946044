/**
 * Goal: where a new image could not start for want of address space, it is not tried: the running
 *   one would be gone.
 * Method: the kernel's own report about a shell with such a limit; a supervisor with the limit
 *   itself could not be trusted to live long enough to answer.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createNextImage } from '../../src/nextImage.ts'

const room = suite<{ dir: string }>('room for the next image')

room.before.each(self => {
  self.dir = mkdtempSync(join(tmpdir(), 'lithos-test-'))
})

room.after.each(({ dir }) => rmSync(dir, { recursive: true }))

const refusal = (dir: string, limit: string): Promise<string | null> => {
  const file = join(dir, 'limits')
  writeFileSync(file, execFileSync('sh', ['-c', `ulimit -v ${limit}; cat /proc/self/limits`]))
  return createNextImage(null, file).whyNot()
}

room('a page less than a gibibyte is too little, and the sentence says so', async ({ dir }) => {
  const sentence = 'only 1073737728 bytes of address space are allowed (ulimit -v), not 1073741824'
  assert.is(await refusal(dir, String(2 ** 20 - 4)), sentence)
})

room('a gibibyte is enough, and so is no limit', async ({ dir }) => {
  for (const limit of [String(2 ** 20), 'unlimited']) assert.is(await refusal(dir, limit), null)
})

room('where the kernel does not tell, it is tried', async ({ dir }) => {
  assert.is(await createNextImage(null, join(dir, 'none')).whyNot(), null)
})

room.run()
