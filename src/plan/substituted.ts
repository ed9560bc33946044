/** Texts of a specification with the values of one instance in them. */
import { pidVariable, substitute } from '../config/variables.ts'
import type { Spec } from '../spec.ts'

export { pidVariable }

/** What is unknown stays as it is; evaluation has refused it before it came here. */
export const substituted = (spec: Spec, instance: string, text: string): string => {
  const builtIns = new Map([
    ['lithos:name', instance],
    ['lithos:config_filename', spec.config],
  ])
  const values = new Map([...spec.variables, ...builtIns])
  return substitute(text, name => values.get(name) ?? null)
}
