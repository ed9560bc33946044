/** What the kernel has to offer: its age, namespaces, filters, and how much of each. */
import { closeSync, existsSync, openSync } from 'node:fs'
import { availableParallelism, freemem, release, totalmem } from 'node:os'
import * as E from 'fp-ts/lib/Either.js'
import { readOrNull } from '../../native/cgroup.ts'
import * as pidfd from '../../native/pidfd.ts'
import { namespaces, spawn } from '../../native/spawn.ts'
import type { Namespace } from '../../native/spawn.ts'
import { knotPath } from '../../native/where.ts'
import { ok, problem, warning } from './finding.ts'
import type { Finding } from './finding.ts'

export const examineKernel = (): readonly Finding[] => [
  examineRelease(release()),
  ...examineNamespaces(),
  examineUserNamespaces(),
  examineSeccomp(),
  examineInotify(),
  examinePids(),
  examineMemory(),
]

/** Mounts are made by calls that came with it. */
const oldest = [5, 14] as const

export const examineRelease = (text: string): Finding => {
  const [major = 0, minor = 0] = text.split('.').map(part => parseInt(part, 10))
  const isEnough = major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
  const found = `Linux ${text} on ${process.arch}, with ${availableParallelism()} processors`
  return isEnough
    ? ok('kernel', found)
    : problem(
        'kernel',
        found,
        'no container can be made: the calls that mount its image came with Linux 5.14',
        'install a kernel of 5.14 or later',
      )
}

const names: Readonly<Record<Namespace, string>> = {
  mount: 'mnt',
  uts: 'uts',
  ipc: 'ipc',
  pid: 'pid',
  net: 'net',
}

/** Tried, not only looked for: a container around us may forbid them. */
const examineNamespaces = (): readonly Finding[] => {
  const all = Object.keys(namespaces) as Namespace[]
  const missing = all.filter(name => !existsSync(`/proc/self/ns/${names[name]}`))
  if (missing.length > 0)
    return [
      problem(
        'namespaces',
        `the kernel has none for ${missing.join(', ')}`,
        'no container can be made',
        'use a kernel with CONFIG_NAMESPACES and CONFIG_NET_NS',
      ),
    ]
  if (!existsSync(knotPath)) return []
  const none = openSync('/dev/null', 'r+')
  const tried = spawn({
    path: knotPath,
    argv: ['lithos_knot'],
    env: [],
    fds: new Map([0, 1, 2].map(fd => [fd, none])),
    namespaces: all,
  })
  closeSync(none)
  if (E.isLeft(tried))
    return [
      problem(
        'namespaces',
        `new ones cannot be made: ${tried.left.call}: ${tried.left.code}`,
        'no container can be made',
        'run as root of the host; inside of a container, one with the capability SYS_ADMIN',
      ),
    ]
  // It has no plan, says so and ends.
  pidfd.signal(tried.right.pidfd, 'SIGKILL')
  for (let waited = 0; waited < waitsMax; waited++)
    if (E.isRight(pidfd.wait(tried.right.pidfd, false))) break
    else Atomics.wait(nothing, 0, 0, 1)
  pidfd.close(tried.right.pidfd)
  return [ok('namespaces', `${all.join(', ')}: made and left again`)]
}

const waitsMax = 1000
const nothing = new Int32Array(new SharedArrayBuffer(4))

const numberIn = (path: string): number | null => {
  const text = readOrNull(path)
  return text === null ? null : Number(text.trim())
}

const examineUserNamespaces = (): Finding => {
  const max = numberIn('/proc/sys/user/max_user_namespaces')
  return max === null || max === 0 || !existsSync('/proc/self/ns/user')
    ? warning(
        'user namespaces',
        max === null ? 'the kernel has none' : `user.max_user_namespaces is ${max}`,
        'sandboxes and containers with `uid-map` cannot be started',
        'sysctl user.max_user_namespaces=10000, or a kernel with CONFIG_USER_NS',
      )
    : ok('user namespaces', `up to ${max}`)
}

const examineSeccomp = (): Finding => {
  const actions = readOrNull('/proc/sys/kernel/seccomp/actions_avail')?.trim().split(' ') ?? []
  const lacks = ['errno', 'kill_process'].filter(action => !actions.includes(action))
  return lacks.length === 0
    ? ok('seccomp', 'system calls can be filtered')
    : problem(
        'seccomp',
        actions.length === 0 ? 'the kernel has no filters' : `it cannot ${lacks.join(' or ')}`,
        'no container can be started, except where its sandbox says `seccomp: off`',
        'use a kernel with CONFIG_SECCOMP_FILTER; or `seccomp: off` in every sandbox',
      )
}

/** One for the status files of knots, and some for everybody else on the host. */
const watchesMin = 64

const examineInotify = (): Finding => {
  const instances = numberIn('/proc/sys/fs/inotify/max_user_instances')
  return instances === null || instances < watchesMin
    ? warning(
        'inotify',
        `fs.inotify.max_user_instances is ${instances ?? 'not there'}`,
        'the supervisor hears by inotify what containers do, and cannot start without one',
        'sysctl fs.inotify.max_user_instances=128',
      )
    : ok('inotify', `up to ${instances} for each user`)
}

const pidsMin = 4096

const examinePids = (): Finding => {
  const max = numberIn('/proc/sys/kernel/pid_max') ?? 0
  return max < pidsMin
    ? warning(
        'processes',
        `kernel.pid_max is ${max}`,
        'each container takes two processes and more: there is room for few',
        'sysctl kernel.pid_max=4194304',
      )
    : ok('processes', `up to ${max}`)
}

/** The supervisor has some fifty, a knot a tenth of one. */
const memoryMinMiB = 128

const examineMemory = (): Finding => {
  const available = Number(/^MemAvailable:\s*(\d+)/m.exec(readOrNull('/proc/meminfo') ?? '')?.[1])
  const free = Number.isFinite(available) ? available / 1024 : freemem() / 2 ** 20
  const found = `${Math.round(free)} of ${Math.round(totalmem() / 2 ** 20)} MiB are available`
  return free < memoryMinMiB
    ? warning(
        'memory',
        found,
        'the supervisor takes some fifty MiB; what it starts may be killed for lack of memory',
        'free some, or give `memory-limit` to containers',
      )
    : ok('memory', found)
}
