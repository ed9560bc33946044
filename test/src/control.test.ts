/**
 * Goal: the control socket is for its owner only, knows who asks, and bounds everything: lines,
 * clients, what waits for a client that does not read.
 * Method: the socket itself in a temporary directory, and clients that behave badly.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { openControl } from '../../actors/control.ts'
import type { Client, ControlOptions, Request } from '../../actors/control.ts'

type Handle = ControlOptions['handle']

const echo: Handle = ({ id, do: what, fields }, client) =>
  client.done(id, { what, fields, by: client.by })

const within =
  (handle: Handle, body: (directory: string) => Promise<void>, below = '') =>
  async (): Promise<void> => {
    const top = mkdtempSync(join(tmpdir(), 'control-'))
    const directory = join(top, below)
    mkdirSync(directory, { recursive: true })
    const control = await openControl({ directory, handle })
    try {
      await body(directory)
    } finally {
      control.close()
      rmSync(top, { recursive: true, force: true })
    }
  }

const call = (directory: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(join(directory, 'control'))
    socket.on('error', reject).on('connect', () => resolve(socket))
  })

const all = (socket: Socket): Promise<string> =>
  new Promise(resolve => {
    let text = ''
    socket.on('data', (bytes: Buffer) => (text += bytes.toString()))
    socket.on('close', () => resolve(text))
  })

const ask = async (directory: string, text: string): Promise<readonly unknown[]> => {
  const socket = await call(directory)
  socket.end(text)
  const lines = (await all(socket)).split('\n').filter(line => line !== '')
  return lines.map(line => JSON.parse(line) as unknown)
}

const failed = (id: Request['id'] | null, code: string, message: string) => ({
  v: 1,
  id,
  failed: { code, message },
})

test(
  'S35: requests, whole or in pieces, with the identity of who asks',
  within(echo, async directory => {
    const by = `pid ${process.pid}, uid ${process.getuid?.()}`
    assert.equal(
      await ask(directory, '{"v":1,"id":7,"do":"ping","x":[1]}\n\n{"v":1,"id":"b","do":"p"}\n'),
      [
        { v: 1, id: 7, done: { what: 'ping', fields: { x: [1] }, by } },
        { v: 1, id: 'b', done: { what: 'p', fields: {}, by } },
      ],
    )
  }),
)

test(
  'what is no request is told what it should be',
  within(echo, async directory => {
    const bad = (text: string) => ask(directory, `${text}\n`)
    const example = 'expected an object such as {"v":1,"id":1,"do":"ping"}'
    assert.equal(await bad('[1]'), [failed(null, 'bad-request', example)])
    assert.equal(await bad('{"v":1,"do":"x"}'), [
      failed(null, 'bad-request', '"id": expected a text or a number'),
    ])
    assert.equal(await bad('{"v":2,"id":1,"do":"x"}'), [
      failed(1, 'bad-request', '"v": expected 1, the version of the protocol'),
    ])
    assert.equal(await bad('{"v":1,"id":1}'), [
      failed(1, 'bad-request', '"do": expected the name of a request'),
    ])
    assert.match(JSON.stringify(await bad('{')), 'not JSON')
  }),
)

test(
  'a line without an end is not collected for ever',
  within(echo, async directory => {
    const socket = await call(directory)
    socket.write('x'.repeat(70_000))
    assert.match(await all(socket), '"too-long"')
  }),
)

test(
  'one client too many is told so',
  within(echo, async directory => {
    const sockets = []
    for (let number = 0; number < 64; number += 1) sockets.push(await call(directory))
    // Accepted in order, and each before the next: the answer proves it.
    assert.match(JSON.stringify(await ask(directory, '')), '"busy"')
    for (const socket of sockets) socket.destroy()
  }),
)

test(
  'who does not read is dropped, and nobody else',
  within(
    ({ id }: Request, client: Client) => {
      const page = 'x'.repeat(1 << 20)
      for (let number = 0; number < 20 && client.isOpen(); number += 1)
        void client.event(id, { page })
      client.done(id, { wasOpen: client.isOpen() })
    },
    async directory => {
      const socket = await call(directory)
      socket.pause()
      socket.on('error', () => {})
      socket.write('{"v":1,"id":1,"do":"x"}\n')
      const other = await call(directory)
      await new Promise(resolve => setTimeout(resolve, 100))
      const got = all(socket)
      socket.resume()
      assert.ok((await got).length < 20 * (1 << 20))
      assert.not(other.destroyed)
      other.destroy()
    },
  ),
)

test(
  'S35: only its owner may use it, and it replaces what an earlier life has left',
  within(echo, async directory => {
    assert.is(statSync(join(directory, 'control')).mode & 0o777, 0o600)
    const next = await openControl({ directory, handle: echo })
    assert.is((await ask(directory, '{"v":1,"id":1,"do":"x"}\n')).length, 1)
    assert.equal(readdirSync(directory), ['control'])
    next.close()
    assert.not(existsSync(join(directory, 'control')))
  }),
)

test('a file in its place is replaced, a directory is an error and no crash', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'control-'))
  try {
    writeFileSync(join(directory, 'control'), '')
    const control = await openControl({ directory, handle: echo })
    assert.ok(statSync(join(directory, 'control')).isSocket())
    control.close()
    mkdirSync(join(directory, 'control'))
    const outcome = await openControl({ directory, handle: echo }).catch(() => 'refused')
    assert.is(outcome, 'refused')
    assert.equal(readdirSync(directory), ['control'])
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

test(
  'a runtime directory with a long name',
  within(
    echo,
    async directory => {
      assert.ok(directory.length > 108)
      assert.ok(statSync(join(directory, 'control')).isSocket())
    },
    'd'.repeat(120),
  ),
)

test.run()
