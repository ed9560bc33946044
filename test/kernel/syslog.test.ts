/**
 * Goal: what the supervisor says reaches whoever keeps the log of the system, in that one's own
 *   protocol and whole; nobody who does not read stops it, and what is not taken is in the file.
 * Method: stand-ins for journald and syslog that print what they get, or read nothing; the actor
 *   alone, then a whole supervisor that finds the stand-in in the place of the real one.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createSyslog } from '../../actors/syslog.ts'
import type { SyslogPlaces } from '../../actors/syslog.ts'
import { program } from '../../src/demo/world.ts'
import { journaldFields, syslogLines } from '../../src/syslog/entry.ts'
import type { Entry } from '../../src/syslog/entry.ts'
import { messageIds } from '../../src/syslog/messageIds.ts'
import { skipUnless } from '../skip.ts'
import { compile } from './compile.ts'
import { kill, runs, sleeper, supervised, until } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)

const directory = mkdtempSync(join(tmpdir(), 'syslog-'))
const standIn = join(directory, 'journald')
const living = new Set<ChildProcess>()

test.before(() => compile('journald.c', standIn))
test.after.each(() => living.forEach(child => child.kill('SIGKILL')))
test.after(() => rmSync(directory, { recursive: true }))

interface Heard {
  /** Of what came in a file; null: in the datagram itself. */
  readonly seals: number | null
  readonly bytes: Buffer
}

interface Listener {
  readonly heard: () => readonly Heard[]
  readonly child: ChildProcess
}

const listen = async (path: string, ...deaf: readonly string[]): Promise<Listener> => {
  const output = `${path}.out`
  writeFileSync(output, '')
  const child = spawn('/bin/sh', ['-c', 'exec "$@" >"$0"', output, standIn, path, ...deaf])
  living.add(child)
  const lines = (): readonly string[] => readFileSync(output, 'utf8').split('\n').slice(0, -1)
  await until('somebody listens', () => lines().length > 0)
  return {
    child,
    heard: () =>
      lines()
        .slice(1)
        .map(line => {
          const words = line.split(' ')
          const seals = words[0] === 'file' ? Number(words[1]) : null
          return { seals, bytes: Buffer.from(words.at(-1) ?? '', 'hex') }
        }),
  }
}

/** The fields of one message, read by the rules of journald. */
const fieldsOf = (bytes: Buffer): ReadonlyMap<string, string> => {
  const fields = new Map<string, string>()
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(10, at)
    const equals = bytes.indexOf(0x3d, at)
    const isPlain = equals !== -1 && equals < end
    const name = bytes.toString('utf8', at, isPlain ? equals : end)
    assert.match(name, /^[A-Z][A-Z0-9_]{0,63}$/)
    const from = isPlain ? equals + 1 : end + 9
    const to = isPlain ? end : from + Number(bytes.readBigUInt64LE(end + 1))
    assert.is(bytes[to], 10)
    fields.set(name, bytes.toString('utf8', from, to))
    at = to + 1
  }
  return fields
}

const entryOf = (text: string): Entry => ({
  at: new Date(2026, 7, 3, 7, 4, 5).getTime(),
  level: 'error',
  text,
  facility: 3,
  tag: 'lithos',
  pid: 12,
  about: { turn: 7, sandbox: 'web', instance: 'web/app.0', kind: 'knot.exited' },
})

const nowhere: SyslogPlaces = {
  journald: join(directory, 'none'),
  local: [join(directory, 'none either')],
  tcpPort: 1,
  udpPort: 0,
}

const open = (places: Partial<SyslogPlaces>) => {
  const untold: string[] = []
  let now = 0
  const syslog = createSyslog<Entry>({
    fields: journaldFields,
    lines: syslogLines,
    untold: ({ text }) => untold.push(text),
    now: () => (now += 10),
    places: { ...nowhere, ...places },
  })
  return { untold, syslog, say: (text: string) => syslog.write(entryOf(text)) }
}

test('journald: fields, texts of several lines, and what is too long for a datagram', async () => {
  const journald = join(directory, 'socket')
  const { heard } = await listen(journald)
  const { say, syslog, untold } = open({ journald })
  const long = 'ü'.repeat(600_000)
  const texts = ['Container "web/app.0" died', 'one\ntwo=2\n', long]
  texts.forEach(say)
  await until('all have come', () => heard().length === 3)
  const all = heard().map(({ bytes }) => fieldsOf(bytes))
  assert.equal(
    all.map(fields => fields.get('MESSAGE')),
    texts,
  )
  assert.equal(
    heard().map(({ seals }) => seals),
    // Sealed against everything, or journald would not take it from everybody.
    [null, null, 15],
  )
  assert.equal(Object.fromEntries(all[0] ?? []), {
    MESSAGE: texts[0],
    PRIORITY: '3',
    MESSAGE_ID: messageIds['knot.exited'],
    SYSLOG_FACILITY: '3',
    SYSLOG_IDENTIFIER: 'lithos',
    SYSLOG_PID: '12',
    LITHOS_TURN: '7',
    LITHOS_SANDBOX: 'web',
    LITHOS_INSTANCE: 'web/app.0',
    LITHOS_EVENT: 'knot.exited',
  })
  assert.equal(untold, [])
  syslog.close()
})

