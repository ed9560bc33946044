/**
 * Goal: what a sandbox may weaken and bound is read as documented, every mistake is told, and an
 * image can say none of it.
 * Method: tables of lines and of what they mean, or of what is said about them.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { capabilityMask } from '../../../src/config/capabilities.ts'
import { readContainer, readSandbox } from '../../../src/config/read.ts'
import { checkConfinement } from '../../../src/evaluate/confinement.ts'
import { linesOf, valueOf } from './reading.ts'

test('S12: capabilities by any usual name, and the numbers of the kernel', () => {
  const read = (text: string) => valueOf(readSandbox, `capabilities: ${text}\n`).capabilities
  assert.equal(read('[CAP_CHOWN, net_bind_service, Sys_Admin]'), [
    'chown',
    'net_bind_service',
    'sys_admin',
  ])
  assert.equal(read('[]'), [])
  assert.is(read('null'), null)
  assert.is(capabilityMask(['chown', 'net_bind_service']), 0x401n)
  assert.is(capabilityMask(['sys_admin']), 1n << 21n)
  assert.is(capabilityMask(['checkpoint_restore']), 1n << 40n)
})

test('limits, in both files', () => {
  const text = 'pids-limit: 100\ncpu-quota: 150%\nio-weight: 50\nmemory-high: 10Mi\n'
  for (const value of [
    valueOf(readSandbox, text),
    valueOf(readContainer, `executable: /x\n${text}`),
  ]) {
    assert.is(value.pidsLimit, 100)
    assert.is(value.cpuQuota, 150)
    assert.is(value.ioWeight, 50)
    assert.is(value.memoryHigh, 10n * 1024n * 1024n)
  }
  assert.is(valueOf(readSandbox, 'cpu-quota: 25\n').cpuQuota, 25)
})

test('every mistake at once', () => {
  const lines = linesOf(
    readSandbox,
    'seccomp: none\nno-new-privileges: no\ncapabilities: [chwon]\nmasked-paths: [/etc/shadow]\n' +
      'pids-limit: 0\ncpu-quota: 1.5\nio-weight: 20000\n',
  )
  assert.is(lines.length, 7, lines.join('\n'))
  assert.match(lines[2]!, 'did you mean chown?')
})

test('paths to mask lie in /proc or /sys, and nowhere else by a detour', () => {
  for (const path of ['/proc', '/proc/../etc', '/sysfs/x', 'proc/x', '/proc//x', '/proc/./x'])
    assert.is(linesOf(readSandbox, `masked-paths: [${path}]\n`).length, 1, path)
})

test('an image can say none of it', () => {
  for (const line of ['seccomp: off', 'capabilities: [chown]', 'no-new-privileges: false'])
    assert.is(linesOf(readContainer, `executable: /x\n${line}\n`).length, 1, line)
})

test('what is weaker than the default is told, what is stricter is not', () => {
  const told = (text: string) =>
    checkConfinement('/f', valueOf(readSandbox, text)).map(({ path }) => path.join())
  assert.equal(told('{}\n'), [])
  assert.equal(told('seccomp: default\ncapabilities: []\nexecutable-volumes: false\n'), [])
  assert.equal(
    told(
      'seccomp: off\nno-new-privileges: false\ncapabilities: [chown]\n' +
        'writable-proc-sys: true\nmasked-paths: [/proc/keys]\n',
    ),
    ['seccomp', 'no-new-privileges', 'capabilities', 'writable-proc-sys', 'masked-paths'],
  )
})

test.run()
