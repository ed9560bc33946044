/**
 * Audits what runs: the journal says what that is and what was promised, the kernel what it is
 * held to.
 */
import { setTimeout } from 'node:timers/promises'
import { slicesOf } from '../../native/cgroup.ts'
import type { Layout } from '../../native/cgroup.ts'
import { hasLandlock } from '../../native/landlock.ts'
import { childrenOf } from '../../native/proc.ts'
import { ownUserNamespace } from '../../native/userNamespace.ts'
import type { State } from '../decide.ts'
import { plan } from '../plan.ts'
import { idsOnHost } from '../plan/namespaces.ts'
import type { Spec } from '../spec.ts'
import { isAlive } from '../status.ts'
import { judge } from './judge.ts'
import { lookAround, lookAt } from './look.ts'
import { promisedBy } from './promise.ts'
import type { Report, Skipped } from './say.ts'
import type { Audited, Promised } from './shapes.ts'

/** `isMeant`: by name. */
export const audit = async (
  { instances, specs }: State,
  layout: Layout,
  isMeant: (name: string) => boolean,
): Promise<Report> => {
  const crowd = lookAround()
  const audited: Audited[] = []
  const skipped: Skipped[] = []
  const chosen = [...instances.values()].filter(({ context }) => isMeant(context.name))
  for (const { context } of chosen) {
    const { name, life } = context
    if (life === null) continue
    const { pid: knot, birth, appPid: app } = life
    if (knot === null || birth === null || !isAlive(knot, birth)) {
      skipped.push({ name, reason: 'it does not run' })
      continue
    }
    if (app === null || !childrenOf(knot).includes(app)) {
      skipped.push({ name, reason: 'its application does not run' })
      continue
    }
    const spec = (specs.get(life.spec ?? '') as Spec | undefined) ?? null
    const promised = spec === null ? null : promisedOf(spec, layout, name)
    const strict = spec === null ? leastPromise : strictOf(spec, layout, name)
    const places = [promised ?? strict, strict].flatMap(all => [...all.hidden, ...all.frozen])
    const look = async (tries: number): Promise<Audited | null> => {
      const around = tries === 0 ? crowd : lookAround()
      const seen = lookAt({ app, knot }, around, promised ?? strict, places)
      if (seen === null) return null
      const found = judge(name, seen, promised, strict, spec?.confinement)
      const isSure = tries >= 2 || found.findings.every(({ kind }) => kind !== 'broken')
      if (isSure) return found
      // A process on its way from the knot to its exec is not confined yet.
      await setTimeout(50)
      return look(tries + 1)
    }
    const found = await look(0)
    if (found === null) skipped.push({ name, reason: 'it ended meanwhile' })
    else audited.push(found)
  }
  return { audited: audited.sort(byName), skipped }
}

const byName = (a: Audited, b: Audited): number =>
  a.name.localeCompare(b.name, 'en', { numeric: true })

const promisedOf = (spec: Spec, layout: Layout, instance: string): Promised => {
  const namespace = ownUserNamespace()
  const host = { cgroups: slicesOf(layout), namespace, hostname: '', hostAddress: null }
  const promised = promisedBy(plan(spec, host, instance), idsOnHost(spec))
  return {
    ...promised,
    isWalled: promised.isWalled && hasLandlock(),
    ...(namespace !== null && { rootless: { keepsGroups: !namespace.mayChangeGroups } }),
  }
}

const strictOf = (spec: Spec, layout: Layout, instance: string): Promised => {
  const { confinement: _weaker, ...strict } = spec
  return { ...promisedOf(strict, layout, instance), isWalled: true }
}

/** Of an instance of which nothing is known. */
const leastPromise: Promised = {
  capabilities: 0n,
  cannotGain: true,
  isFiltered: true,
  isWalled: true,
  own: new Set(['cgroup', 'ipc', 'mnt', 'pid', 'uts']),
  uid: NaN,
  gid: NaN,
  uidMap: [],
  gidMap: [],
  mounts: new Map([
    ['/', { readonly: true, nosuid: true, nodev: true, noexec: false, optional: false }],
  ]),
  hidden: [],
  frozen: [],
  groups: [],
  limits: [],
  files: Infinity,
  sockets: [],
}