test('syslog: a datagram for each line, in the form of old', async () => {
  const log = join(directory, 'log')
  const { heard } = await listen(log)
  const { say, syslog } = open({ local: [nowhere.journald, log] })
  say('refused:\n  one\n')
  await until('both have come', () => heard().length === 2)
  assert.equal(
    heard().map(({ bytes }) => bytes.toString()),
    ['<27>Aug  3 07:04:05 lithos[12]: refused:', '<27>Aug  3 07:04:05 lithos[12]:   one'],
  )
  syslog.close()
})

test('who does not read stops nobody: the rest is told to the caller at once', async () => {
  const journald = join(directory, 'deaf')
  await listen(journald, 'deaf')
  const { say, syslog, untold } = open({ journald })
  const began = process.hrtime.bigint()
  for (let i = 0; i < 5_000; i++) say(`line ${i}`)
  const took = Number(process.hrtime.bigint() - began) / 1e6
  assert.ok(untold.length > 4_000, `${untold.length} untold`)
  assert.ok(took < 30_000, `${took} ms`)
  say('x'.repeat(1_000_000))
  assert.is(untold.at(-1)?.length, 1_000_000)
  syslog.close()
})

test('one that is gone is missed by nobody, and found again when it is back', async () => {
  const journald = join(directory, 'again')
  const first = await listen(journald)
  const { say, syslog, untold } = open({ journald })
  say('one')
  await until('it has come', () => first.heard().length === 1)
  first.child.kill('SIGKILL')
  await new Promise(resolve => first.child.once('exit', resolve))
  say('two')
  await until('it is in the file', () => untold.includes('two'))
  const second = await listen(journald)
  await until('it is found', () => {
    say('three')
    return second.heard().length > 0
  })
  syslog.close()
})

test('without a socket: lines over TCP, else datagrams over UDP and into the file', async () => {
  let lines = ''
  const server = createServer(socket => socket.on('data', text => (lines += String(text))))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const over = open({ tcpPort: (server.address() as AddressInfo).port })
  for (const text of ['one', 'two']) over.say(text)
  const head = '<27>Aug  3 07:04:05 lithos[12]: '
  await until('both have come', () => lines === `${head}one\n${head}two\n`)
  over.syslog.close()
  server.close()

  const datagrams: string[] = []
  const receiver = createSocket('udp4').on('message', text => datagrams.push(String(text)))
  await new Promise<void>(resolve => receiver.bind(0, '127.0.0.1', resolve))
  const under = open({ udpPort: receiver.address().port })
  under.say('three')
  await until('it has come', () => datagrams.join() === `${head}three`)
  assert.equal(under.untold, ['three'])
  under.syslog.close()
  receiver.close()
})

/** The supervisor with a /run of its own, in which journald is ours. */
const wrapper = (place: string): string => `#!/bin/sh
exec unshare --mount --propagation private sh -c '
  mount -t tmpfs none /run && mkdir -p /run/systemd/journal /run/here &&
  mount --bind ${place} /run/systemd/journal && exec "$0" "$@"
' ${program('lithos_tree')} "$@"
`

real('a supervisor tells journald, of its knots as well, and a deaf one in a file', async () => {
  const place = mkdtempSync(join(tmpdir(), 'journal-'))
  const start = join(directory, 'lithos_tree')
  writeFileSync(start, wrapper(place))
  chmodSync(start, 0o755)
  const body = supervised(async self => {
    const { heard, child } = await listen(join(place, 'socket'))
    const said = () => heard().map(({ bytes }) => fieldsOf(bytes))
    self.configure({ app: { container: sleeper } })
    await self.start(start)
    await runs(self, 'web/app.0')
    kill(self.appOf('web/app.0'))
    const died = /^Container "web\/app\.0" \(pid: \d+\) exited with code 2$/
    const by = (tag: string) => said().filter(fields => fields.get('SYSLOG_IDENTIFIER') === tag)
    const isEnd = (fields: ReadonlyMap<string, string>): boolean =>
      fields.get('LITHOS_EVENT') === 'knot.exited'
    await until('its death is told', () =>
      by('box').some(fields => died.test(fields.get('MESSAGE') ?? '')),
    )
    await until('also that its knot has said so', () => by('box-web').some(isEnd))
    const ofKnot = by('box-web')
    assert.match(
      ofKnot[0]?.get('MESSAGE') ?? '',
      /^Starting "web\/app\.0": "\/bin\/guest" "sleep"$/,
    )
    const last = ofKnot.find(isEnd)
    assert.match(
      last?.get('MESSAGE') ?? '',
      /^Process "web\/app\.0" killed by signal SIGKILL\[9\], uptime \d+s$/,
    )
    assert.is(last?.get('LITHOS_INSTANCE'), 'web/app.0')
    assert.is(last?.get('SYSLOG_FACILITY'), '16')
    assert.is(self.log('master.log'), '')
    // What the knots write themselves is where it always was.
    assert.match(self.log('web.log'), /Starting "web\/app\.0"/)

    child.kill('SIGKILL')
    await new Promise(resolve => child.once('exit', resolve))
    await until('its next life runs', () => self.appOf('web/app.0') !== null)
    await runs(self, 'web/app.0')
    kill(self.appOf('web/app.0'))
    await until('the file has what nobody took', () =>
      /Container "web\/app\.0" .* exited with code 2/.test(self.log('master.log')),
    )
    assert.is(await self.stop(), 0)
  }, 'syslog-facility: LOG_LOCAL0\nsyslog-app-name: box\n')
  await body().finally(() => rmSync(place, { recursive: true }))
  assert.not.ok(existsSync(place))
})

test.run()
