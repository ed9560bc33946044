/**
 * Goal: who listens on the port of a container before it does is told of, if he is none of ours.
 * Method: what a kernel has shown; configurations against lists of listeners; and this process
 *   as the one who listens.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { listeners, parseListeners } from '../../../native/listeners.ts'
import type { Listener } from '../../../native/listeners.ts'
import { checkEverything } from '../../../src/check/everything.ts'
import { isRoot, skipUnless } from '../../skip.ts'
import { linesLike } from '../evaluate/lines.ts'
import { container, processes, run, sandbox, site, web } from '../evaluate/rows/row.ts'
import { makeWorld } from '../evaluate/world.ts'

const asRoot = skipUnless(isRoot, 'files that belong to somebody else are warned of')

test('what the kernel shows: those who listen, and nobody behind them', () => {
  const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid'
  const line = (address: string, state: string, inode: number): string =>
    `   0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0` +
    `        0 ${inode} 1 0000000000000000 100 0 0 10 0`
  const text = [
    head,
    line('0100007F:1F90', '0A', 101),
    line('00000000:0050', '0A', 102),
    line('00000000000000000000000000000000:0016', '0A', 103),
    line('0000000000000000FFFF00000100007F:0017', '0A', 104),
    line('B80D0120000000000000000001000000:0018', '0A', 105),
    line('0100007F:1F90', '01', 106),
    '',
  ].join('\n')
  assert.equal(
    parseListeners(text).map(({ host, port, inode }) => `${host} ${port} ${inode}`),
    ['127.0.0.1 8080 101', '0.0.0.0 80 102', ':: 22 103', '127.0.0.1 23 104', '2001:db8::1 24 105'],
  )
})

const listening = async (host: string, body: (port: number) => void): Promise<void> => {
  const server = createServer().listen(0, host)
  await new Promise(resolve => server.once('listening', resolve))
  try {
    body((server.address() as AddressInfo).port)
  } finally {
    await new Promise(resolve => server.close(resolve))
  }
}

test('of this kernel: a server of ours, in both families, for as long as it listens', async () => {
  for (const host of ['127.0.0.1', '::']) {
    const at = (port: number): readonly string[] =>
      listeners()
        .filter(listener => listener.port === port)
        .map(listener => listener.host)
    let last = 0
    await listening(host, port => {
      assert.equal(at(port), [host])
      last = port
    })
    assert.equal(at(last), [])
  }
})

const check = (
  files: Readonly<Record<string, string>>,
  found: (() => readonly Listener[]) | null,
  expected: readonly string[],
): void => {
  const world = makeWorld(files)
  try {
    const asked = { masterFile: world.master, alternate: null, programs: [], now: () => 0 }
    const problems = checkEverything({ ...asked, ...(found !== null && { listeners: found }) })
    assert.equal(linesLike(world, problems, expected), expected)
  } finally {
    world.remove()
  }
}

const nobodys = '1'
const on =
  (...hosts: readonly string[]) =>
  () =>
    hosts.map(host => ({ host, port: 8080, inode: nobodys }))
const opened = (options = '') => ({ [container]: run(`tcp-ports: {8080: {fd: 3${options}}}\n`) })
const said = (place: string) => [
  'CONTAINER:3:13: warning: Port 8080 of site/web cannot be bound as long as somebody else ' +
    `listens on ${place}`,
]

asRoot('a port that is opened: on addresses of which one includes the other', () => {
  check(opened(), on('127.0.0.1'), said('127.0.0.1:8080'))
  check(opened(), on('::'), said('[::]:8080'))
  check(opened(', host: 127.0.0.1'), on('0.0.0.0'), said('0.0.0.0:8080'))
  check(opened(', host: 127.0.0.1'), on('127.0.0.2', '::1'), [])
  check(opened(', reuse-port: true'), on('0.0.0.0'), [])
  check({ [container]: run('tcp-ports: {8081: {fd: 3}}\n') }, on('0.0.0.0'), [])
})

asRoot('a port that the container binds: only by who has all addresses', () => {
  check({ [processes]: web('') }, on('127.0.0.1'), [])
  check({ [processes]: web('') }, on('::'), [
    'PROCESSES:4:21: warning: Port 8080 of site/web cannot be bound as long as somebody else ' +
      'listens on [::]:8080',
  ])
})

asRoot('who has no port on the host is not asked about', () => {
  const never = (): readonly Listener[] => {
    throw new Error('asked')
  }
  check({ [container]: run('') }, never, [])
})

asRoot('who it is, is said', () =>
  listening('127.0.0.1', port => {
    const name = readFileSync('/proc/self/comm', 'utf8').trim()
    check(
      {
        [sandbox]: site('').replace('8000-9000', '1-65535'),
        [container]: run(`tcp-ports: {${port}: {fd: 3}}\n`),
        [processes]: web('').replace('8080', String(port)),
      },
      null,
      [
        `CONTAINER:3:13: warning: Port ${port} of site/web cannot be bound as long as process ` +
          `${process.pid} (${name}) listens on 127.0.0.1:${port}`,
      ],
    )
  }),
)

test.run()
