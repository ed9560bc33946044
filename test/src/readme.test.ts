/**
 * Goal: the service of the README can be typed as it stands.
 * Method: its files in a world of their own, and lithos_check.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { makeWorld, program } from './evaluate/world.ts'
import { keyA, privateFile, publicLine } from './secrets/keys.ts'

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const bin = (name: string): string => join(checkout, 'src/bin', name)

test('A service', () => {
  const text = readFileSync(join(checkout, 'README.md'), 'utf8')
  const section = /^### A service\n([^]*?)^## /m.exec(text)?.[1] ?? ''
  const named = [...section.matchAll(/`(\/tmp\/first\/[^`]+\.yaml)`[^]*?```yaml\n([^]*?)```/g)]
  assert.is(named.length, 3)

  const world = makeWorld({ 'etc/processes/site.yaml': '{}\n' })
  try {
    const there = (path: string): string => path.replaceAll('/tmp/first', world.top)
    const write = (path: string, content: string): string => {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, content, { encoding: 'latin1', mode: 0o600 })
      return path
    }
    const key = write(join(world.top, 'keys/web.pub'), publicLine(keyA))
    write(join(world.top, 'keys/web'), privateFile([keyA]))
    const words = ['encrypt', '-k', key, '-n', 'web.prod', '-d', 'the secret']
    const secret = execFileSync(bin('lithos_crypt'), words, { encoding: 'utf8' }).trim()
    for (const [, path = '', yaml = ''] of named)
      write(
        there(path).replace(/(sandboxes|processes)/, 'etc/$1'),
        there(yaml).replace('v2:…', secret),
      )
    const image = join(world.top, 'images/web.1')
    chmodSync(write(join(image, 'bin/node'), program), 0o755)
    mkdirSync(join(image, 'data'))

    const { status, stderr } = spawnSync(bin('lithos_check'), ['-C', world.master])
    assert.is(world.shown(String(stderr)), '')
    assert.is(status, 0)
    assert.match(section, /--rollback web\n/)
  } finally {
    world.remove()
  }
})

test.run()
