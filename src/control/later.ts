/** What a start need not wait for: the control socket, and a copy of the master configuration. */
import { setImmediate } from 'node:timers/promises'
import { openControl } from '../../actors/control.ts'
import type { Control } from '../../actors/control.ts'
import { keepMaster } from '../lastMaster.ts'
import { createServe } from './serve.ts'
import type { ServeOptions } from './serve.ts'
import { watchUnawaited } from './unawaited.ts'

export interface LaterOptions extends ServeOptions {
  /** The settings are those of an earlier supervisor, and are kept already. */
  readonly isLast: boolean
  readonly warn: (text: string) => void
}

/** Never rejects: a supervisor without a control socket supervises all the same. */
export const serveLater = async (options: LaterOptions): Promise<Control | null> => {
  const { settings, isLast, warn } = options
  const directory = settings.places.runtimeDir
  await setImmediate()
  try {
    if (!isLast) keepMaster(settings)
  } catch (error) {
    warn(`The master configuration could not be kept in ${directory}: ${String(error)}`)
  }
  const control = await openControl({ directory, handle: createServe(options) }).catch(error => {
    warn(`There is no control socket in ${directory}: ${String(error)}`)
    return null
  })
  watchUnawaited(options)
  return control
}
