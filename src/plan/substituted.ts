/** Texts of a specification with the values of one instance in them. */
import * as E from 'fp-ts/lib/Either.js'
import { builtIns, substitute } from '../config/variables.ts'
import type { Spec } from '../spec.ts'

/** A text with an unknown variable stays as it is; evaluation refuses those, so there is none. */
export const substituted = (spec: Spec, instance: string, text: string): string => {
  const values = new Map([...builtIns(instance, spec.config), ...spec.variables])
  return E.getOrElse(() => text)(substitute(text, name => values.get(name) ?? null))
}
