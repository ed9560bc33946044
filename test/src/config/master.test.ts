/**
 * Goal: what the master file may say, and the lines a person reads when it says something else.
 * Method: tables of texts with their values or with their exact lines.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readContainer, readMaster, readProcesses, readSandbox } from '../../../src/config/read.ts'
import { linesOf, valueOf } from './reading.ts'

const lines = (table: Readonly<Record<string, readonly string[]>>): void => {
  for (const [text, expected] of Object.entries(table)) {
    assert.equal(linesOf(readMaster, text), expected, JSON.stringify(text))
  }
}

test('master: an empty mapping is all defaults', () => {
  for (const text of ['{}', '--- {}\n', '_note: a file of nothing else\n']) {
    assert.equal(valueOf(readMaster, text), {
      sandboxesDir: './sandboxes',
      processesDir: './processes',
      runtimeDir: '/run/lithos',
      stateDir: 'state',
      mountDir: 'mnt',
      devfsDir: '/var/lib/lithos/dev',
      defaultLogDir: '/var/log/lithos',
      configLogDir: '/var/log/lithos/config',
      stdioLogDir: '/var/log/lithos/stderr',
      logFile: 'master.log',
      logLevel: 'warn',
      syslogFacility: null,
      syslogAppName: 'lithos',
      cgroupName: 'lithos.slice',
      cgroupControllers: [],
      startRate: null,
      journalDir: 'journal',
      journalSync: 'interval',
      journalSegmentSize: 8 * 1024 * 1024,
      journalMaxSize: 1024 * 1024 * 1024,
      logRotateSize: null,
      logRotateDays: null,
      logRotateCount: 5,
      logRotateCompress: true,
      journalMaxDays: 90,
      metricsListen: null,
      metricsFile: null,
      metricsIntervalMs: 15_000,
    })
  }
})

test('a file with nothing in it says nothing, of whatever kind it is', () => {
  const rest = 'nothing is concluded from that; write {} where nothing is meant'
  for (const read of [readMaster, readSandbox, readProcesses, readContainer])
    for (const [text, what] of [
      ['', 'the file is empty'],
      [' \n\n', 'there is nothing in the file'],
      ['# only a comment\n', 'there is nothing in the file'],
      ['---\n...\n', 'there is nothing in the file'],
    ] as const)
      assert.equal(linesOf<unknown>(read, text), [`f:1:1: ${what}: ${rest}`], JSON.stringify(text))
})

test('master: nulls, spellings, words', () => {
  const cgroup = (text: string): string | null => valueOf(readMaster, text).cgroupName
  assert.is(cgroup('cgroup-name: null'), null)
  assert.is(cgroup('cgroup-name: ~'), null)
  assert.is(cgroup('cgroup-name:'), null)
  assert.is(cgroup('cgroup-name: nil'), 'nil')
  const both = valueOf(readMaster, 'syslog_app_name: x\nsyslog-app-name: y')
  assert.is(both.syslogAppName, 'x')
  assert.is(valueOf(readMaster, 'syslog-app-name: y\nsyslog_app_name: x').syslogAppName, 'x')
  assert.equal(linesOf(readMaster, '_foo: {a: [1]}'), [])
  assert.is(valueOf(readMaster, 'log-level: INFO').logLevel, 'info')
  assert.is(valueOf(readMaster, 'log-level: bogus').logLevel, 'warn')
  assert.is(valueOf(readMaster, 'journal-dir:\njournal-sync: never').journalDir, null)
  assert.is(valueOf(readMaster, 'journal-segment-size: 1Mi').journalSegmentSize, 1_048_576)
})

test('master: lines', () =>
  lines({
    null: ['f:1:1: expected the mapping of a master configuration, found null'],
    x: ['f:1:1: expected the mapping of a master configuration, found "x"'],
    'cgroup-controllers: null': [
      'f:1:21: cgroup-controllers: expected a list of texts, found null',
    ],
    'syslog-name: x': ['f:1:1: unknown key "syslog-name"; the key is "syslog-app-name"'],
    'cantal-appname: x': [
      'f:1:1: unknown key "cantal-appname"; it has had no effect since 0.12; delete it',
    ],
    'syslog-app_name: x': ['f:1:1: unknown key "syslog-app_name"; did you mean "syslog-app-name"?'],
    'log-level: null': ['f:1:12: log-level: expected a log level, found null'],
    'log-level: bogus': [
      'f:1:12: warning: log-level: expected error, warn, info, debug or trace, found "bogus"; ' +
        'warn is used',
    ],
    'syslog-facility: foo': ['f:1:18: warning: unknown syslog facility "foo"; syslog is off'],
    'syslog-facility: LOG_LOCAL3': [],
    'journal-sync: sometimes': [
      'f:1:15: journal-sync: expected "always" or "interval" or "never", found "sometimes"',
    ],
    'journal-segment-size: 10': [
      'f:1:23: journal-segment-size: expected a number of bytes such as 64Mi, at least 65536, ' +
        'found "10"',
    ],
  }))

test.run()
