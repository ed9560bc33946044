/**
 * Goal: S40: the supervisor does without the capabilities that its systemd unit takes from it, and
 *   nobody below it has them.
 * Method: the list is read from the unit; a supervisor is started without them, and containers of
 *   several kinds under it do what they do.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { program } from '../../src/demo/world.ts'
import { skipUnless } from '../skip.ts'
import { freePort } from './serving.ts'
import { run, runs, sleeper, supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const unit = fileURLToPath(new URL('../../src/systemd/lithos.service', import.meta.url))

/** As `setpriv` spells them. */
const dropped = (/^CapabilityBoundingSet=~(.*)$/m.exec(readFileSync(unit, 'utf8'))?.[1] ?? '')
  .split(' ')
  .map(name => name.replace(/^CAP_/, '').toLowerCase())

const numbers: Readonly<Record<string, bigint>> = {
  sys_module: 16n,
  sys_rawio: 17n,
  sys_boot: 22n,
  mac_override: 32n,
  mac_admin: 33n,
}

const setsOf = (pid: number | 'self' | null): readonly bigint[] =>
  ['CapPrm', 'CapBnd'].map(name => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return BigInt(`0x${new RegExp(`^${name}:\\s*(\\S+)$`, 'm').exec(status)?.[1]}`)
  })

const mask = dropped.reduce((all, name) => all | (1n << (numbers[name] ?? 63n)), 0n)
const canDrop =
  spawnSync('setpriv', ['--bounding-set', '-sys_boot', 'true']).status === 0 &&
  ((setsOf('self')[1] ?? 0n) & mask) !== 0n
const real = skipUnless(canContain && canDrop, `${whyNot}, setpriv, and what is to be taken away`)

real(
  'S40: it starts and stops everything without what its unit takes away',
  supervised(async self => {
    assert.equal(dropped.toSorted(), Object.keys(numbers).toSorted())
    const words = dropped.map(name => `-${name}`).join(',')
    const launcher = join(self.world.root, 'lithos_tree')
    const command = `exec setpriv --bounding-set '${words}' ${program('lithos_tree')} "$@"`
    writeFileSync(launcher, `#!/bin/sh\n${command}\n`, { mode: 0o755 })
    const port = await freePort()
    const map = '[{inside: 0, outside: 10000, count: 60000}]'
    self.configure({
      plain: { container: `${sleeper}user-id: 1000\nmemory-limit: 64Mi\n` },
      ports: { container: `${sleeper}tcp-ports: {${port}: {fd: 3}}\n` },
      root: {
        container:
          `${sleeper}user-id: 0\nuid-map: ${map}\ngid-map: ${map}\npids-limit: 9\n` +
          'volumes: {/tmp: !Tmpfs {}, /etc: !Statedir {path: /etc}}\n',
      },
    })
    await self.start(launcher)
    await runs(self, 'web/plain.0', 'web/ports.0', 'web/root.0')
    const pids = [self.tree().pid, self.knotOf('web/root.0'), self.appOf('web/root.0')]
    for (const pid of pids) for (const set of setsOf(pid)) assert.is(set & mask, 0n)
    const audit = run('lithos', 'audit', '--config', self.world.master)
    assert.is(audit.status, 0, audit.stdout + audit.stderr)
    assert.is(await self.stop(), 0)
    assert.equal(self.leftovers(), [])
  }, 'cgroup-controllers: [name, cpu, memory, pids]\n'),
)

test.run()
