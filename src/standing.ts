/**
 * A place to stand: the master configuration and what it needs on this host, or the last good one
 * where the present one cannot be used. Containers that run have nobody else.
 */
import type { Settings } from './evaluate/settings.ts'
import type { Evaluator } from './evaluate/evaluator.ts'
import { sayProblem } from './config/report.ts'
import { Fatal, prepareGround } from './ground.ts'
import type { Ground, GroundOptions } from './ground.ts'
import { findLastMaster, keepMaster, rememberPlace } from './lastMaster.ts'

export interface Standing {
  readonly settings: Settings
  readonly ground: Ground
  /** Why it is not the present master configuration, or null. */
  readonly instead: string | null
}

export interface StandingOptions extends GroundOptions {
  readonly masterFile: string
}

/** Throws Fatal where there is none. */
export const stand = (evaluator: Evaluator, options: StandingOptions): Standing => {
  const { value, problems } = evaluator.settings()
  try {
    if (value === null)
      throw new Fatal(`Error reading master config: ${problems.map(sayProblem).join('\n')}`)
    const ground = prepareGround(value, options)
    for (const problem of problems) ground.log('warn', sayProblem(problem))
    rememberPlace(value)
    keepEarly(value)
    return { settings: value, ground, instead: null }
  } catch (error) {
    if (!(error instanceof Fatal)) throw error
    const last = findLastMaster(options.masterFile)
    if (last === null || last.settings.text === value?.text) throw error
    const ground = prepareGround(last.settings, options)
    rememberPlace(last.settings)
    const instead =
      `the last good master configuration is used, from ${last.path}, because of the present ` +
      `one: ${error.message}`
    ground.log('error', `${instead}. Mend it, and send SIGQUIT`)
    return { settings: last.settings, ground, instead }
  }
}

/** Before anything runs: who dies in the first moments leaves it to the next one. */
const keepEarly = (settings: Settings): void => {
  try {
    keepMaster(settings)
  } catch {
    // It is tried again when there is time, and said then.
    return
  }
}
