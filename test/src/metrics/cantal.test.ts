/**
 * Goal: cantal, and whoever asks over HTTP, is told what the protocols say; nobody else is told.
 * Method: files written by us and read by a reader that knows only the description of the protocol;
 *   requests as text, good and bad.
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createCantalFiles } from '../../../actors/cantalFiles.ts'
import { answer } from '../../../actors/metricsServer.ts'
import { metaOf, readValues, valuesOf } from '../../../src/metrics/cantal.ts'
import { newCounts } from '../../../src/metrics/counts.ts'
import { inherit, legacyOf } from '../../../src/metrics/legacy.ts'
import { readCantal } from './readCantal.ts'
import { stateOf } from './turns.ts'

// ---------------------------------------------------------------------------
// cantal
// ---------------------------------------------------------------------------

const inDirectory = async (body: (directory: string) => Promise<void>): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'metrics-'))
  try {
    await body(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

test('cantal: the lines of the original, its order, its values', () => {
  const { state, counts } = stateOf()
  const metrics = legacyOf(counts, state)
  assert.is(
    metaOf(metrics).split('\n').slice(0, 9).join('\n'),
    `counter 8: {"group":"master","metric":"restarts"}
level 8 signed: {"group":"master","metric":"sandboxes"}
level 8 signed: {"group":"master","metric":"containers"}
level 8 signed: {"group":"master","metric":"queue"}
counter 8: {"group":"containers","metric":"started"}
counter 8: {"group":"containers","metric":"failures"}
counter 8: {"group":"containers","metric":"deaths"}
level 8 signed: {"group":"containers","metric":"running"}
counter 8: {"group":"processes.db.main","metric":"started"}`,
  )
  const read = readValues(metaOf(metrics), valuesOf(metrics))
  assert.is(read.get('master containers'), 4)
  assert.is(read.get('containers running'), 1)
  assert.is(read.get('processes.web.app started'), 3)
})

test('cantal: files that a reader follows, in place and anew', () =>
  inDirectory(async directory => {
    const base = join(directory, 'm')
    const files = createCantalFiles(base, text => assert.unreachable(text))
    const write = async (numbers: readonly number[], to = files): Promise<number> => {
      const metrics = numbers.map((value, index) => ({
        type: index % 2 === 0 ? ('counter' as const) : ('level' as const),
        group: `g${index}`,
        metric: 'm',
        value,
      }))
      await to.write(metaOf(metrics), valuesOf(metrics))
      assert.equal(
        [...readCantal(base).values()],
        numbers.map(number => BigInt(number)),
      )
      return statSync(`${base}.values`).ino
    }
    const first = await write([1, -2])
    assert.is(await write([2, -3]), first)
    const next = createCantalFiles(base, text => assert.unreachable(text))
    assert.is(await write([3, -4], next), first, 'the same set: the same file')
    assert.is.not(await write([3, -4, 5], next), first, 'another set: another file')
    await write(
      Array.from({ length: 1000 }, (_, index) => index),
      next,
    )
    next.remove()
    files.remove()
    assert.throws(() => readCantal(base), /ENOENT/)
  }))

test('cantal: pads are stepped over, and what the original had counted is taken over', () => {
  const meta =
    'counter 8: {"group":"master","metric":"restarts"}\npad 16\n' +
    'counter 8: {"group":"processes.web.app","metric":"started"}\n' +
    'counter 8: {"group":"containers","metric":"started"}\n'
  const values = Buffer.alloc(4096)
  values.writeBigUInt64LE(5n, 0)
  values.writeBigUInt64LE(70n, 24)
  values.writeBigUInt64LE(71n, 32)
  const counts = newCounts()
  inherit(counts, readValues(meta, values), ['web/app', 'web/other'])
  assert.is(counts.starts.started, 5)
  assert.is(counts.processes.get('web/app')?.started, 70)
  assert.is(counts.all.started, 71)
  assert.is(readValues('counter 8: {\nlevel 9: {}\n\0', values).size, 0)
})

test('cantal: a place that cannot be written costs one sentence', () =>
  inDirectory(async directory => {
    const said: string[] = []
    writeFileSync(join(directory, 'file'), '')
    const files = createCantalFiles(join(directory, 'file', 'm'), text => said.push(text))
    for (let i = 0; i < 3; i++) await files.write('', Buffer.alloc(0))
    assert.is(said.length, 1)
    files.remove()
  }))

// ---------------------------------------------------------------------------
// HTTP
// ---------------------------------------------------------------------------

test('S35: HTTP: what is answered to whom; no other name of this host is one', async () => {
  const page = async (accept: string) => ({ type: 't', body: `for ${accept} ü` })
  const status = async (head: string): Promise<string> =>
    (await answer(`${head}\r\n\r\n`, page)).split('\r\n')[0]?.slice(9, 12) ?? ''
  const table: Readonly<Record<string, string>> = {
    'GET /metrics HTTP/1.1\r\nHost: localhost': '200',
    'GET / HTTP/1.0': '200',
    'HEAD /metrics?x=1 HTTP/1.1\r\nhost: [::1]:9200': '200',
    'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:9200': '200',
    'GET /metrics HTTP/1.1\r\nHost: evil.example': '403',
    'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1.evil.example': '403',
    'GET /etc/passwd HTTP/1.1\r\nHost: localhost': '404',
    'POST /metrics HTTP/1.1\r\nHost: localhost': '405',
    'GET /metrics': '400',
    '': '400',
  }
  for (const [head, code] of Object.entries(table)) assert.is(await status(head), code, head)
  const text = await answer('GET / HTTP/1.1\r\nAccept: a/b\r\n\r\n', page)
  assert.is(
    text,
    'HTTP/1.1 200 OK\r\nContent-Type: t\r\nContent-Length: 10\r\nConnection: close\r\n\r\n' +
      'for a/b ü',
  )
})

test.run()
