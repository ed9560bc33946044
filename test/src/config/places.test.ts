/**
 * Goal: every path of the master file becomes absolute, relative to what was documented.
 * Method: the defaults, and relative and absolute paths for each key.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  below,
  imageDirOf,
  outputLogFile,
  placesOf,
  processesFile,
  sandboxFile,
  sandboxLogFile,
} from '../../../src/config/places.ts'
import { isName, sandboxOf } from '../../../src/config/names.ts'
import { readMaster, readSandbox } from '../../../src/config/read.ts'
import { valueOf } from './reading.ts'

const places = (text: string, file = '/etc/lithos/master.yaml') =>
  placesOf(valueOf(readMaster, text), file, '/cwd')

test('defaults', () =>
  assert.equal(places('{}'), {
    masterFile: '/etc/lithos/master.yaml',
    sandboxesDir: '/etc/lithos/sandboxes',
    processesDir: '/etc/lithos/processes',
    runtimeDir: '/run/lithos',
    stateDir: '/run/lithos/state',
    mountDir: '/run/lithos/mnt',
    devfsDir: '/var/lib/lithos/dev',
    defaultLogDir: '/var/log/lithos',
    configLogDir: '/var/log/lithos/config',
    stdioLogDir: '/var/log/lithos/stderr',
    logFile: '/var/log/lithos/master.log',
    journalDir: '/var/log/lithos/journal',
    pidFile: '/run/lithos/master.pid',
  }))

test('relative to the master file, to runtime-dir, to default-log-dir', () => {
  const some = places(
    'sandboxes-dir: s\nprocesses-dir: ../p\nruntime-dir: /r/\nstate-dir: /s\nmount-dir: m\n' +
      'default-log-dir: /l\nlog-file: ./x.log\njournal-dir: null\nconfig-log-dir: null\n',
    'conf/m.yaml',
  )
  assert.is(some.masterFile, '/cwd/conf/m.yaml')
  assert.is(some.sandboxesDir, '/cwd/conf/s')
  assert.is(some.processesDir, '/cwd/conf/../p')
  assert.is(some.stateDir, '/s')
  assert.is(some.mountDir, '/r/m')
  assert.is(some.logFile, '/l/x.log')
  assert.is(some.journalDir, null)
  assert.is(some.configLogDir, null)
})

test('the files of a sandbox', () => {
  const all = places('{}')
  const bare = valueOf(readSandbox, '{}')
  const named = valueOf(readSandbox, 'config-file: x.yaml\nlog-file: /y.log\nimage-dir: /i')
  assert.is(sandboxFile(all, 'web'), '/etc/lithos/sandboxes/web.yaml')
  assert.is(processesFile(all, 'web', bare), '/etc/lithos/processes/web.yaml')
  assert.is(processesFile(all, 'web', named), '/etc/lithos/processes/x.yaml')
  assert.is(sandboxLogFile(all, 'web', bare), '/var/log/lithos/web.log')
  assert.is(sandboxLogFile(all, 'web', named), '/y.log')
  assert.is(outputLogFile(all, 'web'), '/var/log/lithos/stderr/web.log')
  assert.is(all.configLogDir, '/var/log/lithos/config')
  assert.is(imageDirOf(named, 'app/v1'), '/i/app/v1')
  assert.is(below('/', 'x'), '/x')
  assert.is(below('/a', '.'), '/a')
})

test('names', () => {
  assert.is(sandboxOf('web.yaml'), 'web')
  for (const file of ['.web.yaml', 'web.yaml~', 'web.yaml.bak', '#web.yaml', 'web', 'web.yml']) {
    assert.is(sandboxOf(file), null, file)
  }
  assert.ok(isName('A-b_9'))
  for (const name of ['', 'a b', 'a.b', 'é', 'a/b']) assert.not(isName(name))
})

test.run()
