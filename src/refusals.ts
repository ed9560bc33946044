/**
 * Names for the steps of knots that somebody else has launched. The plan was his; what it was made
 * of is known by its hash, from the journal, or from the status file where the journal was lost.
 */
import type { StepName } from './stepName.ts'
import { errnoName } from '../native/attempt.ts'
import type { Found } from '../native/survey.ts'
import type { State } from './decide.ts'
import type { Launching } from './launching.ts'
import type { SayRefusal } from './recover.ts'
import type { Spec } from './spec.ts'

type Names = Pick<Launching, 'nameStep'>

/** `state`: at the time of the refusal, when more may have been read than at that of the start. */
export const nameFoundStep = (
  { nameStep }: Names,
  { instances, specs }: Pick<State, 'instances' | 'specs'>,
  { instance, spec: written }: Pick<Found, 'instance' | 'spec'>,
  step: number,
): StepName => {
  const hash = instances.get(instance)?.context.life?.spec ?? written
  const spec = hash === null ? undefined : (specs.get(hash) as Spec | undefined)
  return spec === undefined
    ? { step: `step ${step} of its plan`, about: instance }
    : nameStep(spec, instance, step)
}

/** What a knot was refused for while nobody listened. */
export const sayRefusalBy =
  (names: Names) =>
  (state: State): SayRefusal =>
  knot => {
    const { step = -1, errno = 0 } = knot.kept.refused ?? {}
    return { ...nameFoundStep(names, state, knot, step), code: errnoName(errno) }
  }
