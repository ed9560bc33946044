/**
 * Reads back from the kernel how confined an instance is. What is gone between two looks is null
 * or missing, and an instance without a process is no instance.
 */
import { existsSync, readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { allPids, childrenOf } from '../../native/proc.ts'
import { ownUserNamespace } from '../../native/userNamespace.ts'
import { parseIdMap, parseLimits, parseMountId, parseMountinfo, parseStatus } from './proc.ts'
import { namespaceKinds } from './shapes.ts'
import type { Descriptor, Process, Promised, Seen } from './shapes.ts'

const textOf = (path: string): string | null => orNull(() => readFileSync(path, 'utf8'))

const orNull = <A>(look: () => A): A | null => {
  try {
    return look()
  } catch {
    // Gone, or a file that this kernel has not.
    return null
  }
}

const namespaceOf = (pid: number | 'self', kind: string): string | null =>
  orNull(() => readlinkSync(`/proc/${pid}/ns/${kind}`))

export interface Crowd {
  /** All that live in the pid namespace of this process, besides its first. */
  readonly of: (pid: number) => readonly number[]
}

/** One look at all processes, for all instances. */
export const lookAround = (): Crowd => {
  const crowds = new Map<string, number[]>()
  for (const pid of allPids()) {
    const namespace = namespaceOf(pid, 'pid')
    if (namespace === null) continue
    const crowd = crowds.get(namespace) ?? []
    crowd.push(pid)
    crowds.set(namespace, crowd)
  }
  return { of: pid => crowds.get(namespaceOf(pid, 'pid') ?? '') ?? [] }
}

/** Null: it has ended. `promised` says which groups and limits are to be looked at. */
export const lookAt = (
  { app, knot }: { readonly app: number; readonly knot: number },
  crowd: Crowd,
  promised: Promised,
  /** Of the kernel's file systems, of which not every kernel has all. */
  places: readonly string[],
): Seen | null => {
  const others = crowd.of(app).filter(pid => pid !== app && pid !== knot)
  const pids = [app, ...others.filter(pid => !isCopy(pid, knot))]
  const processes = pids.flatMap(pid => processOf(pid) ?? [])
  const read = (name: string): string => textOf(`/proc/${app}/${name}`) ?? ''
  const mountinfo = read('mountinfo')
  if (processes[0]?.pid !== app || mountinfo === '') return null
  const score = read('oom_score_adj')
  const label = read('attr/current').replace(/\0.*$/, '').trim()
  const own = new Set(
    namespaceKinds.filter(kind => namespaceOf(app, kind) !== namespaceOf('self', kind)),
  )
  // In a namespace that is ours as well, the map tells of us, and not of the application.
  const isOurs = ownUserNamespace() !== null && !own.has('user')
  return {
    processes,
    own,
    uidMap: isOurs ? everybody : parseIdMap(read('uid_map')),
    gidMap: isOurs ? everybody : parseIdMap(read('gid_map')),
    mounts: parseMountinfo(mountinfo),
    descriptors: descriptorsOf(app),
    groups: promised.groups.filter(group => holds(group, processes)),
    limits: new Map(promised.limits.map(({ file }) => [file, textOf(file)?.trim() ?? null])),
    resources: parseLimits(read('limits')),
    oomScoreAdj: score === '' ? null : Number(score),
    label: label === '' ? null : label,
    existing: new Set(places.filter(path => existsSync(path))),
  }
}

/**
 * A copy of the knot that looks whether the application is ready or well is a part of the knot,
 * which nobody else in the container can execute.
 */
const isCopy = (pid: number, knot: number): boolean => {
  const program = (of: number) => orNull(() => statSync(`/proc/${of}/exe`))
  const [own, its] = [program(knot), program(pid)]
  const isSame = own !== null && own.ino === its?.ino && own.dev === its.dev
  return isSame && childrenOf(knot).includes(pid)
}

const everybody = [{ inside: 0, outside: 0, count: 2 ** 32 - 1 }]

const processOf = (pid: number): Process | null => {
  const text = textOf(`/proc/${pid}/status`)
  return text === null || /^State:\t[ZX]/m.test(text) ? null : parseStatus(pid, text)
}

const descriptorsOf = (pid: number): readonly Descriptor[] =>
  (orNull(() => readdirSync(`/proc/${pid}/fd`)) ?? []).flatMap(name => {
    const target = orNull(() => readlinkSync(`/proc/${pid}/fd/${name}`))
    if (target === null) return []
    const mount = parseMountId(textOf(`/proc/${pid}/fdinfo/${name}`) ?? '')
    return [{ fd: Number(name), target, mount }]
  })

/** Version 2 lists processes, in version 1 a single thread may be somewhere else. */
const holds = (group: string, processes: readonly Process[]): boolean => {
  const text = textOf(join(group, 'tasks')) ?? textOf(join(group, 'cgroup.procs')) ?? ''
  const members = new Set(text.split('\n').map(Number))
  return processes.every(({ pid }) => members.has(pid) || processOf(pid) === null)
}
