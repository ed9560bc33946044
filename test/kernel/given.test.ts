/**
 * Goal: what an application is given of the host, which is three descriptors and two files, is no
 *   way to change the host, not even for root of the host, who owns what they name.
 * Method: an application as configured tries it with user id 0; the same without the step or the
 *   key that refuses.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { processorHere } from '../../src/plan/seccomp.ts'
import { callsOf } from '../../src/plan/syscalls.ts'
import { skipUnless } from '../skip.ts'
import { compile } from './compile.ts'
import { planFor, printed, without } from './configured.ts'
import type { More } from './configured.ts'
import { canContain, ownWorld, whyNot } from './world.ts'

const processor = processorHere()
const contained = skipUnless(canContain && processor !== null, whyNot)
const world = ownWorld(() => {
  compile('hostile.c', join(world.image, 'bin/hostile'), '-static')
})

const number = (name: string): number => callsOf(processor ?? 'x64').allowed.get(name) ?? -1

const asRoot = (words: readonly string[], more: More = {}) =>
  planFor(world, `user-id: 0\narguments: ${JSON.stringify(words)}\n`, more)

/** The mode that it has. Without what is tested here a test would else change the host. */
const modeOfNull = `0${(fs.statSync('/dev/null').mode & 0o777).toString(8)}`

contained('S7: the null device of the host cannot be changed through a descriptor', async () => {
  const words = [
    `call=${number('fchmod')},0,${modeOfNull}`,
    `call=${number('fchown')},0,0,0`,
    `call=${number('fsetxattr')},0,@user.a,@b,1,0`,
  ]
  const lines = printed(await world.run(asRoot(words, { program: '/bin/hostile' })))
  assert.is(lines.length, 3)
  for (const line of lines) assert.match(line, /: EROFS$/)
  // Where no devices are mounted there is only that of the host.
  const steps = asRoot(words, { program: '/bin/hostile' }).steps.filter(
    step => !('target' in step && step.target.startsWith('/dev')),
  )
  const { output } = await world.run({ ...asRoot([], { program: '/bin/hostile' }), steps })
  assert.match(output, `call ${number('fchmod')}: 0`)
})

contained('S7: it can be read from and written to as ever', async () => {
  const words = ['cat=/dev/stdin', 'write=/dev/null', 'say=end']
  assert.equal(printed(await world.run(asRoot(words))), ['write /dev/null: done', 'end'])
})

const made = (sandbox: string) => {
  const words = [
    `call=${number('fchmod')},1,04755`,
    `call=${number('openat')},-100,@/tmp/program,0101,04755`,
    `call=${number('fchmodat')},-100,@/tmp,04777`,
    `call=${number('openat')},-100,@/tmp/words,0101,0755`,
  ]
  const lines = `user-id: 0\nvolumes: {/tmp: !Tmpfs {}}\narguments: ${JSON.stringify(words)}\n`
  return world.run(planFor(world, lines, { program: '/bin/hostile', sandbox }))
}

const isSetuid = (path: string): boolean => (fs.statSync(path).mode & 0o4000) !== 0

contained('S13: root of the host makes no set-user-id program, not even of its log', async () => {
  const lines = printed(await made(''))
  for (const line of lines.slice(0, 3)) assert.match(line, /: EPERM$/)
  assert.match(lines[3]!, /: \d+$/)
  assert.not.ok(isSetuid(world.outputPath))
  for (const line of printed(await made('capabilities: [fsetid]\n'))) assert.match(line, /: \d+$/)
  assert.ok(isSetuid(world.outputPath), 'who was told to may')
  const map = '[{inside: 0, outside: 600, count: 300}]'
  const mapped = printed(await made(`uid-map: ${map}\ngid-map: ${map}\n`))
  assert.match(mapped[1]!, /: \d+$/, 'root of a user namespace is nobody outside')
})

/** What the mount at this place may do. */
const flagsAt = (lines: readonly string[], path: string): readonly string[] =>
  lines
    .map(line => line.split(' '))
    .filter(([, , , , at]) => at === path)
    .flatMap(([, , , , , flags = '']) => flags.split(','))

contained('S11: hosts and resolv.conf are words, and no programs', async () => {
  fs.writeFileSync(join(world.image, 'etc/resolv.conf'), '')
  const lines = printed(await world.run(asRoot(['cat=/proc/self/mountinfo'])))
  for (const path of ['/etc/hosts', '/etc/resolv.conf']) {
    const flags = flagsAt(lines, path)
    for (const flag of ['rw', 'nosuid', 'nodev', 'noexec'])
      assert.ok(flags.includes(flag), `${path} has ${flags.join()}`)
  }
})

contained('S17: the log that it prints to is not read, as whoever', async () => {
  const words = ['say=of somebody else', 'cat=/dev/stdout', 'write=/dev/stdout']
  const lines = printed(await world.run(asRoot(words)))
  assert.match(lines[1]!, /^cat \/dev\/stdout: Permission denied$/)
  assert.is(lines[2], 'write /dev/stdout: done', 'but it can be opened by name and printed to')
  const open = printed(await world.run(without(asRoot(words), 'enterLandlock')))
  assert.ok(open.filter(line => line === 'of somebody else').length > 1, open.join('\n'))
})

contained('S17: a file that it was given to read from is not written to', async () => {
  const file = join(world.dir, 'given')
  const spawn = join(world.dir, 'spawn')
  fs.writeFileSync(file, 'words for it\n')
  fs.renameSync(spawn, `${spawn}.real`)
  fs.writeFileSync(spawn, `#!/bin/sh\nexec ${spawn}.real "$@" <${file}\n`, { mode: 0o755 })
  try {
    const words = ['cat=/dev/stdin', 'write=/dev/stdin']
    const lines = printed(await world.run(asRoot(words)))
    assert.equal(lines, ['words for it', 'write /dev/stdin: Permission denied'])
    const [, open] = printed(await world.run(without(asRoot(words), 'enterLandlock')))
    assert.is(open, 'write /dev/stdin: done')
  } finally {
    fs.renameSync(`${spawn}.real`, spawn)
  }
})

test.run()
