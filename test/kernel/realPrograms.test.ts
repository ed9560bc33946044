/**
 * Goal: S14: with the filter on, without capabilities, real programs miss nothing.
 * Method: node and sh of this host in an image, doing what services do: threads, processes, pipes,
 * sockets, timers, watching files, asking for the processor and the memory.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copyProgram, whereIs } from '../../src/init/programs.ts'
import { skipUnless } from '../skip.ts'
import { planFor, printed } from './configured.ts'
import { canContain, ownWorld, whyNot } from './world.ts'

const contained = skipUnless(canContain, whyNot)
const world = ownWorld(() => {
  copyProgram(world.image, process.execPath, '/bin/node')
  copyProgram(world.image, whereIs('sh'), '/bin/sh')
})

/** Prints a line for each thing that worked, in this order. */
const work = `
const { once } = require('node:events')
const { execFileSync, spawn } = require('node:child_process')
const { createServer, connect } = require('node:net')
const { Worker } = require('node:worker_threads')
const { watch, writeFileSync, statfsSync } = require('node:fs')
const os = require('node:os')
const say = (...words) => process.stdout.write(words.join(' ') + '\\n')
const main = async () => {
  const answer = 'require("node:worker_threads").parentPort.postMessage(6 * 7)'
  const worker = new Worker(answer, { eval: true })
  say('worker', (await once(worker, 'message'))[0])
  const loop = 'echo shell | while read a; do echo $a; done'
  say(execFileSync('/bin/sh', ['-c', loop]).toString().trim())
  const child = spawn('/bin/sh', ['-c', 'echo up; read x'])
  await once(child.stdout, 'data')
  child.kill()
  say('child', (await once(child, 'exit'))[1])
  for (const place of [{ host: '127.0.0.1', port: 0 }, { path: '/tmp/socket' }]) {
    const server = createServer(socket => socket.end('hello')).listen(place)
    await once(server, 'listening')
    const client = connect(place.path ? place : server.address())
    say(String((await once(client, 'data'))[0]))
    server.close()
  }
  const seen = once(watch('/tmp'), 'change')
  writeFileSync('/tmp/file', 'x')
  say('watch', (await seen)[1])
  say('host', os.cpus().length > 0, os.totalmem() > 0, os.networkInterfaces() !== null)
  os.setPriority(5)
  say('nice', os.getPriority(), statfsSync('/tmp').bsize > 0)
  say(require('node:crypto').scryptSync('a', 'b', 4).length)
}
main().then(() => process.exit())
`

contained('S14: node, its threads and sh', async () => {
  writeFileSync(join(world.image, 'work.js'), work)
  const lines = 'user-id: 100\narguments: [/work.js]\nvolumes: {/tmp: !Tmpfs {}}\n'
  const outcome = await world.run(planFor(world, lines, { program: '/bin/node' }))
  assert.equal(
    printed(outcome).filter(line => !line.startsWith('(')),
    [
      'worker 42',
      'shell',
      'child SIGTERM',
      'hello',
      'hello',
      'watch file',
      'host true true true',
    ].concat(['nice 5 true', '4']),
  )
})

test.run()
