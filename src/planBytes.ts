/**
 * Plans as bytes for many instances of one process. They differ in nothing but the digits of the
 * instance's number, so a plan is compiled for two numbers of the same length only, and where
 * these two differ is where the number of any other one has to stand. A host that starts five
 * hundred instances compiles a handful of plans.
 */
import type { Plan } from '../native/plan.ts'
import { encodePlan } from '../native/wire.ts'

interface Template {
  readonly bytes: Buffer
  /** Where the first digit of each occurrence stands. */
  readonly places: readonly number[]
}

/** `compile` makes the plan of an instance; one specification always gives the same template. */
export type PlanBytes = (spec: string, process: string, index: string, compile: Compile) => Buffer
export type Compile = (instance: string) => Plan

/** Of specifications that nobody wants any more there may be some, but not without end. */
const templatesMax = 10_000

export const createPlanBytes = (): PlanBytes => {
  const templates = new Map<string, Template | null>()

  const templateOf = (spec: string, process: string, digits: number, compile: Compile) => {
    const key = `${spec} ${digits}`
    const known = templates.get(key)
    if (known !== undefined) return known
    if (templates.size >= templatesMax) templates.clear()
    const template = makeTemplate(process, digits, compile)
    templates.set(key, template)
    return template
  }

  return (spec, process, index, compile) => {
    const template = templateOf(spec, process, index.length, compile)
    if (template === null) return encodePlan(compile(`${process}.${index}`))
    const bytes = Buffer.from(template.bytes)
    for (const place of template.places) bytes.write(index, place, 'latin1')
    return bytes
  }
}

/** Null: the two differ in more than their number. */
const makeTemplate = (process: string, digits: number, compile: Compile): Template | null => {
  const [ones, twos] = ['1'.repeat(digits), '2'.repeat(digits)]
  const one = encodePlan(compile(`${process}.${ones}`))
  const two = encodePlan(compile(`${process}.${twos}`))
  const places: number[] = []
  for (let at = 0; at < one.length; at++) {
    if (one[at] === two[at]) continue
    const isNumber =
      one.toString('latin1', at, at + digits) === ones &&
      two.toString('latin1', at, at + digits) === twos
    if (!isNumber) return null
    places.push(at)
    at += digits - 1
  }
  return one.length === two.length ? { bytes: one, places } : null
}
