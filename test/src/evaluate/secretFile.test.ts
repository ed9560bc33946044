/**
 * Goal: a file of secrets that is swapped between the look at its path and its opening is refused,
 * and nothing of what it was swapped for is read or said.
 * Method: an image whose directory becomes a link to a place outside, in exactly that moment.
 */
import * as fs from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readContainer, readSandbox } from '../../../src/config/read.ts'
import { createFileCache } from '../../../src/evaluate/files.ts'
import type { Files } from '../../../src/evaluate/files.ts'
import { gainSecrets } from '../../../src/evaluate/secretFile.ts'
import { run, site } from './rows/row.ts'
import { makeWorld } from './world.ts'

const read = (swaps: boolean): { readonly names: readonly string[]; readonly said: string } => {
  const world = makeWorld({
    'images/web.1/s/file.yaml': 'OWN: x\n',
    'outside/file.yaml': 'FOREIGN: x\n',
  })
  try {
    const image = join(world.top, 'images/web.1')
    const files = createFileCache(() => 0).open('site')
    const swapping: Files = {
      read: (file, decode, place) => {
        if (swaps) {
          fs.rmSync(join(image, 's'), { recursive: true })
          fs.symlinkSync(join(world.top, 'outside'), join(image, 's'))
        }
        return files.read(file, decode, place)
      },
    }
    const sandbox = readSandbox('sandbox', site('').replaceAll('$', world.top)).value
    const container = readContainer('c', run('secret-environ-file: /s/file.yaml\n')).value
    if (sandbox === null) throw new Error('the sandbox of the test is wrong')
    const where = { image, config: '/c.yaml', file: 'c' }
    const { secretFile } = gainSecrets(where, sandbox, { container, files: swapping })
    const { value, problems } = secretFile!.content
    return {
      names: [...(value?.keys() ?? [])],
      said: problems.map(({ message }) => message).join(),
    }
  } finally {
    world.remove()
  }
}

test('a directory that becomes a link is noticed', () => {
  assert.equal(read(false), { names: ['OWN'], said: '' })
  assert.equal(read(true), { names: [], said: 'was replaced while it was being opened' })
})

test.run()
