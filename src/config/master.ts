/** The master file: where everything is, and how much is said about it. */
import type { Decoder } from './codec.ts'
import { optional, structure } from './codec.ts'
import { MAX_64, logLevel, path, texts } from './fields.ts'
import type { Master } from './shapes.ts'
import { flag, mapped, nullable, oneOf, text, wholeNumber } from './words.ts'

const MIB = 1024n ** 2n

const bytes = (min: bigint) =>
  wholeNumber(`a number of bytes such as 64Mi, at least ${min}`, min, MAX_64)

export const master: Decoder<Master> = structure<Master>(
  'the mapping of a master configuration',
  {
    sandboxesDir: optional(path, './sandboxes'),
    processesDir: optional(path, './processes'),
    runtimeDir: optional(path, '/run/lithos'),
    stateDir: optional(path, 'state'),
    mountDir: optional(path, 'mnt'),
    devfsDir: optional(path, '/var/lib/lithos/dev'),
    defaultLogDir: optional(path, '/var/log/lithos'),
    configLogDir: optional(nullable(path), '/var/log/lithos/config'),
    stdioLogDir: optional(path, '/var/log/lithos/stderr'),
    logFile: optional(path, 'master.log'),
    logLevel: optional(
      mapped(logLevel, level => level ?? 'warn'),
      'warn',
    ),
    syslogFacility: optional(nullable(text('a syslog facility')), null),
    syslogAppName: optional(text('a name'), 'lithos'),
    cgroupName: optional(nullable(text('the name of a cgroup')), 'lithos.slice'),
    cgroupControllers: optional(texts, []),
    startRate: optional(
      nullable(wholeNumber('a number of starts a second from 1 to 100000', 1n, 100_000n)),
      null,
    ),
    journalDir: optional(nullable(path), 'journal'),
    journalSync: optional(oneOf(['always', 'interval', 'never']), 'interval'),
    journalSegmentSize: optional(bytes(64n * 1024n), Number(8n * MIB)),
    journalMaxSize: optional(bytes(MIB), Number(1024n * MIB)),
    logRotateSize: optional(nullable(bytes(16n * 1024n)), null),
    logRotateDays: optional(
      nullable(wholeNumber('a number of days from 1 to 36500', 1n, 36_500n)),
      null,
    ),
    logRotateCount: optional(wholeNumber('a number of files from 1 to 1000', 1n, 1_000n), 5),
    logRotateCompress: optional(flag, true),
    journalMaxDays: optional(wholeNumber('a number of days from 1 to 36500', 1n, 36_500n), 90),
  },
  {
    wrongKeys: {
      'syslog-name': 'the key is "syslog-app-name"',
      'cantal-appname': 'it has had no effect since 0.12; delete it',
    },
  },
)
