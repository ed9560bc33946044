/** `lithos_check --show-plan SANDBOX PROCESS`: what the knot of an instance would be told to do. */
import { existsSync } from 'node:fs'
import { stamp } from '../../actors/clock.ts'
import { slicesOf } from '../../native/cgroup.ts'
import { findOwnLayout } from '../../native/delegated.ts'
import { lockHolder } from '../../native/files.ts'
import { ownUserNamespace } from '../../native/userNamespace.ts'
import { unplaced } from '../check/everything.ts'
import { sandboxFile } from '../config/places.ts'
import type { Problem } from '../config/shapes.ts'
import { createEvaluator } from '../evaluate/evaluator.ts'
import { askHost } from '../evaluate/host.ts'
import { isRefused } from '../evaluate/sandbox.ts'
import { controllersOf, furtherControllersOf } from '../evaluate/controllers.ts'
import { plan } from '../plan.ts'
import { showPlan } from '../plan/show.ts'
import { sayNearest, sayNoSandbox } from '../noSandbox.ts'

export interface Shown {
  /** Null where there is no plan, and the problems say why. */
  readonly text: string | null
  readonly problems: readonly Problem[]
}

/** `process`: its name, or that of an instance: `web.2`. */
export const showPlanOf = (masterFile: string, sandbox: string, process: string): Shown => {
  const evaluator = createEvaluator(masterFile, () => stamp().at)
  const { value: settings, problems } = evaluator.settings()
  if (settings === null) return { text: null, problems }

  if (!existsSync(sandboxFile(settings.places, sandbox)))
    return refused(sayNoSandbox(settings, sandbox))
  const evaluation = evaluator.sandbox(settings, sandbox)
  if (isRefused(evaluation)) return { text: null, problems: evaluation.problems }
  const [, name = process, index = '0'] = /^(.*)\.(\d+)$/.exec(process) ?? []
  const examined = evaluation.subjects.find(({ subject }) => subject.process.name === name)
  if (examined === undefined) {
    const names = evaluation.subjects.map(({ subject }) => subject.process.name)
    const near = sayNearest(name, names)
    return refused(`There is no process "${name}" in sandbox ${sandbox}${near}`)
  }
  const { kind, instances } = examined.subject.process.value
  if (kind === 'Daemon' && Number(index) >= instances)
    return refused(`${sandbox}/${name} has ${instances} instances, and no instance ${index}`)

  const instance = kind === 'Daemon' ? `${sandbox}/${name}.${index}` : `${sandbox}/cmd.${name}.PID`
  const { hostname, address } = askHost()
  const { cgroupName } = settings.master
  const host = {
    cgroups: slicesOf(
      findOwnLayout({
        cgroupName,
        controllers: controllersOf(settings.master),
        further: furtherControllersOf(settings.master),
        supervisor: lockHolder(settings.places.pidFile),
      }),
    ),
    namespace: ownUserNamespace(),
    hostname,
    hostAddress: examined.spec.hosts.publicHostname ? address() : null,
  }
  return { text: showPlan(plan(examined.spec, host, instance)), problems: [] }
}

const refused = (message: string): Shown => ({ text: null, problems: [unplaced(message)] })
