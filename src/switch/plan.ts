/** What a configuration would change, compared with what runs. Pure; nothing is touched. */
import type { Wanted } from '../../machines/vocabulary.ts'

export interface Present {
  /** The configuration it runs with, as JSON; null where it does not live. */
  readonly config: string | null
  readonly spec: string | null
}

export interface Step {
  readonly instance: string
  readonly do: 'keep' | 'restart' | 'start' | 'stop'
  readonly why: string
}

export const planOf = (
  wanted: ReadonlyMap<string, Wanted>,
  present: ReadonlyMap<string, Present>,
): readonly Step[] => [
  ...[...wanted].map(([instance, want]) => step(instance, want, present.get(instance))),
  ...[...present.keys()]
    .filter(instance => !wanted.has(instance))
    .map((instance): Step => ({ instance, do: 'stop', why: whyGone(instance, wanted) })),
]

const step = (instance: string, want: Wanted, now: Present | undefined): Step => {
  if (now === undefined) return { instance, do: 'start', why: 'it is new' }
  if (now.config === null) return { instance, do: 'start', why: 'it does not run now' }
  if (now.config !== want.config)
    return { instance, do: 'restart', why: difference(now.config, want.config) }
  return {
    instance,
    do: 'keep',
    why:
      now.spec === null || now.spec === want.spec
        ? 'it is not changed'
        : 'it is not changed; what is new in its container configuration or its sandbox counts ' +
          'from its next start',
  }
}

const whyGone = (instance: string, wanted: ReadonlyMap<string, Wanted>): string => {
  const process = instance.slice(0, instance.lastIndexOf('.') + 1)
  return [...wanted.keys()].some(name => name.startsWith(process))
    ? 'there are to be fewer instances'
    : 'its process is no longer configured'
}

/** The keys that are not the same, with what they were and what they are to be. */
const difference = (old: string, young: string): string => {
  const [before, after] = [keysOf(old), keysOf(young)]
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
    key => before.get(key) !== after.get(key),
  )
  return changed
    .map(key => `${key}: ${before.get(key) ?? 'nothing'} → ${after.get(key) ?? 'nothing'}`)
    .join('; ')
}

const keysOf = (json: string): ReadonlyMap<string, string> => {
  const value = JSON.parse(json) as Readonly<Record<string, unknown>>
  return new Map(
    Object.entries(value).map(([key, inner]) => [
      key,
      typeof inner === 'string' ? inner : JSON.stringify(inner),
    ]),
  )
}

const order: readonly Step['do'][] = ['stop', 'restart', 'start', 'keep']

export const sayPlan = (sandbox: string, steps: readonly Step[]): string => {
  const groups = order.map(what => steps.filter(step => step.do === what))
  const counts = groups.flatMap(([first, ...rest]) =>
    first === undefined ? [] : [`${rest.length + 1} to ${first.do}`],
  )
  const lines = groups
    .flat()
    .map(({ instance, do: what, why }) => `  ${what.padEnd(7)}  ${instance}: ${why}`)
  const head = `${sandbox}: ${counts.length === 0 ? 'nothing to do' : counts.join(', ')}`
  return [head, ...lines].map(line => `${line}\n`).join('')
}
