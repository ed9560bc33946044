/**
 * Goal: `lithos audit` tells the truth of what runs: the default scores 100, what a sandbox gives
 *   away is named with its key, and what was promised and is not so is found.
 * Method: the real supervisor with a container of every kind; then somebody takes a limit away.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { addSandbox, writeIn, imageDir } from '../../src/demo/world.ts'
import { skipUnless } from '../skip.ts'
import { filesBelow } from './canary.ts'
import { run, runs, sleeper, supervised } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)

interface Found {
  readonly kind: string
  readonly check: string
  readonly text: string
  readonly why?: string
}
interface Instance {
  readonly name: string
  readonly score: number
  readonly findings: readonly Found[]
  readonly seen: {
    readonly processes: readonly { readonly capabilities: readonly string[] }[]
    readonly namespaces: readonly string[]
    readonly limits: Readonly<Record<string, string | null>>
  }
}

const ask = (self: Supervised, ...words: readonly string[]) => {
  const { status, stdout, stderr } = run('lithos', 'audit', '-C', self.world.master, ...words)
  return { status, stderr, stdout }
}

const instancesOf = (self: Supervised): ReadonlyMap<string, Instance> => {
  const { stdout, stderr } = ask(self, '--json')
  assert.is(stderr, '')
  const { instances } = JSON.parse(stdout) as { readonly instances: readonly Instance[] }
  return new Map(instances.map(instance => [instance.name, instance]))
}

const allowed = 'allow-users: [0-70000]\nallow-groups: [0-70000]\n'
const map = '[{inside: 0, outside: 30000, count: 1000}]'

/** Sandbox, its lines, those of the container. */
const kinds: readonly (readonly [name: string, sandbox: string, container: string])[] = [
  ['plain', '', 'user-id: 1000\npids-limit: 20\nmemory-limit: 64Mi\n'],
  ['root', '', 'user-id: 0\n'],
  ['inner', `uid-map: ${map}\ngid-map: ${map}\n`, 'user-id: 0\n'],
  ['capable', 'capabilities: [chown, setuid]\n', 'user-id: 1000\n'],
  ['mighty', 'capabilities: [sys_admin]\n', 'user-id: 1000\n'],
  ['open', 'seccomp: off\nno-new-privileges: false\n', 'user-id: 1000\n'],
  ['shown', 'masked-paths: [/proc/kcore]\nwritable-proc-sys: true\n', 'user-id: 1000\n'],
]

const configure = (self: Supervised): void => {
  for (const [name, sandbox, container] of kinds) {
    writeIn(imageDir(self.world, 'img'), `config/${name}.yaml`, sleeper + container)
    addSandbox(self.world, name, {
      sandbox: allowed + sandbox,
      processes: `p: {image: img, config: /config/${name}.yaml}\n`,
    })
  }
}

const words = (instance: Instance | undefined): readonly string[] =>
  (instance?.findings ?? []).map(({ kind, check, text, why }) =>
    [kind, check, text, why].filter(Boolean).join(': '),
  )

real(
  'a container of every kind, and one that somebody has changed',
  supervised(async self => {
    configure(self)
    await self.start()
    await runs(self, ...kinds.map(([name]) => `${name}/p.0`))
    const found = instancesOf(self)
    const of = (name: string) => words(found.get(`${name}/p.0`))

    assert.equal(of('plain'), [])
    assert.is(found.get('plain/p.0')?.score, 100)
    assert.equal(found.get('plain/p.0')?.seen.processes[0]?.capabilities, [])
    assert.equal(of('root'), ['weaker: user: is root of the host: user-id 0 without a uid-map'])
    assert.equal(of('inner'), [], 'root of a user namespace is not that of the host')
    assert.ok(found.get('inner/p.0')?.seen.namespaces.includes('user'))
    assert.equal(of('capable'), [
      'weaker: capabilities: has chown, setuid: capabilities of the sandbox',
    ])
    assert.ok(found.get('capable/p.0')!.score > found.get('mighty/p.0')!.score)
    assert.equal(of('open'), [
      'weaker: system calls: may make every system call: seccomp of the sandbox',
      'weaker: no-new-privileges: may gain privileges by programs of its image: ' +
        'no-new-privileges of the sandbox',
    ])
    assert.ok(of('shown').includes('weaker: mounts: sees /proc/keys: masked-paths of the sandbox'))
    assert.ok(of('shown').some(text => text.includes('/proc/sys as root: writable-proc-sys')))

    assert.is(ask(self).status, 0, 'weaker, as somebody wished')
    assert.is(ask(self, '--fail-under', '90').status, 3)
    assert.is(ask(self, '--fail-under', '100', 'plain').status, 0)
    assert.match(ask(self, 'plain').stdout, 'plain/p.0, pid ')
    assert.is(ask(self, 'nobody').status, 1)

    const file = join(self.world.cgroup, 'plain:p.0.scope', 'pids.max')
    const limits = filesBelow('/sys/fs/cgroup').filter(path => path.endsWith(file))
    assert.is(limits.length, 1)
    writeFileSync(limits[0]!, 'max')
    assert.equal(words(instancesOf(self).get('plain/p.0')), [
      `broken: limits: ${limits[0]} holds max instead of 20`,
    ])
    assert.is(ask(self).status, 3)

    assert.is(await self.stop(), 0)
    const over = ask(self)
    assert.is(over.status, 1)
    assert.match(over.stderr, 'nothing runs')
  }, 'cgroup-controllers: [name, cpu, memory, pids]\n'),
)

test.run()
