/**
 * Goal: whoever cannot be told, or has stopped to listen, is no reason for a trace of our own, and
 *   what cannot be said on standard error changes nothing.
 * Method: commands as processes, with a full device or a pipe without reader in place of a stream.
 */
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { makeWorld } from '../evaluate/world.ts'

const programs = fileURLToPath(new URL('../../../src/bin/', import.meta.url))

const toFull = (stream: 1 | 2, name: string, words: readonly string[]) => {
  const full = openSync('/dev/full', 'w')
  try {
    const { status, stdout, stderr } = spawnSync(join(programs, name), words, {
      stdio: ['ignore', stream === 1 ? full : 'pipe', stream === 2 ? full : 'pipe'],
    })
    return { status, out: String(stdout ?? ''), err: String(stderr ?? '') }
  } finally {
    closeSync(full)
  }
}

/** The reader is gone before a word is said. */
const toNobody = (name: string, words: readonly string[]) => {
  const script = 'exec 3>&1; { sleep 0.2; "$@"; echo $? >&3; } | :'
  const run = spawnSync('/bin/bash', ['-c', script, 'bash', join(programs, name), ...words])
  return { status: Number(String(run.stdout)), err: String(run.stderr) }
}

for (const [name, ...words] of [
  ['lithos', '--help'],
  ['lithos', '--version'],
  ['lithos', 'journal', '--help'],
  ['lithos', 'machines'],
  ['lithos_check', '--help'],
  ['lithos_crypt', '--help'],
  ['lithos_crypt', 'encrypt', '--help'],
] as const) {
  const said = [name, ...words].join(' ')
  test(`${said}: a full disk`, () => {
    const { status, err } = toFull(1, name, words)
    assert.is(status, 1)
    assert.match(err, /^lithos[ \w]*: the output cannot be written: ENOSPC: .*\n$/)
  })
  test(`${said}: nobody reads`, () =>
    assert.equal(toNobody(name, words), { status: 128 + 13, err: '' }))
}

test('lithos logs: it is not the log that has no space', () => {
  const world = makeWorld({ 'log/master.log': 'one\n' })
  try {
    const words = ['logs', '--supervisor', '-C', world.master]
    const { status, err } = toFull(1, 'lithos', words)
    assert.is(status, 1)
    assert.match(err, /^lithos logs: the output cannot be written: ENOSPC: /)
    assert.is(toNobody('lithos', words).status, 128 + 13)
  } finally {
    world.remove()
  }
})

test('standard error is full: the exit code, and what is done, are as ever', () => {
  const world = makeWorld()
  try {
    assert.is(toFull(2, 'lithos_check', ['-C', world.master]).status, 0)
    assert.is(toFull(2, 'lithos', ['nonsense']).status, 2)
    const next = join(world.top, 'next.yaml')
    writeFileSync(next, '{}\n')
    // It warns that no supervisor runs.
    const { status } = toFull(2, 'lithos_switch', ['--master', world.master, 'site', next])
    assert.is(status, 0)
  } finally {
    world.remove()
  }
})

test.run()
