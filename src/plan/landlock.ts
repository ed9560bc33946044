/**
 * A second wall: what of the root of a container its application may change, should a mount, a
 * descriptor or a namespace once let something of the host through.
 */
import type { Step } from '../../native/plan.ts'
import type { Spec } from '../spec.ts'

/** Of a mount the flags decide: devices, and what of /proc is the application's own. */
const always = ['/dev', '/proc']

/** After the mounts, by which the places are found. */
export const landlockSteps = (mounts: readonly Step[]): readonly Step[] => [
  {
    do: 'landlock',
    writable: [...always, ...new Set(mounts.flatMap(placeOf).filter(isElsewhere))],
  },
]

const isElsewhere = (path: string): boolean =>
  always.every(place => path !== place && !path.startsWith(`${place}/`))

const placeOf = (step: Step): readonly string[] => {
  if (step.do === 'bindFile') return [step.target]
  const isMount = step.do === 'bind' || step.do === 'mount'
  return isMount && step.flags.readonly !== true ? [step.target] : []
}

/** Who may mount would not be able to any more. */
export const isWalled = ({ confinement }: Spec): boolean =>
  confinement?.landlock !== 'off' && confinement?.capabilities?.includes('sys_admin') !== true
