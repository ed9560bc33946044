/** The master file: where everything is, and how much is said about it. */
import { readAddress } from './addresses.ts'
import type { Decoder } from './codec.ts'
import { optional, structure } from './codec.ts'
import { MAX_64, logLevel, path, texts } from './fields.ts'
import type { Master } from './shapes.ts'
import { flag, mapped, nullable, oneOf, text, wholeNumber, word } from './words.ts'

const MIB = 1024n ** 2n

const bytes = (min: bigint) =>
  wholeNumber(`a number of bytes such as 64Mi, at least ${min}`, min, MAX_64)

/** Who may read what runs here is for a proxy to say: it knows passwords, and certificates. */
const loopback: Decoder<Master['metricsListen']> = word(
  'a loopback address and a port such as 127.0.0.1:9200',
  source => {
    const [, host = '', digits = ''] = /^(.*):(\d{1,5})$/.exec(source) ?? []
    const port = Number(digits)
    if (digits === '' || port < 1 || port > 65_535) return { hint: null }
    const address = readAddress(host.replace(/^\[(.*)\]$/, '$1'))?.address ?? null
    if (address === '::1' || address?.startsWith('127.')) return { means: { host: address, port } }
    return host === 'localhost'
      ? { hint: `write 127.0.0.1:${port}` }
      : { hint: 'metrics are told to this host only; for others, put a proxy in front of it' }
  },
)

const metricsFile = word('an absolute path that ends with .prom', source => {
  if (source.startsWith('/') && source.endsWith('.prom')) return { means: source }
  return { hint: source.startsWith('/') ? 'node_exporter reads no others' : null }
})

/** A place below the root of each hierarchy, and no other. */
const cgroupName = word('the name of a cgroup', source =>
  source.split('/').includes('..') ? { hint: '".." is not accepted' } : { means: source },
)

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
    cgroupName: optional(nullable(cgroupName), 'lithos.slice'),
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
    metricsListen: optional(nullable(loopback), null),
    metricsFile: optional(nullable(metricsFile), null),
    metricsIntervalMs: optional(
      mapped(
        wholeNumber('a number of seconds from 1 to 3600', 1n, 3_600n),
        seconds => seconds * 1000,
      ),
      15_000,
      'metrics-interval',
    ),
  },
  {
    wrongKeys: {
      'syslog-name': 'the key is "syslog-app-name"',
      'cantal-appname': 'it has had no effect since 0.12; delete it',
    },
  },
)
