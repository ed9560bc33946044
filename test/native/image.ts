/**
 * A program that starts itself anew, in place, in the way its arguments say; run by
 * exec.test.ts. Each image prints one line of JSON about itself.
 */
import { readdirSync } from 'node:fs'
import {
  catchCrashes,
  execNow,
  keepDescriptors,
  prepareImage,
  readPast,
  watchTurns,
} from '../../native/exec.ts'
import { memoryFile } from '../../native/files.ts'
import * as pidfd from '../../native/pidfd.ts'
import { childrenOf } from '../../native/proc.ts'
import { spawn } from '../../native/spawn.ts'

const [how = '', rounds = '1'] = process.argv.slice(2)
const round = Number(process.env['ROUND'] ?? 0)
const { crash, generation } = readPast(process.env)

const openFds = () => readdirSync('/proc/self/fd').length
const say = (more: object = {}): void => {
  const line = { pid: process.pid, round, crash, generation, mono: process.hrtime()[0], ...more }
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

const prepare = (path: string): void => {
  const argv = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  prepareImage({ path, argv, env: { ...process.env, ROUND: String(round + 1) } })
}

const crashes: Readonly<Record<string, () => void>> = {
  segv: () => process.kill(process.pid, 'SIGSEGV'),
  abort: () => process.abort(),
  overflow: () => process.kill(process.pid, 'SIGBUS'),
  hang: () => {
    watchTurns(1).begin()
    for (;;);
  },
  idle: () => {
    const { begin, end } = watchTurns(1)
    begin()
    end()
    setTimeout(() => say({ survived: true }), 2500)
  },
  exec: () => {
    execNow('itself')
  },
  kept: () => {
    const file = memoryFile('kept', Buffer.from('x'))
    if (file._tag === 'Left') return
    keepDescriptors([file.right])
    process.stdout.write(`${JSON.stringify({ kept: file.right })}\n`)
    execNow('itself')
  },
  child: () => {
    const argv = ['sh', '-c', 'exit 7']
    const fds = new Map([[2, 2]])
    spawn({ path: '/bin/sh', argv, env: [], fds, namespaces: [] })
    execNow('itself')
  },
  missing: () => {
    prepare('/no/such/program')
    const before = openFds()
    const failed = execNow('/no/such/program')
    say({ failed, leaked: openFds() - before })
  },
}

/** How the child of an earlier image has ended, if there is one. */
const statusOfChild = (): number | null => {
  const [pid] = childrenOf(process.pid)
  const opened = pid === undefined ? null : pidfd.open(pid)
  if (opened === null || opened._tag === 'Left') return null
  for (;;) {
    const status = pidfd.wait(opened.right, false)
    if (status._tag === 'Right') return status.right
    if (status.left.code !== 'EAGAIN') return null
  }
}

say({ fds: readdirSync('/proc/self/fd').map(Number), child: statusOfChild() })
if (round < Number(rounds)) {
  prepare(process.execPath)
  catchCrashes()
  crashes[how]?.()
}
